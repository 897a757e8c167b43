"""Subscriptions of platforms (CTWing, OneNET, IoTDA, Alibaba, Tencent), and the devices that wait to be accepted."""

import re
import secrets
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, Literal

import httpx
from fastapi import Query, Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from api.context import Here
from api.contract_types import TEXT, Code, Name, Region, known
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import Row, audit, execute, read, row, rows, writing
from api.issuing import caught_up
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from devices.carriers.asked.platforms import OFFERS
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.access.permissions import Permission
from hub.secrets.sealed import Place, Secrets
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence, stored
from hub.words.sentence import told as told_in

SQL = statements(__name__)

router = GuardedRouter(prefix="/push-subscriptions", tags=["pushes of platforms"])
senders = GuardedRouter(prefix="/push-senders", tags=["pushes of platforms"])
_NO_API = {"url": None, "id": "", "scope": "", "per_s": 5.0}
_KEYS = {"code": str}
_SECRET = re.compile(r"[!-.0-~]{6,200}")
_PLAIN = r"^[!-~]{0,200}$"
_SENDERS = {"first_at": datetime, "subscription": str, "address": str}
Offer = Literal["latest", "properties", "all"]
PlatformName = Literal["ctwing", "onenet", "iotda", "aliyun", "tencent", "chirpstack", "the-things-stack"]
Address = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=128)]


def _network(text: str) -> str:
    return str(ip_network(text, strict=False))


Network = Annotated[str, StringConstraints(max_length=50), AfterValidator(_network)]


class ApiAccess(BaseModel):
    """How the platform is asked for what was missed while nothing could come (docs/carriers)."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]{1,255}/?$")] = Field(
        examples=["https://iot-api.heclouds.com"]
    )
    id: Annotated[str, StringConstraints(pattern=_PLAIN)] = Field(default="", description="who asks: an access key")
    scope: Annotated[str, StringConstraints(pattern=_PLAIN)] = Field(
        default="", description="of what: a project, a region, an application"
    )
    secret: SecretStr | None = Field(default=None, description="left out, that of before is kept for the same url")
    per_s: float = Field(default=5, gt=0, le=1000, description="requests a second at most")


class SubscriptionBody(BaseModel):
    """A subscription as it is put."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"platform": "ctwing", "name": "Smoke detectors", "organisation": "fire"}]},
    )

    platform: PlatformName
    name: Name
    secret: SecretStr | None = Field(
        default=None,
        description="the token of OneNET and Tencent, which sign with it; of the others what stands in the path. "
        "Left out, that of before is kept, or one made up",
    )
    key: SecretStr | None = Field(
        default=None, description="of OneNET, where messages are encrypted; left out, that of before is kept"
    )
    networks: Annotated[list[Network], Field(max_length=100)] = Field(
        default=[], description="from where it may come, such as 117.60.157.0/24; none: from anywhere"
    )
    organisation: Code | None = Field(default=None, description="of the devices that are accepted; made when new")
    region: Region | None = Field(default=None, description="of the devices that are accepted")
    profile: Code | None = Field(default=None, description="of the devices that are accepted, unless one is given then")
    rhythm_s: float | None = Field(
        default=None, gt=0, le=604_800, description="how often something comes at least; null: it is learned"
    )
    enabled: bool = True
    api: ApiAccess | None = Field(default=None, description="null: the platform is not asked")


class StoredApi(BaseModel):
    """How a platform is asked, without its secret."""

    url: str
    id: str
    scope: str
    per_s: float
    offers: Offer | None = Field(description="what it can be asked for; null: nothing that is documented")
    error: str | None = Field(description="why it cannot be asked now")


class StoredSubscription(BaseModel):
    """A stored subscription, without its secrets."""

    code: Code
    platform: PlatformName
    name: str
    networks: list[str]
    organisation: str | None
    region: str | None
    profile: str | None
    rhythm_s: float | None
    enabled: bool
    encrypted: bool = Field(description="whether it has a key")
    created_at: datetime
    heard_at: datetime | None
    pushes: int
    limit_s: float | None = Field(description="after so many seconds it is silent; null: not known yet")
    silent_since: datetime | None
    senders: int = Field(description="devices that were heard through it")
    waiting: int = Field(description="of these, devices that wait to be accepted")
    api: StoredApi | None
    gaps_waiting: int = Field(description="gaps of devices that the platform is still to be asked for")
    secret: str | None = Field(description="shown once, when it was made up")


class SenderView(BaseModel):
    """A device as the platform of a subscription knows it."""

    subscription: Code
    platform: PlatformName
    address: str = Field(description="what the platform calls it")
    imei: str | None
    product: str | None
    first_at: datetime
    heard_at: datetime
    letters: int = Field(description="dead letters that wait with it")


class AcceptBody(BaseModel):
    """A sender that is accepted: as a new device, or as one that is registered."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"address": "acf7000000000001", "code": "smoke-17"}]}
    )

    address: Address
    device: Code | None = Field(default=None, description="a registered device that it is; else a new one is made")
    code: Code | None = Field(default=None, description="of the new device; left out, PLATFORM-ADDRESS")
    name: Name | None = None
    profile: Code | None = Field(default=None, description="left out, that of the subscription")


class Accepted(BaseModel):
    """What a sender was accepted as."""

    device: Code
    made: bool
    letters: int = Field(description="dead letters of it, which are put through the hub now")


@router.put(
    "/{code}", response_model=StoredSubscription, responses={201: {"model": StoredSubscription}, **responses(422)}
)
@needs(Permission.PROVISIONING_WRITE)
async def put_subscription(
    code: Code, body: SubscriptionBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or change a subscription; secrets that are left out are kept."""
    made_up = secrets.token_urlsafe(24)
    given = {name: _secret(getattr(body, name)) for name in ("secret", "key")}
    shown = body.model_dump(exclude={"secret", "key", "api"})
    asked = None if body.api is None else body.api.model_dump(exclude={"secret"})
    given["api_secret"] = None if body.api is None else _secret(body.api.secret)
    async with writing(context) as conn:
        await _check(conn, body, spoken)
        await _check_api(context, conn, code, body.api, spoken)
        vault, place = Secrets(context.settings.secrets), Place("push_subscription", "secret", code)
        sealed = {
            name: None if text is None else vault.seal(place._replace(column=name), text)
            for name, text in given.items()
        }
        access = {f"api_{name}": value for name, value in (asked or _NO_API).items()}
        values = {**shown, **sealed, **access, "code": code, "fresh": vault.seal(place, made_up)}
        written = await row(conn, SQL.put, values) or {}
        if asked is not None:
            await execute(conn, SQL.ask, {"code": code})
        told = {name: "changed" for name, text in given.items() if text is not None}
        await audit(conn, caller, "push_subscription.put", code, {**shown, "api": asked, **told})
        response.status_code = 201 if written["created"] else 200
        new = made_up if written["created"] and given["secret"] is None else None
        return {**await _subscription(conn, code, spoken), "secret": new}


def _secret(given: SecretStr | None) -> str | None:
    return None if given is None else given.get_secret_value()


async def _check(conn: AsyncConnection, body: SubscriptionBody, spoken: Lang) -> None:
    for name in ("secret", "key"):
        text = _secret(getattr(body, name))
        if text is not None and _SECRET.fullmatch(text) is None:
            raise invalid(f"/{name}", Sentence("refusal.push.secret").told(spoken))
    if body.profile is not None and not await rows(conn, SQL.profile, {"profile": body.profile}):
        codes = [found["code"] for found in await rows(conn, DATABASE.profile_codes)]
        raise invalid("/profile", known("profile", body.profile, codes))
    if body.region is not None and await row(conn, SQL.region, {"region": body.region}) is None:
        raise invalid("/region", f"there is no division '{body.region}'")
    if body.organisation is not None:
        await execute(conn, DATABASE.organisations_add, {"codes": [body.organisation]})


async def _check_api(
    context: Here, conn: AsyncConnection, code: str, api: ApiAccess | None, spoken: Lang
) -> None:  # fmt: skip
    """A secret goes to no other server than that which it was given for."""
    if api is None:
        return
    url = httpx.URL(api.url)
    try:
        Outgoing(context.settings).check_literal(
            "platform", url.host, url.port or (443 if url.scheme == "https" else 80)
        )
    except OutgoingRefused as error:
        raise invalid("/api/url", error.sentence) from error
    text = _secret(api.secret)
    if text is None and await row(conn, SQL.same_api, {"code": code, "url": api.url}) is None:
        raise invalid("/api/secret", Sentence("refusal.push.api_secret").told(spoken))
    if text is not None and (not text.isascii() or not text.isprintable() or not 6 <= len(text) <= 500):
        raise invalid("/api/secret", Sentence("refusal.push.api_text").told(spoken))


@router.get("", response_model=Page[StoredSubscription])
@needs(Permission.PROVISIONING_READ)
async def list_subscriptions(paging: Paged, context: Here, spoken: Spoken) -> Any:
    """Subscriptions by code, without their secrets."""
    found = await read(context, SQL.subscriptions, {"code": None, **paging.after(_KEYS)})
    return paging.page([_shown(each, spoken) for each in found], _KEYS)


@router.get("/{code}", response_model=StoredSubscription, responses=responses(404))
@needs(Permission.PROVISIONING_READ)
async def get_subscription(code: Code, context: Here, spoken: Spoken) -> Any:
    """One subscription, without its secrets."""
    async with context.pool.connection() as conn:
        return await _subscription(conn, code, spoken)


@router.delete("/{code}", status_code=204, response_class=Response, responses=responses(404))
@needs(Permission.PROVISIONING_WRITE)
async def delete_subscription(code: Code, context: Here, caller: TheCaller) -> Response:
    """Delete a subscription: nothing is taken from it any more. Devices that came through it stay."""
    async with writing(context) as conn:
        if not await rows(conn, SQL.delete, {"code": code}):
            raise not_found("subscription", code)
        await audit(conn, caller, "push_subscription.delete", code, {})
    return Response(status_code=204)


@router.post("/{code}:accept", response_model=Accepted, responses=responses(404, 409, 422))
@needs(Permission.PROVISIONING_WRITE)
async def accept_sender(code: Code, body: AcceptBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Accept a device that waits, as a new one or as one that is registered; its messages are stored then."""
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        sender = await row(conn, SQL.sender, {"subscription": code, "address": body.address})
        if sender is None:
            raise not_found("sender", body.address)
        made = body.device is None
        device = body.device or await _made(conn, code, body, sender)
        id_ = await row(conn, SQL.device, {"code": device})
        if id_ is None:
            raise invalid("/device", f"there is no device '{device}'")
        for scheme, address in ((sender["scheme"], body.address), ("imei", sender["imei"])):
            if address is not None:
                await execute(conn, SQL.address, {"scheme": scheme, "address": address, "device": id_["id"]})
        whose = await row(conn, SQL.whose, {"scheme": sender["scheme"], "address": body.address})
        if whose is None or whose["code"] != device:
            other = "-" if whose is None else whose["code"]
            raise ProblemError(409, Sentence("refusal.push.taken", address=body.address, device=other).told(spoken))
        await audit(conn, caller, "push_sender.accept", device, {"subscription": code, "address": body.address})
    await caught_up(context)
    return {"device": device, "made": made, "letters": sender["letters"]}


async def _made(conn: AsyncConnection, code: str, body: AcceptBody, sender: Row) -> str:
    device = body.code or _code_of(sender["platform"], body.address)
    profile = body.profile or sender["profile"]
    if profile is None:
        raise invalid("/profile", "the subscription names none: give one")
    found = await row(conn, SQL.profile, {"profile": profile})
    if found is None:
        codes = [each["code"] for each in await rows(conn, DATABASE.profile_codes)]
        raise invalid("/profile", known("profile", profile, codes))
    values = {"code": device, "name": body.name, "profile_id": found["id"], "subscription": code}
    if await row(conn, SQL.make, values) is None:
        raise ProblemError(409, f"there is a device '{device}': give it as `device`, or another `code`")
    return device


def _code_of(platform: str, address: str) -> str:
    kept = "".join(each if each.isascii() and (each.isalnum() or each in "._:-") else "-" for each in address)
    return f"{platform}-{kept}"[:64]


@senders.get("", response_model=Page[SenderView])
@needs(Permission.PROVISIONING_READ)
async def list_senders(paging: Paged, context: Here, subscription: Annotated[Code | None, Query()] = None) -> Any:
    """Devices that nobody knows yet: they wait to be accepted, with what they sent. Who waits longest comes first."""
    found = await read(context, SQL.senders, {"subscription": subscription, **paging.after(_SENDERS)})
    return paging.page(found, _SENDERS)


async def _subscription(conn: AsyncConnection, code: str, lang: Lang) -> Row:
    found = await row(conn, SQL.subscriptions, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("subscription", code)
    return _shown(found, lang)


def _shown(row: Row, lang: Lang) -> Row:
    url, error, words = row.pop("api_url"), row.pop("api_error"), row.pop("api_error_words")
    told = {name: row.pop(f"api_{name}") for name in ("id", "scope", "per_s")}
    error = None if error is None else told_in(stored(error, words), lang)
    api = None if url is None else {"url": url, **told, "offers": _offer(row["platform"]), "error": error}
    return {**row, "api": api, "secret": None}


def _offer(platform: str) -> Offer | None:
    offers = OFFERS.get(platform)
    if offers is None:
        return None
    return "all" if offers.whole else "latest" if offers.history is None else "properties"

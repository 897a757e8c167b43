"""Who is forwarded what comes: readings to a superior platform over HJ 212, MQTT, Kafka; alarms over GB/T 28181."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints, model_validator

from api.context import Context, Here
from api.contract_types import TEXT, Code, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, rows, writing
from api.language import Spoken, failure_in
from api.problems import invalid, not_found, responses
from devices.station_passwords import PasswordRefused, normal_password
from hub.access.classification import OTHER_SERIES, SERIES, Level, ReadCeiling
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.access.permissions import Permission
from hub.access.scope import key_of
from hub.secrets.sealed import Place, Secrets
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/forwards", tags=["forwards"])
_KEYS = {"code": str}
_CHANNEL_KEYS = {"channel": str}
_PASSWORD = "123456"  # noqa: S105 what the standard's examples have; platforms that check it give another one

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,24}$")]
_EXAMPLE: dict[str, JsonValue] = {
    "name": "Provincial platform", "kind": "hj212", "host": "10.20.0.5", "port": 9212, "password": "123456",
    "organisation": "ecology",
}  # fmt: skip


Kind = Literal["hj212", "gb28181", "mqtt", "kafka"]
_CALLED = ("hj212", "gb28181")
"""Kinds at which the hub logs in."""
Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
Visible = Annotated[str, StringConstraints(pattern=r"^[!#-;=?-~]{1,64}$")]


class PlatformBody(BaseModel):
    """How the hub registers at a superior platform of GB/T 28181."""

    model_config = ConfigDict(extra="forbid")

    id: Digits = Field(description="the superior's own 20 digits")
    transport: Literal["udp", "tcp"] = "udp"
    username: Visible | None = Field(default=None, description="of the login; null: the hub's number there")
    realm: Visible | None = Field(default=None, description="its SIP domain; null: the first ten of its digits")
    expires_s: int = Field(default=3600, ge=60, le=604_800, description="of a registration, which is renewed half way")
    keepalive_s: int = Field(default=60, ge=5, le=3600)
    own_port: int = Field(default=0, ge=0, le=65_535, description="from which the hub calls; 0: any")
    version: Literal["2016", "2022"] = Field(default="2016", description="of GB/T 28181")


class Registered(BaseModel):
    """How the hub is registered at a superior platform of GB/T 28181."""

    registered_at: datetime | None = Field(description="since when; null: it is not")
    expires_at: datetime | None
    heard_at: datetime | None = Field(description="when the platform answered last")
    responds: bool | None = Field(description="whether it answers alarms with a <Response>; null: not known yet")
    catalogue_at: datetime | None = Field(description="when it was last told the whole directory")
    catalogue_channels: int | None
    subscriptions: list[Literal["Catalog", "Alarm"]] = Field(description="what it wants news of")
    granted: int = Field(description="channels that it is granted now")
    unnumbered: int = Field(description="devices of its scope that have no 20 digits: they are no channels")


class ForwardBody(BaseModel):
    """A target in a PUT request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    kind: Kind = Field(
        description="hj212: readings to a superior platform. gb28181: the directory and alarms to one. mqtt, kafka: "
        "readings to the hub's own, below PREFIX/readings/CODE and in PREFIX.readings.CODE"
    )
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")] | None = None
    port: int | None = Field(default=None, ge=1, le=65_535)
    number: Word | None = Field(
        default=None,
        description="MN under which all is forwarded; null: each device under its own number, or its code. "
        "Of gb28181 the hub's own 20 digits there",
    )
    platform: PlatformBody | None = Field(default=None, description="of gb28181: how the hub registers there")
    station_kind: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")] | None = Field(
        default=None, description="ST of devices that do not speak HJ 212 themselves; null: 22, air"
    )
    password: SecretStr | None = Field(
        default=None, max_length=64, description="left out, that of before is kept; a first one of hj212 is 123456 then"
    )
    at_once: int = Field(
        default=16, ge=1, le=100, description="reports under way without an answer; 1: strictly in turn"
    )
    organisation: Code | None = Field(default=None, description="only devices of this organisation")
    region: RegionPrefix | None = Field(default=None, description="only devices below this division code")
    tag: Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=200)] | None = Field(
        default=None, description="only devices with this tag: KEY, or KEY:VALUE"
    )
    ceiling: ReadCeiling = Field(default="L4", description="the highest level of data that it gets (docs/PRIVACY.md)")
    enabled: bool = True

    @model_validator(mode="after")
    def _address(self) -> "ForwardBody":
        given = self.host is not None and self.port is not None
        if (self.kind in _CALLED) != given or (self.host is None) != (self.port is None):
            raise ValueError(Sentence("refusal.forward.address"))
        numbered = self.number is not None and len(self.number) == 20 and self.number.isdigit()
        if (self.kind == "gb28181") != (self.platform is not None) or (self.platform is not None and not numbered):
            raise ValueError(Sentence("refusal.forward.platform"))
        return self


class Forward(BaseModel):
    """A stored target, and how far it is."""

    code: Code
    name: str
    kind: Kind
    host: str | None
    port: int | None
    number: str | None
    station_kind: str | None
    platform: PlatformBody | None
    at_once: int
    organisation: str | None
    region: str | None
    tag: str | None
    ceiling: ReadCeiling
    enabled: bool
    acknowledged: int = Field(description="reports that it has taken")
    pending: int = Field(description="reports that wait for it")
    oldest: datetime | None = Field(description="when the oldest of these was stored")
    newest: datetime | None = Field(description="the newest time of measurement that it has taken")
    failing_since: datetime | None = Field(description="since when it takes nothing; null: it did at the last attempt")
    last_error: str | None
    registration: Registered | None = Field(description="of gb28181; null: it was never registered, or another kind")


class GrantedChannel(BaseModel):
    """A device as a superior platform of GB/T 28181 sees it."""

    channel: Digits = Field(description="its 20 digits")
    device: Code
    name: str
    region: str | None
    organisation: str | None
    online: bool


@router.put("/{code}", response_model=Forward, responses={201: {"model": Forward}, **responses(422)})
@needs(Permission.CONSUMERS_WRITE)
async def put_forward(
    code: Code, body: ForwardBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a target. A new one gets what is stored from now on."""
    _check_address(context, body)
    shown = body.model_dump(exclude={"password"})
    vault, place = Secrets(context.settings.secrets), Place("forward_target", "password", code)
    given = None if body.password is None else _checked(body.kind, body.password)
    async with writing(context) as conn:
        if body.organisation is not None and await row(conn, SQL.organisation, {"code": body.organisation}) is None:
            raise invalid(
                "/organisation", Sentence("refusal.outside.organisation", code=body.organisation).told(spoken)
            )
        if await row(conn, SQL.of_another_kind, {"code": code, "kind": body.kind}) is not None:
            raise invalid("/kind", Sentence("refusal.forward.kind").told(spoken))
        if body.kind == "gb28181" and given is None and await row(conn, SQL.with_password, {"code": code}) is None:
            raise invalid("/password", Sentence("refusal.forward.password").told(spoken))
        values = {
            **shown, "code": code, "platform": None if body.platform is None else Jsonb(shown["platform"]),
            "scope_key": key_of(body.organisation, body.region, None),
            "password": None if given is None else vault.seal(place, given), "usual": vault.seal(place, _PASSWORD),
        }  # fmt: skip
        written = await row(conn, SQL.put, values) or {}
        await execute(conn, SQL.begin, {"code": code})
        await audit(conn, caller, "forward.put", code, shown | {"password": "changed" if given else "kept"})
        response.status_code = 201 if written["created"] else 200
        return await _forward(conn, code, spoken)


def _checked(kind: Kind, password: SecretStr) -> str:
    """A password that can be shown to such a target; ProblemError, without a part of it."""
    protocol = "gb28181" if kind == "gb28181" else "hj212"
    try:
        return normal_password(protocol, password.get_secret_value())
    except PasswordRefused as error:
        sentence = Sentence("refusal.session.password.form", protocol=protocol, right=error.sentence)
        raise invalid("/password", sentence) from None


def _check_address(context: Context, body: ForwardBody) -> None:
    """Refuse an address that would never be called; what a name leads to is judged at each connection."""
    if body.kind == "kafka" and context.settings.kafka.servers is None:
        raise invalid("/kind", Sentence("refusal.kind.kafka"))
    if body.host is not None and body.port is not None:
        try:
            Outgoing(context.settings).check_literal("forward", body.host, body.port)
        except OutgoingRefused as error:
            raise invalid("/host", error.sentence) from error


@router.get("", response_model=Page[Forward])
@needs(Permission.CONSUMERS_READ)
async def list_forwards(paging: Paged, context: Here, spoken: Spoken) -> Any:
    """Targets by code, and how far each is."""
    found = await read(context, SQL.forwards, {"code": None, **paging.after(_KEYS)})
    return paging.page([failure_in(spoken, each) for each in found], _KEYS)


@router.get("/{code}", response_model=Forward, responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def get_forward(code: Code, context: Here, spoken: Spoken) -> Any:
    """One target."""
    async with context.pool.connection() as conn:
        return await _forward(conn, code, spoken)


@router.get("/{code}/channels", response_model=Page[GrantedChannel], responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def list_channels(code: Code, paging: Paged, context: Here) -> Any:
    """Channels that a superior platform is granted now, by number; none of a target that is off or of another kind."""
    levels = {
        "levels": Jsonb({category: int(level) for category, level in SERIES.items()}), "other": int(OTHER_SERIES),
        "ceilings": Jsonb({level.name.lower(): int(level) for level in Level}),
    }  # fmt: skip
    async with context.pool.connection() as conn:
        if await row(conn, SQL.kind, {"code": code}) is None:
            raise not_found("target of forwarding", code)
        found = await rows(conn, SQL.channels, {"code": code, **levels, **paging.after(_CHANNEL_KEYS)})
    return paging.page(found, _CHANNEL_KEYS)


@router.delete("/{code}", response_model=Forward, responses=responses(404))
@needs(Permission.CONSUMERS_WRITE)
async def delete_forward(code: Code, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Delete a target with all that waits for it; returned as it was. To keep that, PUT enabled false."""
    async with writing(context) as conn:
        was = await _forward(conn, code, spoken)
        await audit(conn, caller, "forward.delete", code, {"pending": was["pending"]})
        await execute(conn, SQL.delete, {"code": code})
    return was


async def _forward(conn: AsyncConnection, code: str, lang: Lang) -> dict[str, Any]:
    found = await row(conn, SQL.forwards, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("target of forwarding", code)
    return failure_in(lang, found)

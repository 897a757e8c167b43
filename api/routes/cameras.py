"""Connections to cameras: which are asked for events, which push, and what answers at an address."""

import hashlib
import secrets
from datetime import datetime
from typing import Annotated, Any, Literal

import httpx
from fastapi import Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints

from api.context import Context, Here
from api.contract_types import TEXT, Code
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import Row, audit, execute, read, row, rows, writing
from api.language import Spoken, failure_in
from api.problems import invalid, not_found, responses
from devices.cameras.camera_url import (
    HIDDEN,
    BadUrlError,
    CameraUrl,
    Login,
    Sealed,
    hidden,
    masked,
    parse_url,
    read_sealed,
    whole,
)
from devices.cameras.check import check
from devices.cameras.discovery import discover
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.access.permissions import Permission
from hub.secrets.login_place import login_place
from hub.secrets.sealed import Secrets
from hub.store.statements import statements
from hub.tls import trusting_context
from hub.words import Lang
from hub.words.sentence import Sentence, stored, told

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices/{code}/cameras", tags=["cameras"])
connections = GuardedRouter(prefix="/camera-connections", tags=["cameras"])
_KEYS = {"device": str, "kind": str}
TABLE, COLUMN = "camera_connection", "login"
DISCOVER_S = 3.0
Kind = Literal["isapi", "onvif", "rtsp", "gat1400"]
Url = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=700)]
_EXAMPLE: dict[str, JsonValue] = {"url": "http://10.20.1.9", "username": "ganzhi", "password": "..."}


class ConnectionBody(BaseModel):
    """A connection as it is put. Without `url` the camera pushes, to an address that is answered once."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    url: Url | None = Field(default=None, description="a login in it is kept apart, sealed and never returned")
    username: Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=100)] | None = None
    password: SecretStr | None = Field(
        default=None, max_length=200, description="left out, a known one is kept while username and server stay"
    )
    enabled: bool = True
    patrolled: bool = Field(default=False, description="its video (rtsp) is looked at by turns, not steadily")
    analysis: dict[str, JsonValue] | None = Field(
        default=None, description="of its video (rtsp): kinds, zones and lines; left out, faults of the picture"
    )


class Connection(BaseModel):
    """A stored connection, and how it does. Passwords and secrets are not in it."""

    device: Code
    kind: Kind
    url: str | None = Field(description="null: the camera pushes, or it is above the caller's ceiling")
    pushes: bool
    username: str | None
    enabled: bool
    state: Literal["new", "up", "down"]
    since: datetime | None
    heard_at: datetime | None
    last_error: str | None
    patrolled: bool = Field(description="whether its video is looked at by turns, a few frames at a time")
    analysis: dict[str, Any] | None = Field(description="what is looked for in its video")
    figures: dict[str, Any] | None = Field(description="how its video is read, and what that costs")
    secret: str | None = Field(description="the end of the path that it pushes to; shown once")


class CheckBody(BaseModel):
    """What is tried."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "isapi", **_EXAMPLE}]})

    kind: Kind
    url: Url
    username: str | None = Field(default=None, max_length=100)
    password: SecretStr | None = Field(default=None, max_length=200)
    device: Code | None = Field(default=None, description="whose stored login is used, if the server is the same")


class CheckedStep(BaseModel):
    """A step of a check."""

    step: Literal["guard", "name", "connect", "tls", "http", "login", "path", "answer", "clock"]
    ok: bool
    told: str


class Checked(BaseModel):
    """What answers there: the steps in their order, up to the one that failed."""

    ok: bool
    steps: list[CheckedStep]


class FoundCamera(BaseModel):
    """A camera that answered in the network of the hub's machine."""

    url: str
    name: str
    model: str


class Discovered(BaseModel):
    """Cameras that answered, by URL."""

    items: list[FoundCamera]


@router.put("/{kind}", response_model=Connection, responses={201: {"model": Connection}, **responses(404, 422)})
@needs(Permission.DEVICES_WRITE)
async def put_connection(
    code: Code, kind: Kind, body: ConnectionBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Connect a camera, or change how; one that pushes gets a new secret each time."""
    url, given = _parsed(kind, body, spoken)
    if url is not None:
        _check_address(context, url, spoken)
    _check_analysis(context, kind, body, spoken)
    secret = secrets.token_urlsafe(24) if url is None else None
    async with writing(context) as conn:
        if await row(conn, DATABASE.device, {"code": code}) is None:
            raise not_found("device", code)
        sealed = None if url is None else await _sealed(context, conn, code, kind, url, body, given, spoken)
        place = None if url is None else login_place(f"{code}/{kind}", url.shown, COLUMN, TABLE)
        vault = Secrets(context.settings.secrets)
        shown_url = None if url is None else masked(url.shown)
        values = {
            "code": code, "kind": kind, "url": shown_url, "enabled": body.enabled,
            "patrolled": body.patrolled, "analysis": None if body.analysis is None else Jsonb(body.analysis),
            "login": None if sealed is None or place is None else vault.seal(place, sealed.written),
            "secret_hash": None if secret is None else secret_hash(secret),
        }  # fmt: skip
        was = await row(conn, SQL.stored, {"code": code, "kind": kind})
        await execute(conn, SQL.put, values)
        shown = {
            "kind": kind,
            "url": shown_url,
            "enabled": body.enabled,
            "patrolled": body.patrolled,
        }
        changed = given is not None or body.password is not None
        await audit(conn, caller, "camera.put", code, {**shown, "login": "changed" if changed else "kept"})
        response.status_code = 201 if was is None else 200
        return {**await _connection(context, conn, code, kind, spoken), "secret": secret}


@router.get("/{kind}", response_model=Connection, responses=responses(404))
@needs(Permission.DEVICES_READ)
async def get_connection(code: Code, kind: Kind, context: Here, spoken: Spoken) -> Any:
    """One connection, and how it does."""
    async with context.pool.connection() as conn:
        return await _connection(context, conn, code, kind, spoken)


@router.delete("/{kind}", status_code=204, response_class=Response, responses=responses(404))
@needs(Permission.DEVICES_WRITE)
async def delete_connection(code: Code, kind: Kind, context: Here, caller: TheCaller, spoken: Spoken) -> None:
    """Forget a connection with its login: the camera is asked no more, and nothing that it pushes is taken."""
    async with writing(context) as conn:
        await _connection(context, conn, code, kind, spoken)
        await execute(conn, SQL.delete, {"code": code, "kind": kind})
        await audit(conn, caller, "camera.delete", code, {"kind": kind})


@connections.get("", response_model=Page[Connection])
@needs(Permission.DEVICES_READ)
async def list_connections(paging: Paged, context: Here, spoken: Spoken) -> Any:
    """Connections by device, and how each does."""
    found = await read(context, SQL.connections, {"code": None, "kind": None, **paging.after(_KEYS)})
    return paging.page([_shown(context, each, spoken) for each in found], _KEYS)


@connections.post(":check", response_model=Checked, responses=responses(422))
@needs(Permission.DEVICES_WRITE)
async def check_address(body: CheckBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Tell what answers at an address: which step fails, and what to do. Nothing is stored but who asked."""
    given = ConnectionBody(url=body.url, username=body.username, password=body.password)
    url, login = _parsed(body.kind, given, spoken)
    if url is None:
        raise invalid("/url", Sentence("refusal.camera.url", example="http://10.1.2.3").told(spoken))
    if login is None and body.device is not None:
        async with context.pool.connection() as conn:
            await _connection(context, conn, body.device, body.kind, spoken)
        async with context.hub_pool.connection() as conn:
            stored = await row(conn, SQL.stored, {"code": body.device, "kind": body.kind})
        known = _opened(context, stored, url)
        if known is not None:
            url, login = whole(url, known.hidden), known.login
    async with writing(context) as conn:  # before it is called
        detail = {"kind": body.kind, "url": masked(url.shown), "login": "given" if login is not None else "none"}
        await audit(conn, caller, "camera.check", body.device or "", detail)
    trust = context.settings.outgoing.tls
    tls = trusting_context(trust, "outgoing.tls", httpx.create_ssl_context(trust_env=False))
    steps = await check(body.kind, url, login, Outgoing(context.settings), tls, context.settings.viid.id)
    shown = [{"step": each.step, "ok": each.ok, "told": told(each.told, spoken)} for each in steps]
    return {"ok": all(each.ok for each in steps), "steps": shown}


@connections.post(":discover", response_model=Discovered, responses=responses(422))
@needs(Permission.DEVICES_WRITE)
async def discover_cameras(context: Here, caller: TheCaller) -> Any:
    """Ask the network of the hub's machine which ONVIF cameras are there; only now, for some seconds."""
    async with writing(context) as conn:
        await audit(conn, caller, "camera.discover", "", {})
    try:
        found = await discover(DISCOVER_S)
    except OSError as error:
        raise invalid("", f"this machine's network cannot be asked: {error.strerror}") from error
    return {"items": [each._asdict() for each in found]}


def secret_hash(secret: str) -> str:
    """Of the secret in the path that a camera pushes to: it is random, so that one round is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _parsed(kind: Kind, body: ConnectionBody, spoken: Lang) -> tuple[CameraUrl | None, Login | None]:
    """Where, and the login as it is given now; None: there is none in it."""
    if body.username is None and body.password is not None:
        raise invalid("/password", Sentence("refusal.camera.password").told(spoken))
    if body.url is None:
        if kind != "isapi" or body.username is not None:
            raise invalid("/url", Sentence("refusal.camera.needs_url", kind=kind).told(spoken))
        return None, None
    try:
        url, login = parse_url(kind, body.url)
    except BadUrlError as error:
        raise invalid("/url", error.sentence.told(spoken)) from None
    if login is not None and body.username is not None:
        raise invalid("/url", Sentence("refusal.camera.two_logins").told(spoken))
    if body.username is not None and body.password is not None:
        login = Login(body.username, body.password.get_secret_value())
    return url, login


def _check_analysis(context: Context, kind: Kind, body: ConnectionBody, spoken: Lang) -> None:
    if body.patrolled and (kind != "rtsp" or body.analysis is not None):
        raise invalid("/patrolled", Sentence("refusal.camera.patrolled").told(spoken))
    if body.analysis is None:
        return
    if kind != "rtsp":
        raise invalid("/analysis", Sentence("refusal.camera.analysis_kind").told(spoken))
    wrong = None if context.check_analysis is None else context.check_analysis(body.analysis)
    if wrong is not None:
        raise invalid("/analysis", Sentence("refusal.camera.analysis", error=wrong).told(spoken))


def _check_address(context: Context, url: CameraUrl, spoken: Lang) -> None:
    """Refuse an address that would never be called; what a name leads to is judged at each connection."""
    try:
        Outgoing(context.settings).check_literal("camera", url.host, url.port)
    except OutgoingRefused as error:
        raise invalid("/url", error.sentence.told(spoken)) from error


async def _sealed(
    context: Context, conn: AsyncConnection, code: str, kind: Kind, url: CameraUrl, body: ConnectionBody,
    given: Login | None, spoken: Lang,
) -> Sealed | None:  # fmt: skip
    """What to seal: a known password stays with its username and in its URL, and goes to no other server."""
    stored = await row(conn, SQL.stored, {"code": code, "kind": kind})
    known = _opened(context, stored, url)
    is_elsewhere = stored is not None and stored["login"] is not None and known is None
    if is_elsewhere and given is None:
        was = parse_url(kind, stored["url"])[0].authority if stored is not None else ""
        raise invalid("/password", Sentence("refusal.camera.login_stays", was=was).told(spoken))
    kept = hidden(url)
    if HIDDEN in kept:
        is_same = known is not None and stored is not None and masked(url.shown) == stored["url"]
        kept = hidden(whole(url, known.hidden)) if known is not None and is_same else kept
        if HIDDEN in kept:
            raise invalid("/url", Sentence("refusal.camera.hidden", shown=HIDDEN).told(spoken))
    login = given or _kept_login(None if known is None else known.login, body.username)
    return None if login is None and not kept else Sealed(login, kept)


def _kept_login(known: Login | None, username: str | None) -> Login | None:
    if known is not None and username in (None, known.username):
        return known
    return None if username is None else Login(username, "")


def _opened(context: Context, stored: Row | None, url: CameraUrl) -> Sealed | None:
    """What is sealed of a row, if it is for this server."""
    if stored is None or stored["login"] is None:
        return None
    row_key = f"{stored['device']}/{stored['kind']}"
    place = login_place(row_key, stored["url"], COLUMN, TABLE)
    if place != login_place(row_key, url.shown, COLUMN, TABLE):
        return None
    return read_sealed(Secrets(context.settings.secrets).open(place, stored["login"]))


async def _connection(context: Context, conn: AsyncConnection, code: str, kind: Kind, spoken: Lang) -> Row:
    asked = {"code": code, "kind": kind, "after_device": None, "after_kind": None, "limit": 1}
    found = await rows(conn, SQL.connections, asked)
    if not found:
        raise not_found("connection", f"{code}/{kind}")
    return _shown(context, found[0], spoken)


def _shown(context: Context, found: Row, spoken: Lang) -> Row:
    login, url = found.pop("login"), found["url"]
    username = None
    if login is not None and url is not None:
        known = _opened(context, {**found, "login": login}, parse_url(found["kind"], url)[0])
        username = None if known is None or known.login is None else known.login.username
    figures = found["figures"] and dict(found["figures"])
    if figures and (words := figures.pop("network_fault_words", None)) is not None:
        figures["network_fault"] = told(stored(figures["network_fault"], words), spoken)
    found["url"] = None if url is None else masked(url)
    return {**failure_in(spoken, found), "figures": figures, "username": username, "secret": None}

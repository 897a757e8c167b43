"""Self-registration: provisioning keys, and the endpoint for devices."""

import asyncio
import time
from datetime import UTC, datetime
from math import ceil
from typing import Annotated, Any, Literal, cast

from fastapi import Request, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.context import Context, Here
from api.contract_types import Code, Name, Time, known
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import Row, audit, execute, read, row, rows, writing
from api.issuing import SQL as ISSUING
from api.issuing import caught_up, issue, locked_device
from api.problems import ProblemError, invalid, not_found, responses
from api.routes.credentials import NewCredential, answer_of
from devices.credentials.provisioning import Key, closed, key_text, read_key
from devices.credentials.secrets import hashed, new_secret, verified
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs, public
from hub.access.permissions import Permission
from hub.access.token_bucket import TokenBuckets
from hub.store.statements import statements

SQL = statements(__name__)

keys = GuardedRouter(prefix="/provisioning-keys", tags=["self-registration"])
router = GuardedRouter(tags=["self-registration"])
_KEYS = {"code": str}
BODY_LIMIT = 8 << 10
"""Bytes; read before the key in it can be judged."""
AT_ONCE = 2
"""Registrations under way; each holds a connection of the pool while the broker is told, and others need them too."""


class KeyBody(BaseModel):
    """A provisioning key as it is put."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"profile": "air", "organisation": "epb", "state": "active", "limit": 500}]},
    )

    profile: Code
    organisation: Code | None = Field(default=None, description="whose its devices are; made when new")
    state: Literal["pending", "active"] = Field(default="pending", description="of the devices that come with it")
    limit: int | None = Field(default=None, ge=0, le=10_000_000, description="how many devices it is good for")
    expires_at: Time | None = None
    enabled: bool = True


class StoredKey(KeyBody):
    """A stored key, without its secret."""

    code: Code
    used: int = Field(description="devices that came with it")
    created_at: datetime
    rotated_at: datetime | None = None


class NewKey(StoredKey):
    """A stored key; the key text is shown only when it is created."""

    key: str | None = None


@keys.put("/{code}", response_model=NewKey, responses={201: {"model": NewKey}, **responses(422)})
@needs(Permission.PROVISIONING_WRITE)
async def put_key(code: Code, body: KeyBody, response: Response, context: Here, caller: TheCaller) -> Any:
    """Create or change a key; its secret is kept."""
    secret = new_secret()
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        if not await rows(conn, SQL.profile, {"profile": body.profile}):
            codes = [found["code"] for found in await rows(conn, DATABASE.profile_codes)]
            raise invalid("/profile", known("profile", body.profile, codes))
        if body.organisation is not None:
            await execute(conn, DATABASE.organisations_add, {"codes": [body.organisation]})
        values = body.model_dump() | {"code": code, "key_hash": hashed(secret)}
        created = await row(conn, SQL.key_put, values)
        new = created is not None and created["created"]
        await audit(conn, caller, "provisioning_key.put", code, body.model_dump(mode="json", exclude_none=True))
        stored = await _stored(conn, code)
    response.status_code = 201 if new else 200
    return stored | {"key": key_text(code, secret) if new else None}


@keys.post("/{code}:rotate", response_model=NewKey, responses=responses(404))
@needs(Permission.PROVISIONING_WRITE)
async def rotate_key(code: Code, context: Here, caller: TheCaller) -> Any:
    """Rotate the secret; the old one registers no more devices. Registered devices are unaffected."""
    secret = new_secret()
    async with writing(context) as conn:
        if not await rows(conn, SQL.key_rotate, {"code": code, "key_hash": hashed(secret)}):
            raise not_found("provisioning key", code)
        await audit(conn, caller, "provisioning_key.rotate", code, {})
        return await _stored(conn, code) | {"key": key_text(code, secret)}


@keys.get("", response_model=Page[StoredKey])
@needs(Permission.PROVISIONING_READ)
async def list_keys(paging: Paged, context: Here) -> Any:
    """All keys by code, without their secrets."""
    found = await read(context, SQL.keys, {"code": None, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@keys.get("/{code}", response_model=StoredKey, responses=responses(404))
@needs(Permission.PROVISIONING_READ)
async def get_key(code: Code, context: Here) -> Any:
    """One key, without its secret."""
    async with context.pool.connection() as conn:
        return await _stored(conn, code)


@keys.delete("/{code}", status_code=204, response_class=Response, responses=responses(404))
@needs(Permission.PROVISIONING_WRITE)
async def delete_key(code: Code, context: Here, caller: TheCaller) -> Response:
    """Delete a key. Devices registered with it are unaffected."""
    async with writing(context) as conn:
        if not await rows(conn, SQL.key_delete, {"code": code}):
            raise not_found("provisioning key", code)
        await audit(conn, caller, "provisioning_key.delete", code, {})
    return Response(status_code=204)


async def _stored(conn: AsyncConnection, code: str) -> Row:
    found = await row(conn, SQL.keys, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("provisioning key", code)
    return found


class Newcomer(BaseModel):
    """A self-registration request."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"key": "air-2026.5f0c...", "code": "air-42"}]}
    )

    key: Annotated[str, StringConstraints(max_length=200)] = Field(description="as it was shown: <code>.<secret>")
    code: Code = Field(description="of the device: its serial number, for instance")
    name: Name | None = None
    parent: Code | None = Field(default=None, description="the gateway or pole it hangs on")
    kind: Literal["password", "token"] = "password"


class Welcome(NewCredential):
    """Response to a self-registration."""

    code: Code


class Rates:
    """Rate limits per address and per key; an app has them as `state.provisioning`."""

    def __init__(self, per_address: int, per_key: int) -> None:
        self._addresses = TokenBuckets(per_address / 60, room=per_address)
        self._keys = TokenBuckets(per_key / 60, room=per_key)
        self.turns = asyncio.Semaphore(AT_ONCE)

    def address(self, peer: str) -> None:
        """Raise 429 when an address exceeds its rate."""
        self._pass(self._addresses.take(peer, time.monotonic()), "from one address")

    def key(self, code: str) -> None:
        """Raise 429 when a key exceeds its rate; checked only for valid keys, so that others cannot exhaust it."""
        self._pass(self._keys.take(code, time.monotonic()), "with one key")

    def _pass(self, wait_s: float, what: str) -> None:
        if wait_s:
            headers = {"Retry-After": str(ceil(wait_s))}
            raise ProblemError(429, f"too many registrations {what}: try again later", headers=headers)


@router.post(
    "/devices:provision",
    status_code=201,
    response_model=Welcome,
    responses=responses(401, 403, 409, 422, 429, 503),
)
@public("a device that has no credential yet shows a provisioning key in the body")
async def provision(body: Newcomer, request: Request, context: Here) -> Any:
    """Register the calling device and return its credential, once.

    A device that missed the answer calls again: as long as nothing was heard from it, it gets a new secret, and
    the one it missed ends. Later it is 409: whoever has the key must not take over a device that works.
    """
    peer = request.client.host if request.client else None
    rates = cast(Rates, request.app.state.provisioning)
    rates.address(peer or "")
    async with rates.turns, writing(context) as conn:
        key = await _opened(conn, body.key)
        rates.key(key["code"])
        issued, device = await _admit(context, conn, key, body, peer)
    await caught_up(context)
    return answer_of(context, device, issued) | {"code": body.code}


async def _opened(conn: AsyncConnection, text: str) -> Row:
    """Validate and lock the key; 401 when wrong, 403 when closed."""
    code, secret = read_key(text)
    key = await row(conn, SQL.key_open, {"code": code})
    if key is None or not verified(secret, key["key_hash"]):
        raise ProblemError(401, "the provisioning key is not right: give it as it was shown, <code>.<secret>")
    return key


async def _admit(
    context: Context, conn: AsyncConnection, key: Row, body: Newcomer, peer: str | None
) -> tuple[Any, Row]:
    """Register the device, or reissue a lost credential; returns credential and device."""
    known_ = await row(conn, SQL.known, {"code": body.code, "key": key["code"]})
    what = Key(key["key_hash"], key["enabled"], key["expires_at"], key["device_limit"], key["used"])
    if reason := closed(what if known_ is None else what._replace(device_limit=None), datetime.now(UTC)):
        raise ProblemError(403, f"{reason}: ask who gave it to you for another")
    if known_ is None:
        await _make(conn, key, body)
    elif not known_["by_this_key"]:
        raise ProblemError(
            409, f"'{body.code}' is registered, and has no credential by this key: whoever runs the hub issues it one"
        )
    elif known_["heard"]:
        problem = f"'{body.code}' is registered and has sent data: its secret can be rotated by whoever runs the hub"
        raise ProblemError(409, problem)
    device = await locked_device(conn, body.code)
    if known_ is not None:
        await rows(conn, ISSUING.credential_revoke, {"code": body.code, "id": None})
    issued = await issue(context, conn, device, body.kind, key=key["code"])
    by = Caller("device", f"key {key['code']}", address=peer)
    await audit(conn, by, "device.provision", body.code, {"id": issued.id, "kind": issued.kind})
    return issued, device


async def _make(conn: AsyncConnection, key: Row, body: Newcomer) -> None:
    made = await row(conn, SQL.device, {**body.model_dump(exclude={"key"}), "by": key["code"]})
    if made is None:
        raise ProblemError(409, f"'{body.code}' has just been registered by somebody else")
    if body.parent is not None and made["parent_id"] is None:
        raise invalid("/parent", f"there is no device '{body.parent}'")

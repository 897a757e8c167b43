"""Passwords of single stations (HJ 212: PW, SL 651): what one must show instead of the password of its protocol."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr

from api.context import Here
from api.contract_types import Code
from api.database import SQL as DATABASE
from api.database import Row, audit, execute, row, rows, writing
from api.problems import ProblemError, not_found, responses
from devices.station_passwords import PROTOCOLS, PasswordRefused, normal_password, password_place
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices/{code}/passwords", tags=["devices"])
_EXAMPLE: dict[str, JsonValue] = {"password": "7Qv2mZ", "former_hours": 24}
Named = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,31}$", description=f"one of {', '.join(PROTOCOLS)}")]


class PasswordBody(BaseModel):
    """What the station is to show."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    password: SecretStr = Field(min_length=1, max_length=64, description="never told again, and in no log and no audit")
    former_hours: int = Field(
        default=0, ge=0, le=720, description="so long the one of before is taken, too: while it is changed on site"
    )


class StationPassword(BaseModel):
    """That a station has a password of its own."""

    protocol: str = Field(examples=["hj212"])
    set_at: datetime
    former_until: datetime | None = Field(description="until when the one of before is taken as well")


class StationPasswords(BaseModel):
    """Of a device."""

    items: list[StationPassword]


@router.get("", response_model=StationPasswords, responses=responses(404))
@needs(Permission.CREDENTIALS_READ)
async def list_passwords(code: Code, context: Here) -> Any:
    """For which protocols a device has a password of its own; never the password."""
    async with context.pool.connection() as conn:
        if await row(conn, DATABASE.device, {"code": code}) is None:
            raise not_found("device", code)
        return {"items": await rows(conn, SQL.passwords, {"code": code, "protocol": None})}


@router.put(
    "/{protocol}", response_model=StationPassword, responses={201: {"model": StationPassword}, **responses(404, 422)}
)
@needs(Permission.CREDENTIALS_WRITE)
async def put_password(
    code: Code, protocol: Named, body: PasswordBody, response: Response, context: Here, caller: TheCaller
) -> Any:
    """Give a station a password of its own, or another one. It counts within a second.

    The one that it has, once more: the one of before is still taken, until the time that this says. Nothing is lost
    where an answer was, and the change is asked for again.
    """
    async with writing(context) as conn:
        device = await row(conn, SQL.device, {"code": code})
        if device is None:
            raise not_found("device", code)
        given, key = _checked(protocol, body.password), {"device_id": device["id"], "protocol": protocol}
        vault, place = Secrets(context.settings.secrets), password_place(device["id"], protocol)
        before = await row(conn, SQL.stored, key)
        same = before is not None and _is(vault, place, before["password"], given)
        values = key | {"password": vault.seal(place, given), "same": same, "hours": body.former_hours}
        written: Row = await row(conn, SQL.put, values) or {}
        told = {"protocol": protocol, "former_hours": body.former_hours}
        await audit(conn, caller, "device.password.put", code, told)
        response.status_code = 201 if written["created"] else 200
        return await row(conn, SQL.passwords, {"code": code, "protocol": protocol})


@router.delete("/{protocol}", status_code=204, response_class=Response, responses=responses(404, 422))
@needs(Permission.CREDENTIALS_WRITE)
async def delete_password(code: Code, protocol: Named, context: Here, caller: TheCaller) -> None:
    """Take a station's own password away: from then on it must show the one of its protocol."""
    async with writing(context) as conn:
        if await row(conn, DATABASE.device, {"code": code}) is None:
            raise not_found("device", code)
        if await row(conn, SQL.passwords, {"code": code, "protocol": protocol}) is None:
            raise ProblemError(404, Sentence("refusal.not_found.password", code=code, protocol=protocol))
        await execute(conn, SQL.delete, {"code": code, "protocol": protocol})
        await audit(conn, caller, "device.password.delete", code, {"protocol": protocol})


def _is(vault: Secrets, place: Place, stored: str, given: str) -> bool:
    """Whether a stored password is this one; False for one that cannot be read."""
    try:
        return vault.open(place, stored) == given
    except SecretUnreadable:
        return False


def _checked(protocol: str, given: SecretStr) -> str:
    """As frames show it; ProblemError, without a part of it."""
    if protocol not in PROTOCOLS:
        values = {"protocol": protocol, "protocols": ", ".join(PROTOCOLS)}
        raise ProblemError(422, Sentence("refusal.session.password.none_of_protocol", **values))
    try:
        return normal_password(protocol, given.get_secret_value())
    except PasswordRefused as error:
        raise ProblemError(
            422, Sentence("refusal.session.password.form", protocol=protocol, right=error.sentence)
        ) from None

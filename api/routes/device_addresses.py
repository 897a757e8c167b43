"""Addresses of devices: how protocols and platforms call a device that is registered by its code."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.database import SQL as DATABASE
from api.database import audit, row, rows, writing
from api.problems import ProblemError, not_found, responses
from devices.schemes import MAX_ADDRESS, MOST, SCHEMES, normal
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.errors import DecodeError
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/devices/{code}/addresses", tags=["devices"])
_SCHEMES = ", ".join(SCHEMES)
Scheme = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,31}$", description=f"whose address it is: {_SCHEMES}")]
Written = Annotated[str, Path(min_length=1, max_length=2 * MAX_ADDRESS, description="as the device itself tells it")]


class Address(BaseModel):
    """An address of a device."""

    scheme: str = Field(examples=["hj212"])
    address: str | None = Field(examples=["010000A8900016F000169DC0"], description="null: above the caller's ceiling")
    created_at: datetime


class DeviceAddresses(BaseModel):
    """What a device is called."""

    items: list[Address]


@router.get("", response_model=DeviceAddresses, responses=responses(404))
@needs(Permission.DEVICES_READ)
async def list_addresses(code: Code, context: Here) -> Any:
    """Addresses of a device, by scheme."""
    async with context.pool.connection() as conn:
        if await row(conn, DATABASE.device, {"code": code}) is None:
            raise not_found("device", code)
        return {"items": await rows(conn, SQL.addresses, {"code": code})}


@router.put(
    "/{scheme}/{address:path}", response_model=Address, responses={201: {"model": Address}, **responses(404, 409, 422)}
)
@needs(Permission.DEVICES_WRITE)
async def put_address(
    code: Code, scheme: Scheme, address: Written, response: Response, context: Here, caller: TheCaller
) -> Any:
    """Give a device an address. 409 while another device has it."""
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        named = await _named(conn, code, scheme, address)
        await _check_line(conn, named)
        owner = await row(conn, SQL.address_owner, named)
        if owner is not None and owner["owner"] not in (None, code):
            raise ProblemError(409, _taken(scheme, named["address"], owner["owner"]))
        added = await row(conn, SQL.address_add, {**named, "most": MOST})
        if added is not None:
            await audit(conn, caller, "device.address.put", code, named)
        found = await row(conn, SQL.address, named)
        if found is None:
            raise ProblemError(409, Sentence("refusal.device_address.most", code=code, most=MOST))
        response.status_code = 200 if added is None else 201
        return found


@router.delete("/{scheme}/{address:path}", status_code=204, response_class=Response, responses=responses(404, 422))
@needs(Permission.DEVICES_WRITE)
async def delete_address(code: Code, scheme: Scheme, address: Written, context: Here, caller: TheCaller) -> None:
    """Take an address from a device. What comes by it later is refused, and kept as a dead letter."""
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        named = await _named(conn, code, scheme, address)
        if await row(conn, SQL.address_remove, named) is None:
            told = {"code": code, "name": SCHEMES[scheme], "address": repr(named["address"])}
            raise ProblemError(404, Sentence("refusal.not_found.address", **told))
        await audit(conn, caller, "device.address.delete", code, named)


async def _named(conn: AsyncConnection, code: str, scheme: str, address: str) -> dict[str, str]:
    """Device, scheme and address as they are stored; ProblemError for what is none."""
    if await row(conn, DATABASE.device, {"code": code}) is None:
        raise not_found("device", code)
    if scheme not in SCHEMES:
        raise ProblemError(422, Sentence("refusal.scheme", scheme=repr(scheme), schemes=_SCHEMES))
    try:
        return {"code": code, "scheme": scheme, "address": normal(scheme, address)}
    except DecodeError as error:
        raise ProblemError(422, error.detail) from None


async def _check_line(conn: AsyncConnection, named: dict[str, str]) -> None:
    """A slave is on the line of a DTU that there is."""
    dtu = named["address"].rpartition("/")[0]
    if named["scheme"] == "modbus" and await row(conn, DATABASE.device, {"code": dtu}) is None:
        values = {"dtu": dtu, "code": named["code"], "address": named["address"]}
        raise ProblemError(422, Sentence("refusal.device_address.no_dtu", **values))


def _taken(scheme: str, address: str, owner: str) -> Sentence:
    """Whose it is, where the caller may see that device."""
    told = {"name": SCHEMES[scheme], "address": repr(address)}
    if not owner:
        return Sentence("refusal.device_address.taken", **told)
    return Sentence("refusal.device_address.of", **told, device=repr(owner))

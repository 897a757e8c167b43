"""Codes of protocols: what they measure and mean, and which ones no table knows."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field

from api.code_body import CodesBody
from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import audit, read, row, rows, writing
from api.language import Spoken
from api.problems import invalid, not_found, responses
from devices.codecs.code_table import What
from devices.codecs.code_tables import TABLES
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(tags=["codes"])
_VERSIONS, _UNMAPPED = {"version": int}, {"protocol": str, "what": str, "code": str}


class CodesOfProtocol(BaseModel):
    """How many codes of a protocol are known."""

    protocol: str
    shipped: int = Field(description="codes that the hub knows")
    own: int = Field(description="codes that operators gave")
    version: int = Field(description="of what operators gave; 0: nothing")


class Codes(CodesBody):
    """What operators say that the codes of a protocol mean; it goes beside what is shipped."""

    protocol: str
    version: int = Field(description="rises with each change; 0: nothing was given yet")
    at: datetime | None
    by: str | None = Field(description="who changed it, for who may")
    shipped: CodesBody


class CodesVersion(BaseModel):
    """A version of what operators gave."""

    version: int
    at: datetime
    by: str | None
    body: CodesBody


class UnmappedCode(BaseModel):
    """A code that no table knows."""

    protocol: str
    what: What
    code: str
    devices: int = Field(description="how many sent it")
    device: Code = Field(description="the one that sent it last")
    count: int = Field(description="how often; what came in the last minute before a restart may be missing")
    first_at: datetime
    last_at: datetime
    example: str = Field(description="the value or text that came with it")


class AllCodes(BaseModel):
    """All protocols with codes."""

    items: list[CodesOfProtocol]


@router.get("/codes", response_model=AllCodes)
@needs(Permission.PROFILES_READ)
async def list_codes(context: Here) -> Any:
    """Protocols whose codes are known, or were given by operators."""
    own = {each["protocol"]: each for each in await read(context, SQL.newest, {"protocol": None})}
    items = []
    for protocol in sorted({*TABLES, *own}):
        shipped = TABLES[protocol]() if protocol in TABLES else {}
        mine = own.get(protocol, {"body": {}, "version": 0})
        items.append({"protocol": protocol, "shipped": _count(shipped), "own": _count(mine["body"]),
                      "version": mine["version"]})  # fmt: skip
    return {"items": items}


@router.get("/codes/{protocol}", response_model=Codes, responses=responses(404))
@needs(Permission.PROFILES_READ)
async def get_codes(protocol: Code, context: Here, caller: TheCaller) -> Any:
    """What the codes of a protocol measure and mean."""
    async with context.pool.connection() as conn:
        return await _codes(conn, protocol, Permission.PROFILES_WRITE in caller.permissions)


@router.put("/codes/{protocol}", response_model=Codes, responses={201: {"model": Codes}, **responses(422)})
@needs(Permission.PROFILES_WRITE)
async def put_codes(
    protocol: Code, body: CodesBody, context: Here, caller: TheCaller, spoken: Spoken, response: Response
) -> Any:
    """Say what codes mean that the hub does not know, in place of what was said before; new data goes by it.

    What came before keeps the name that it had. A code of the shipped table is refused: a profile may have its own.
    """
    told = body.told()
    shipped = TABLES[protocol]() if protocol in TABLES else {}
    for what in ("metrics", "states"):
        if both := sorted(told[what].keys() & shipped.get(what, {}).keys()):
            raise invalid(f"/{what}/{both[0]}", Sentence("refusal.codes.shipped", code=both[0]).told(spoken))
    async with writing(context) as conn:
        given = {"protocol": protocol, "body": Jsonb(told), "by": caller.actor}
        made = await row(conn, SQL.put, given)
        if made is not None:
            await conn.execute(SQL.mapped, {"protocol": protocol, "metrics": list(told["metrics"]),
                                            "states": list(told["states"])})  # fmt: skip
            await audit(conn, caller, "codes.put", protocol, told)
        response.status_code = 201 if made is not None and made["version"] == 1 else 200
        return await _codes(conn, protocol, named=True)


@router.get("/codes/{protocol}/versions", response_model=Page[CodesVersion], responses=responses(404))
@needs(Permission.PROFILES_READ)
async def list_codes_versions(protocol: Code, paging: Paged, context: Here, caller: TheCaller) -> Any:
    """Every version of what operators gave, the newest first."""
    named = Permission.PROFILES_WRITE in caller.permissions
    given = {"protocol": protocol, "named": named, **paging.after(_VERSIONS)}
    found = await read(context, SQL.versions, given)
    if not found and paging.cursor is None:
        raise not_found("code table", protocol)
    return paging.page(found, _VERSIONS)


@router.get("/codes:unmapped", response_model=Page[UnmappedCode])
@needs(Permission.DEVICES_READ)
async def list_unmapped_codes(
    paging: Paged,
    context: Here,
    protocol: Annotated[Code | None, Query()] = None,
    device: Annotated[Code | None, Query(description="code of a device")] = None,
) -> Any:
    """Codes that devices sent and no table knows; what came with them is kept under a name by the code."""
    wanted = {"protocol": protocol, "device": device, **paging.after(_UNMAPPED)}
    return paging.page(await read(context, SQL.unmapped, wanted), _UNMAPPED)


async def _codes(conn: AsyncConnection, protocol: str, named: bool) -> dict[str, Any]:
    own = next(iter(await rows(conn, SQL.newest, {"protocol": protocol})), None)
    shipped = TABLES[protocol]() if protocol in TABLES else {}
    if own is None and not shipped:
        raise not_found("code table", protocol)
    found = own or {"version": 0, "at": None, "by": None, "body": {}}
    by = found["by"] if named else None
    body = {"metrics": found["body"].get("metrics", {}), "states": found["body"].get("states", {})}
    return {**body, "protocol": protocol, "version": found["version"], "at": found["at"], "by": by,
            "shipped": {name: shipped.get(name, {}) for name in ("metrics", "states")}}  # fmt: skip


def _count(body: Any) -> int:
    return len(body.get("metrics", ())) + len(body.get("states", ()))

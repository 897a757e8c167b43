"""Rotas (值班表): who is on duty when, planned and shown."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Code, Time
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, execute, row, rows, writing
from api.language import Spoken
from api.problems import Fault, ProblemError, invalid, not_found, responses
from api.routes.duty import names
from api.routes.rota_body import RotaBody, ShiftBody
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.duty.on_duty import calendar, inactive_accounts
from hub.duty.on_duty import rotas as stored_rotas
from hub.duty.rota import Piece, Reason, holes, timeline, without_inactive
from hub.store.statements import statements
from hub.words import Lang, text
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/rotas", tags=["duty"])
_KEYS = {"code": str}
HOLES = 10
AHEAD = timedelta(days=366)
WEEK = timedelta(days=7)


class SubstituteShown(BaseModel):
    """Somebody who stands in for another."""

    from_at: datetime
    to_at: datetime
    instead_of: str | None
    person: str | None


class Rota(BaseModel):
    """A stored rota; a name above the caller's ceiling is null."""

    code: Code
    name: str
    organisation: Code
    region: str | None
    zone: str
    shifts: list[ShiftBody]
    unit: str
    from_date: date
    turns: list[list[str | None]]
    leader: str | None
    handover_minutes: int | None
    substitutes: list[SubstituteShown]


class Hole(BaseModel):
    """A time in which nobody is on duty."""

    from_at: datetime
    to_at: datetime
    reason: Reason
    warning: str


class RotaDetail(Rota):
    """A rota with what it leaves open."""

    holes: list[Hole] = Field(description=f"the first {HOLES} of the next {AHEAD.days} days")


class DutyPiece(BaseModel):
    """A stretch of time in which the same people are on duty."""

    from_at: datetime
    to_at: datetime
    shift: str | None
    people: list[str | None]
    leader: str | None
    reason: Reason | None = Field(description="why nobody is")


class Timeline(BaseModel):
    """Who is on duty over a time, without a gap."""

    pieces: list[DutyPiece]


@router.get("", response_model=Page[Rota])
@needs(Permission.ROTAS_READ)
async def list_rotas(paging: Paged, context: Here) -> Any:
    """Rotas by code."""
    async with context.pool.connection() as conn:
        found = await _shown(context, conn, {"code": None, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=RotaDetail, responses=responses(404))
@needs(Permission.ROTAS_READ)
async def get_rota(code: Code, context: Here, spoken: Spoken) -> Any:
    """One rota, with the times of the next year in which it names nobody."""
    async with context.pool.connection() as conn:
        return await _detail(context, conn, code, spoken)


@router.put("/{code}", response_model=RotaDetail, responses={201: {"model": RotaDetail}, **responses(403, 409, 422)})
@needs(Permission.ROTAS_WRITE, Permission.ROTAS_READ)
async def put_rota(
    code: Code, body: RotaBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Plan who is on duty. One with a hole is taken: `holes` in the answer names it, with a warning."""
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        there = await row(conn, SQL.lock, {"code": code}) is not None
        if await row(conn, SQL.organisation, {"code": body.organisation}) is None:
            problem = Sentence("refusal.rota.organisation", code=body.organisation)
            raise invalid("/organisation", problem.told(spoken))
        ids = await _accounts(conn, caller, body, spoken)
        given = body.model_dump() | {
            "code": code,
            "shifts": Jsonb([{**shift.read()._asdict(), "days": shift.days} for shift in body.shifts]),
            "leader": body.leader and ids[body.leader.lower()],
        }
        try:
            await execute(conn, SQL.change if there else SQL.add, given)
        except UniqueViolation as error:  # a rota that the caller may not see
            raise ProblemError(409, text("refusal.rota.taken", spoken, code=code)) from error
        await _write_people(conn, code, body, ids)
        await audit(conn, caller, "rota.put", code, body.model_dump(mode="json"))
        response.status_code = 200 if there else 201
        return await _detail(context, conn, code, spoken)


@router.delete("/{code}", status_code=204, responses=responses(404, 409))
@needs(Permission.ROTAS_WRITE, Permission.ROTAS_READ)
async def delete_rota(code: Code, context: Here, caller: TheCaller, spoken: Spoken) -> Response:
    """Delete a rota that no escalation chain names: by it nobody is on duty any more."""
    async with writing(context) as conn:
        if await row(conn, SQL.lock, {"code": code}) and (chain := await row(conn, SQL.chain, {"code": code})):
            raise ProblemError(409, _kept(code, chain["code"], caller).told(spoken))
        if await row(conn, SQL.delete, {"code": code}) is None:
            raise not_found("rota", code)
        await audit(conn, caller, "rota.delete", code, {})
    return Response(status_code=204)


def _kept(code: str, chain: str, caller: Caller) -> Sentence:
    if Permission.CONSUMERS_READ in caller.permissions:
        return Sentence("refusal.chain.keeps", code=code, chain=chain)
    return Sentence("refusal.rota.kept", code=code)


@router.get("/{code}/duty", response_model=Timeline, responses=responses(404, 422))
@needs(Permission.ROTAS_READ)
async def rota_duty(
    code: Code,
    context: Here,
    spoken: Spoken,
    from_at: Annotated[Time | None, Query(alias="from", description="left out: now")] = None,
    to_at: Annotated[Time | None, Query(alias="to", description="left out: a week later; at most 366 days")] = None,
) -> Any:
    """Who is on duty by a rota over a time, piece by piece."""
    begin = from_at or datetime.now(UTC)
    try:
        end = to_at or begin + WEEK
        fits = timedelta() < end - begin <= AHEAD and begin.year >= 1970 and end.year <= 2199
    except OverflowError:
        fits = False
    if not fits:
        raise invalid("to", text("refusal.rota.span", spoken, days=AHEAD.days))
    async with context.pool.connection() as conn:
        pieces = await _pieces(conn, code, begin, end)
        named = await names(context, conn, {id_ for each in pieces for id_ in (*each.people, each.leader)})
    return {
        "pieces": [
            {
                **each._asdict(),
                "from_at": each.begin,
                "to_at": each.end,
                "people": sorted((named.get(id_) for id_ in each.people), key=str),
                "leader": each.leader and named.get(each.leader),
            }
            for each in pieces
        ]
    }


async def _pieces(conn: AsyncConnection, code: str, begin: datetime, end: datetime) -> list[Piece]:
    """The timeline of a rota, without accounts that nobody can log in to; ProblemError 404 when there is none."""
    rota = (await stored_rotas(conn, since=begin, code=code)).get(code)
    if rota is None:
        raise not_found("rota", code)
    inactive = await inactive_accounts(conn)
    days = await calendar(conn)
    pieces = await asyncio.to_thread(timeline, rota, days, begin, end)  # some 70 ms for a year
    return [without_inactive(piece, inactive) for piece in pieces]


async def _shown(context: Context, conn: AsyncConnection, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    found = await rows(conn, SQL.rotas, wanted)
    people = {id_ for each in found for turn in each["turns"] for id_ in turn}
    people |= {each[who] for rota in found for each in rota["substitutes"] for who in ("instead_of", "person")}
    named = await names(context, conn, {*map(UUID, people), *(each["leader"] for each in found)})

    def name(id_: str) -> str | None:
        return named.get(UUID(id_))

    return [
        {
            **each,
            "shifts": [ShiftBody.written(shift) for shift in each["shifts"]],
            "turns": [sorted(map(name, turn), key=str) for turn in each["turns"]],
            "leader": each["leader"] and named.get(each["leader"]),
            "substitutes": [
                {**one, "instead_of": name(one["instead_of"]), "person": name(one["person"])}
                for one in each["substitutes"]
            ],
        }
        for each in found
    ]


async def _detail(context: Context, conn: AsyncConnection, code: str, lang: Lang) -> dict[str, Any]:
    found = await _shown(context, conn, {"code": code, "after_code": None, "limit": 1})
    if not found:
        raise not_found("rota", code)
    now = datetime.now(UTC)
    open_ = holes(await _pieces(conn, code, now, now + AHEAD))[:HOLES]
    return {**found[0], "holes": [_hole(each, lang) for each in open_]}


def _hole(piece: Piece, lang: Lang) -> dict[str, Any]:
    why = text(f"duty.reason.{piece.reason}", lang)
    begin, end = (each.isoformat(sep=" ", timespec="minutes") for each in (piece.begin, piece.end))
    warning = text("duty.hole", lang, begin=begin, end=end, why=why)
    return {"from_at": piece.begin, "to_at": piece.end, "reason": piece.reason, "warning": warning}


async def _accounts(conn: AsyncConnection, caller: Caller, body: RotaBody, lang: Lang) -> dict[str, UUID]:
    """The accounts of a rota by their names in lower case; ProblemError 422 naming each that is not within reach."""
    named = list(body.accounts())
    reach = None if caller.scope.keys is None else sorted(caller.scope.keys)
    found = await rows(conn, SQL.accounts, {"names": list({name.lower() for _, name in named}), "reach": reach})
    ids = {each["name"]: each["id"] for each in found}
    wrong = [
        Fault(pointer=pointer, problem=text("refusal.rota.account", lang, name=name))
        for pointer, name in named
        if name.lower() not in ids
    ]
    if wrong:
        raise ProblemError(422, f"{wrong[0].pointer}: {wrong[0].problem}", wrong)
    return ids


async def _write_people(conn: AsyncConnection, code: str, body: RotaBody, ids: dict[str, UUID]) -> None:
    """Replace the members and substitutes of a rota, whose row is locked."""
    members = sorted({(number, ids[name.lower()]) for number, turn in enumerate(body.turns) for name in turn})
    await execute(conn, SQL.members_clear, {"code": code})
    await execute(conn, SQL.members_add, {"code": code, **_columns(("turns", "people"), members)})
    substitutes = [
        (ids[each.instead_of.lower()], each.from_at, each.to_at, ids[each.person.lower()]) for each in body.substitutes
    ]
    await execute(conn, SQL.substitutes_clear, {"code": code})
    columns = ("instead_of", "from_at", "to_at", "person")
    await execute(conn, SQL.substitutes_add, {"code": code, **_columns(columns, substitutes)})


def _columns(keys: Sequence[str], values: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    return {key: [each[number] for each in values] for number, key in enumerate(keys)}

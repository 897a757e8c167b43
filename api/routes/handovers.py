"""Handovers of shifts (交接班): made by who goes off duty, confirmed by who takes over; and the log of a shift."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import Query
from fastapi.responses import Response
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context, Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import audit, handling, row, rows, writing
from api.exports import harmless_lines
from api.language import Spoken, note_in
from api.pdf.rendering import rendered
from api.problems import ProblemError, not_found, responses
from api.routes.alert_desk import Lines
from api.routes.duty import names
from api.routes.timelines import PDF
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.timeline import kind_told, said
from hub.duty.handover import make
from hub.duty.handover import take as confirm
from hub.duty.on_duty import LONGEST, calendar, handed_over, on_duty
from hub.duty.on_duty import rotas as stored_rotas
from hub.duty.shift_change import EARLY, change_of
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

router = GuardedRouter(tags=["duty"])
ITEMS = 1_000
"""Of a handover in one answer."""
LOGGED = 20_000
"""Changes, and items, that the log of one shift has at most; the newest changes, and the last items, are left out."""
_KEYS = {"made_at": datetime, "id": UUID}
Kind = Literal["alert", "case", "channel", "offline", "maintenance", "test", "guard", "silence"]


class HandoverBody(BaseModel):
    """What whoever comes must know."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "pump 3 is watched by hand"}]})

    note: Lines | None = None


class SubstituteThen(BaseModel):
    """Who stood in for whom."""

    instead_of: str | None
    person: str | None


class Handover(BaseModel):
    """What one shift handed over to the next."""

    id: UUID
    rota: Code
    rota_name: str
    shift: str | None = Field(description="the one that ends")
    begins_at: datetime = Field(description="since when it was on duty")
    change_at: datetime = Field(description="when it ends by the rota")
    state: Literal["open", "taken", "withdrawn"] = Field(description="withdrawn: made anew before anybody took over")
    outgoing: list[str | None] = Field(description="who was on duty; null for a name above the caller's ceiling")
    incoming: list[str | None]
    leader: str | None = Field(description="who led them (带班领导)")
    substitutes: list[SubstituteThen]
    made_at: datetime = Field(description="when its items were true, all at one moment")
    made_by: str | None
    note: str | None
    taken_at: datetime | None
    taken_by: str | None
    taken_note: str | None
    late_s: float = Field(description="how long after `change_at` it was taken over; while nobody has, until now")


class HandoverItem(BaseModel):
    """Something that was open, kept back, degraded or unguarded."""

    n: int
    kind: Kind = Field(description="offline, maintenance, test, guard, silence: what is unguarded (失防)")
    alert_id: UUID | None
    case_id: UUID | None
    facts: dict[str, Any] = Field(
        description="what it was like then; of an alert also unacknowledged, silenced, overdue"
    )


class HandoverDetail(Handover):
    """A handover with its items."""

    items: list[HandoverItem] = Field(description=f"those that the caller may see, {ITEMS} at most")
    more: int = Field(description="how many come after these: ask again with `after`, the `n` of the last")


@router.post(
    "/rotas/{code}/handovers", response_model=HandoverDetail, status_code=201, responses=responses(404, 409, 422)
)
@needs(Permission.ALERTS_STEP, Permission.ROTAS_READ)
async def hand_over(code: Code, body: HandoverBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Hand a shift over: a snapshot of what is open, with a note. Until somebody takes over, its people stay on duty.

    By somebody whose shift ends within the hour, or has ended and was not taken over yet. Made again, it replaces the
    one before.
    """
    now, id_ = datetime.now(UTC), uuid4()
    try:
        async with handling(context, caller, "handover.make", code, {"id": str(id_), "note": body.note}) as conn:
            rota = (await stored_rotas(conn, since=now - LONGEST, code=code)).get(code)
            if rota is None:
                raise not_found("rota", code)
            person = _person(caller, spoken)
            if rota.handover is None:
                raise ProblemError(409, text("handover.off", spoken, code=code))
            taken = (await handed_over(conn, now - LONGEST)).get(code, frozenset())
            change = change_of(rota, await calendar(conn), now, person, taken)
            if change is None:
                raise ProblemError(409, text("handover.nothing", spoken, minutes=f"{EARLY.total_seconds() / 60:g}"))
            if not await make(conn, id_, code, rota, change, person, body.note):
                raise ProblemError(409, text("handover.taken", spoken))
            return await _detail(context, conn, id_, caller)
    except UniqueViolation as error:
        raise ProblemError(409, text("handover.both", spoken)) from error


@router.post("/handovers/{handover_id}:take", response_model=HandoverDetail, responses=responses(404, 409, 422))
@needs(Permission.ALERTS_STEP, Permission.ROTAS_READ)
async def take_over(handover_id: UUID, body: HandoverBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Take a shift over: confirms what was handed over. By somebody of the next shift, never by who handed it over."""
    async with handling(context, caller, "handover.take", str(handover_id), {"note": body.note}) as conn:
        found = await _found(conn, handover_id)
        person = _person(caller, spoken)
        duty = (await on_duty(conn, datetime.now(UTC))).get(found["rota"])
        now_on = frozenset() if duty is None else duty.people - duty.held_over
        if person == found["made_by"]:
            raise ProblemError(409, text("handover.own", spoken))
        if person not in {*found["incoming"], found["leader"], *now_on}:
            raise ProblemError(409, text("handover.stranger", spoken, code=found["rota"]))
        taken = await confirm(conn, handover_id, person, body.note)
        if not taken and (await _found(conn, handover_id))["taken_by"] != person:  # else it was sent again
            raise ProblemError(409, text("handover.taken", spoken))
        return await _detail(context, conn, handover_id, caller)


@router.get("/handovers", response_model=Page[Handover])
@needs(Permission.ROTAS_READ)
async def list_handovers(paging: Paged, context: Here, rota: Annotated[Code | None, Query()] = None) -> Any:
    """Handovers, the newest first."""
    async with context.pool.connection() as conn:
        found = await rows(conn, SQL.handovers, {"id": None, "rota": rota, **paging.after(_KEYS)})
        page = paging.page(found, _KEYS)
        return {**page, "items": await _shown(context, conn, page["items"])}


@router.get("/handovers/{handover_id}", response_model=HandoverDetail, responses=responses(404))
@needs(Permission.ROTAS_READ)
async def get_handover(
    handover_id: UUID,
    context: Here,
    caller: TheCaller,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="only items whose `n` is above this")] = 0,
) -> Any:
    """One handover with its items."""
    async with context.pool.connection() as conn:
        return await _detail(context, conn, handover_id, caller, after)


@router.get(
    "/handovers/{handover_id}/log.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **responses(404)},
)
@needs(Permission.ROTAS_READ, Permission.ALERTS_READ)
async def get_log_csv(handover_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Response:
    """The log of the shift as CSV: each change of an alert until it was taken over; the audit notes who took it."""
    found, log = await _logged(handover_id, context, caller, spoken)
    head = [text(f"handover.log.{name}", spoken) for name in ("at", "kind", "alert", "who", "note", "id")]
    lines = [[*(each[name] for name in ("at", "kind", "alert", "who", "note")), str(each["id"])] for each in log]
    headers = {"content-disposition": f'attachment; filename="shift-{found["id"]}.csv"', "cache-control": "no-store"}
    return Response(b"\xef\xbb\xbf" + harmless_lines([head, *lines]), media_type="text/csv", headers=headers)


@router.get("/handovers/{handover_id}/log.pdf", response_class=Response, responses={**PDF, **responses(404, 413)})
@needs(Permission.ROTAS_READ, Permission.ALERTS_READ)
async def get_log_pdf(handover_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Response:
    """The handover and the log of the shift as a document; the audit notes who took it."""
    found, log = await _logged(handover_id, context, caller, spoken)
    pdf = await rendered("plain", _document(found, log, spoken), spoken, context.settings.api.fonts)
    headers = {"content-disposition": f'attachment; filename="shift-{found["id"]}.pdf"', "cache-control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _person(caller: Caller, lang: Lang) -> UUID:
    if caller.kind != "person" or caller.principal is None:
        raise ProblemError(409, text("handover.person", lang))
    return caller.principal


async def _found(conn: AsyncConnection, id_: UUID) -> dict[str, Any]:
    given = {"id": id_, "rota": None, "after_made_at": None, "after_id": None, "limit": 1}
    found = await row(conn, SQL.handovers, given)
    if found is None:
        raise not_found("handover", id_)
    return found


async def _detail(
    context: Context, conn: AsyncConnection, id_: UUID, caller: Caller, after: int = 0, limit: int = ITEMS
) -> dict[str, Any]:
    [shown] = await _shown(context, conn, [await _found(conn, id_)])
    channels = Permission.CONSUMERS_READ in caller.permissions
    items = await rows(conn, SQL.items, {"id": id_, "channels": channels, "after": after, "limit": limit})
    return {**shown, "items": items, "more": items[0]["rest"] - len(items) if items else 0}


async def _shown(context: Context, conn: AsyncConnection, found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Handovers with names instead of ids."""
    handovers = [*found]
    people = {id_ for each in handovers for id_ in (*each["outgoing"], *each["incoming"], each["leader"])}
    people |= {each[by] for each in handovers for by in ("made_by", "taken_by")}
    people |= {UUID(one[who]) for each in handovers for one in each["substitutes"] for who in one}
    named = await names(context, conn, people)
    return [
        {
            **each,
            **{group: sorted(map(named.get, each[group]), key=str) for group in ("outgoing", "incoming")},
            **{one: each[one] and named.get(each[one]) for one in ("leader", "made_by", "taken_by")},
            "substitutes": [{who: named.get(UUID(id_)) for who, id_ in one.items()} for one in each["substitutes"]],
        }
        for each in handovers
    ]


async def _logged(
    id_: UUID, context: Context, caller: Caller, lang: Lang
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A handover, and what happened in its shift, in words; taking it out is noted in the audit."""
    async with context.pool.connection() as conn:
        found = await _detail(context, conn, id_, caller, limit=LOGGED)
        zone = ZoneInfo(found["zone"])
        span = {"from": found["begins_at"], "to": found["taken_at"] or found["made_at"], "region": found["region"]}
        log = [
            {
                "at": f"{each['at'].astimezone(zone):%Y-%m-%d %H:%M:%S}",
                "kind": kind_told("change", each["kind"], lang),
                "alert": each["title"],
                "who": each["actor"] or "",
                "note": "\n".join(said({**note_in(lang, each), "receipt": None}, lang, zone)),
                "id": each["alert_id"],
            }
            for each in await rows(conn, SQL.log, {**span, "limit": LOGGED})
        ]
    async with writing(context) as conn:
        await audit(conn, caller, "shift_log.export", str(id_), {"changes": len(log)})
    return found, log


def _document(found: Mapping[str, Any], log: Iterable[Mapping[str, Any]], lang: Lang) -> dict[str, Any]:
    """What plain.typ prints."""
    zone = ZoneInfo(found["zone"])

    def time(at: datetime | str | None) -> str:
        at = datetime.fromisoformat(at) if isinstance(at, str) else at
        return "–" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    def people(given: Iterable[str | None]) -> str:
        return text("handover.join", lang).join(each or "–" for each in given) or "–"

    facts = {
        "rota": found["rota_name"],
        "shift": f"{found['shift'] or '–'}  {time(found['begins_at'])} – {time(found['change_at'])}",
        "outgoing": people(found["outgoing"]),
        "incoming": people(found["incoming"]),
        "leader": found["leader"] or "–",
        "substitutes": people(f"{each['instead_of']} → {each['person']}" for each in found["substitutes"]),
        "made": f"{found['made_by'] or '–'}  {time(found['made_at'])}",
        "taken_by": f"{found['taken_by'] or '–'}  {time(found['taken_at'])}",
        "note": found["note"] or "–",
        "taken_note": found["taken_note"] or "–",
        "late": text("handover.late_minutes", lang, minutes=f"{found['late_s'] / 60:.0f}"),
    }
    items = [
        [str(each["n"]), text(f"handover.kind.{each['kind']}", lang), *_item(each["facts"], lang, time)]
        for each in found["items"]
    ]
    return {
        "title": text("handover.title", lang, rota=found["rota_name"]),
        "printed": text("timeline.printed", lang, at=time(datetime.now(UTC)), zone=zone.key),
        "facts": [[text(f"handover.{name}", lang), value] for name, value in facts.items()],
        "words": {"none": text("handover.none", lang)},
        "tables": [
            {
                "title": text("handover.items", lang),
                "columns": [text(f"handover.column.{name}", lang) for name in ("n", "kind", "what", "since", "state")],
                "widths": [1, 2, 6, 3, 4],
                "rows": items,
            },
            {
                "title": text("handover.log", lang),
                "columns": [text(f"handover.log.{name}", lang) for name in ("at", "kind", "alert", "who", "note")],
                "widths": [4, 3, 6, 3, 6],
                "rows": [[each[name] for name in ("at", "kind", "alert", "who", "note")] for each in log],
            },
        ],
    }


def _item(facts: Mapping[str, Any], lang: Lang, time: Any) -> list[str]:
    """What it is, since when, and its state."""
    what = facts.get("title") or facts.get("name") or facts.get("reason") or facts.get("code")
    since = facts.get("raised_at") or facts.get("since") or facts.get("due_at")
    state = [text(f"event.kind.{facts['guard']}", lang)] if facts.get("guard") else []
    state += [facts["part"]] if facts.get("part") else []
    state += [text(f"timeline.level.{facts['level']}", lang)] if facts.get("level") else []
    marks = [name for name in ("unacknowledged", "silenced", "inhibited", "overdue") if facts.get(name)]
    state += [text(f"handover.mark.{name}", lang) for name in marks]
    state += [text("handover.mark.shelved", lang)] if facts.get("shelved_until") else []
    state += [text("handover.until", lang, at=time(facts["until"]))] if facts.get("until") else []
    return [str(what), time(since), text("handover.join", lang).join(state)]

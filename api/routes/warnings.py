"""Official warnings (预警): as sources bring them in, and as those see them whom they concern."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import handling, read, row, rows
from api.language import Spoken
from api.problems import Fault, ProblemError, invalid, not_found, responses
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.warnings.formats import Format, decode, guessed
from hub.warnings.kinds import KINDS
from hub.warnings.message import MAX_BYTES, Circle, Message, Quake, Texts, WarningRefused
from hub.warnings.store import take
from hub.words import Lang, text
from hub.words.sentence import told

SQL = statements(__name__)

router = GuardedRouter(prefix="/warnings", tags=["warnings"])
BODY_LIMIT = MAX_BYTES
_KEYS = {"sent": datetime, "id": UUID}
State = Literal["in_force", "updated", "cancelled", "expired"]
Status = Literal["actual", "exercise", "test"]
Kind = Annotated[str, Field(json_schema_extra={"enum": list(KINDS)})]
_DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cap+xml": {"schema": {"type": "string"}},
            "application/xml": {"schema": {"type": "string"}},
            "application/json": {"schema": {}},
        },
    }
}


class OfficialWarning(BaseModel):
    """A warning, merged over its sources."""

    id: UUID
    identifier: str = Field(description="the same in all sources")
    state: State = Field(description="expired: its time is over, or no source has it any more")
    status: Status
    kind: str
    kind_name: str
    event: str = Field(description="as stated")
    event_code: str
    level: LevelName | None = Field(description="null: the source states none that is known")
    level_stated: str
    headline: str
    description: str
    instruction: str
    sender: str = Field(description="an organisation")
    sent: datetime
    onset: datetime | None
    effective: datetime | None
    expires: datetime | None = Field(description="as stated")
    ends_at: datetime = Field(description="its own end, or a day after it was sent, or last in a list")
    area: str
    divisions: list[str] = Field(description="codes; that of its sender where none is stated")
    sources: list[str]
    contradicted_by: list[str] = Field(
        description="sources that say it is over, or updated, and whose word counts less: it is in force"
    )
    third_party: bool = Field(description="passed on by somebody else: no siren on its word alone")
    quake: Quake | None
    remarks: list[str] = Field(description="what was odd about it")
    first_at: datetime = Field(description="when the hub had it first")
    changed_at: datetime


class Said(BaseModel):
    """What a source said, and when."""

    source: str
    format: Format
    type: Literal["alert", "update", "cancel"]
    received_at: datetime
    sent: datetime
    level: LevelName | None
    headline: str
    report: int


class Linked(BaseModel):
    """Another warning of the same chain."""

    id: UUID
    identifier: str
    type: Literal["alert", "update", "cancel"]
    state: State
    sent: datetime


class WarningDetail(OfficialWarning):
    """A warning with its history."""

    texts: dict[Literal["zh", "en"], Texts]
    polygons: list[list[Annotated[list[float], Field(min_length=2, max_length=2)]]] = Field(
        description="rings of longitude and latitude, WGS 84"
    )
    circles: list[Circle]
    references: list[str]
    history: list[Said] = Field(description="the newest 200, in their order")
    earlier: list[Linked] = Field(description="what it updates or cancels, where the hub has it; 200 at most")
    later: list[Linked] = Field(description="what updates or cancels it; 200 at most")


class Value(BaseModel):
    """The newest reading of a metric."""

    metric: str
    unit: str | None
    ts: datetime
    value: float


class DeviceInArea(BaseModel):
    """A device in the area of a warning."""

    code: Code
    name: str
    profile: Code
    region: str | None
    lon: float | None
    lat: float | None
    values: list[Value]


class Brought(BaseModel):
    """What became of a document."""

    format: Format
    source: str
    stored: list[UUID] = Field(description="warnings of which it says something new")
    repeated: int = Field(description="how many it says as before")
    ended: list[UUID] = Field(description="warnings that its list has no more, and no other source says")
    refused: list[Fault] = Field(description="items that cannot be used; the others are stored")


@router.post("", response_model=Brought, responses=responses(413, 422), openapi_extra=_DOCUMENT)
@needs(Permission.WARNINGS_WRITE)
async def post_warnings(
    request: Request,
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    format_: Annotated[Format | None, Query(alias="format", description="left out: as the document shows")] = None,
    source: Annotated[
        Code | None,
        Query(description="who says it; a list with a source's name is all that is in force there: the rest has ended"),
    ] = None,
) -> Any:
    """Bring warnings in: CAP 1.2, XML of 12379, or JSON of the NMC, QWeather or Wolfx. Sent twice is once.

    Of a long list each 500 are stored together: after an error send all of it again.
    """
    received, body = datetime.now(UTC), await request.body()
    try:
        form = format_ or guessed(body, request.headers.get("content-type", ""))
        report = await asyncio.to_thread(decode, body, form, received)
    except WarningRefused as error:
        raise invalid("body", told(error.sentence, spoken)) from None
    faults = [Fault(pointer=pointer, problem=told(why, spoken)) for pointer, why in report.refused]
    if faults and not report.messages:
        raise ProblemError(422, f"{faults[0].pointer}: {faults[0].problem}", faults)
    if source is None:
        report = report.model_copy(update={"state": False})
    brought: dict[str, Any] = {"format": form, "source": source or form, "refused": faults}
    if not report.messages and not report.state:
        return {**brought, "stored": [], "repeated": 0, "ended": []}

    def transaction(piece: Sequence[Message]) -> AbstractAsyncContextManager[AsyncConnection]:
        return handling(context, caller, "warnings.bring", brought["source"], _noted(form, piece))

    taken = await take(transaction, report, brought["source"], form, caller.actor, received)
    return {**brought, "stored": taken.stored, "repeated": taken.repeated, "ended": taken.ended}


def _noted(form: Format, messages: Sequence[Message]) -> dict[str, Any]:
    return {
        "format": form,
        "messages": len(messages),
        "identifiers": [message.identifier for message in messages[:20]],
    }


@router.get("", response_model=Page[OfficialWarning], responses=responses(422))
@needs(Permission.WARNINGS_READ)
async def list_warnings(
    paging: Paged,
    context: Here,
    spoken: Spoken,
    state: Annotated[State | Literal["all"], Query()] = "in_force",
    status: Annotated[Status, Query(description="exercises and tests are listed when asked for")] = "actual",
    region: Annotated[RegionPrefix | None, Query(description="that concern this division: around it or in it")] = None,
    area: Annotated[Code | None, Query(description="that concern this named area")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    min_level: Annotated[LevelName | None, Query(description="this level or higher, and those without one")] = None,
    identifier: Annotated[str | None, Query(max_length=256)] = None,
    since: Annotated[Time | None, Query(description="sent at this time or later")] = None,
    until: Annotated[Time | None, Query(description="sent before this time")] = None,
) -> Any:
    """Warnings that concern what the caller may see, the newest first: those in force, unless others are asked for."""
    if kind is not None and kind not in KINDS:
        raise invalid("kind", f"it is one of {', '.join(KINDS)}")
    given = {
        "id": None,
        "state": None if state == "all" else state,
        "status": status,
        "region": None if region is None else subtree(region),
        "area": area,
        "kind": kind,
        "min_level": None if min_level is None else LEVELS[min_level],
        "identifier": identifier,
        "since": since,
        "until": until,
        **paging.after(_KEYS),
    }
    found = [_shown(each, spoken) for each in await read(context, SQL.warnings, given)]
    return paging.page(found, _KEYS)


@router.get("/{warning_id}", response_model=WarningDetail, responses=responses(404))
@needs(Permission.WARNINGS_READ)
async def get_warning(warning_id: UUID, context: Here, spoken: Spoken) -> Any:
    """A warning with what each source said of it, and with its chain of updates and cancels."""
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.warnings, {**_ANY, "id": warning_id})
        if found is None:
            raise not_found("warning", warning_id)
        history = await rows(conn, SQL.history, {"id": warning_id})
        linked = await rows(conn, SQL.linked, {"id": warning_id})
    content = found["content"]
    return {
        **_shown(found, spoken),
        **{name: content[name] for name in ("texts", "polygons", "circles", "references")},
        "history": [
            {**each, **{name: each["content"][name] for name in ("type", "sent", "level", "report")},
             "headline": _texts(each["content"], spoken).headline}
            for each in reversed(history)
        ],
        "earlier": [each for each in linked if not each["later"]],
        "later": [each for each in linked if each["later"]],
    }  # fmt: skip


@router.get("/{warning_id}/devices", response_model=Page[DeviceInArea], responses=responses(404))
@needs(Permission.WARNINGS_READ, Permission.DEVICES_READ, Permission.READINGS_READ)
async def list_devices(warning_id: UUID, paging: Paged, context: Here) -> Any:
    """The devices in its area, with their newest values."""
    async with context.pool.connection() as conn:
        if await row(conn, SQL.warnings, {**_ANY, "id": warning_id}) is None:
            raise not_found("warning", warning_id)
        found = await rows(conn, SQL.devices, {"id": warning_id, **paging.after({"code": str})})
    return paging.page(found, {"code": str})


_ANY: Mapping[str, Any] = {
    **dict.fromkeys(("state", "status", "region", "area", "kind", "min_level", "identifier", "since", "until")),
    **dict.fromkeys(("after_sent", "after_id")),
    "limit": 1,
}


def _shown(found: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    content = found["content"]
    told_ = _texts(content, lang)
    names = ("event", "event_code", "level", "level_stated", "sender", "onset", "effective", "expires", "area", "quake")
    return {
        **found,
        **{name: content[name] for name in names},
        **told_.model_dump(),
        "kind_name": text(f"warning.kind.{found['kind']}", lang),
        "divisions": [division.ljust(12, "0") for division in content["divisions"]],
        "third_party": "third_party" in content["remarks"],
        "remarks": content["remarks"],
    }


def _texts(content: Mapping[str, Any], lang: Lang) -> Texts:
    """In the language; what it lacks in it is in the other one."""
    texts = content["texts"]
    both = (texts.get(lang, {}), texts.get("en" if lang == "zh" else "zh", {}))
    return Texts(**{name: next((each[name] for each in both if each.get(name)), "") for name in Texts.model_fields})

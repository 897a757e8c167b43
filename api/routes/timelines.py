"""The timeline of an alert: all that happened to it and around it in one order, as JSON and as PDF."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Code, LevelName
from api.database import audit, row, rows, writing
from api.language import Spoken
from api.pdf.rendering import rendered
from api.problems import invalid, responses
from api.routes.alert_body import Alert, Receipt, State
from api.routes.alerts import SHOWN, detail
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.hours import ZONE, zones
from hub.alerts.timeline import kind_told, said
from hub.alerts.titles import title_in
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}
BEFORE, LONGEST = timedelta(hours=1), timedelta(hours=24)
"""Readings are shown from an hour before it was opened until it cleared, for a day at most."""


def _zone(name: Annotated[str, Query(alias="zone", description="of the times in the document")] = ZONE) -> ZoneInfo:
    if name not in zones():
        raise invalid("zone", f"there is no time zone '{name[:64]}'; write it like {ZONE}")
    return ZoneInfo(name)


Zone = Annotated[ZoneInfo, Depends(_zone)]


class TimelineItem(BaseModel):
    """Something that happened."""

    at: datetime
    kind: str = Field(description="of a change, as in /changes; else delivered, given_up, pending, silenced, ...")
    what: Literal["change", "delivery"]
    seq: int = Field(description="the change that it is, or that was delivered")
    who: str | None = Field(description="who made the change; the consumer that was told")
    note: str | None = Field(description="of the change; what the consumer said when it accepted, or why it did not")
    level: LevelName | None = Field(description="after the change")
    state: State | None = Field(description="after the change")
    details: dict[str, Any] | None = Field(
        description="of a step of the desk: how it was checked, who it was handed to"
    )
    receipt: Receipt | None = Field(description="what a gateway has said since it accepted; null: none is expected")
    words: str = Field(description="what happened, in the caller's language")
    lines: list[str] = Field(description="what was said with it, in the caller's language")


class ReadingsChart(BaseModel):
    """What was measured around the alert, in at most 300 steps of equal length."""

    metric: str
    unit: str | None
    threshold: float | None
    points: list[Annotated[list[datetime | float], Field(min_length=3, max_length=3)]] = Field(
        description="when a step begins, its lowest and highest value"
    )


class Timeline(BaseModel):
    """An alert, and what happened in order."""

    alert: Alert
    rule: Code | None
    items: list[TimelineItem] = Field(description="the newest 500 changes and 500 deliveries, the oldest first")
    cut: bool = Field(description="whether there were more; /changes and /deliveries have all")
    readings: ReadingsChart | None = Field(description="null where nothing was measured")


@router.get("/{alert_id}/timeline", response_model=Timeline, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_timeline(alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """All that happened in one order: changes, steps, comments, attachments, escalations, deliveries and receipts.

    Deliveries are there for who may see consumers.
    """
    return await _timeline(alert_id, context, caller, spoken)


@router.get("/{alert_id}/timeline.pdf", response_class=Response, responses={**PDF, **responses(404, 413, 422)})
@needs(Permission.ALERTS_READ)
async def get_timeline_pdf(alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken, zone: Zone) -> Response:
    """The timeline as a document; the audit notes who took it."""
    found = await _timeline(alert_id, context, caller, spoken)
    async with writing(context) as conn:
        await audit(conn, caller, "timeline.export", str(alert_id), {"items": len(found["items"])})
    pdf = await rendered("timeline", _document(found, spoken, zone), spoken, context.settings.api.fonts)
    headers = {"content-disposition": f'attachment; filename="timeline-{alert_id}.pdf"', "cache-control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _timeline(alert_id: UUID, context: Context, caller: Caller, spoken: Lang) -> dict[str, Any]:
    async with context.pool.connection() as conn:
        found = await detail(conn, alert_id, caller, spoken, None)
        measured = await row(conn, SQL.series, {"id": alert_id})
        readings = None
        if measured is not None:
            end = min(found["cleared_at"] or datetime.now(UTC), found["opened_at"] + LONGEST)
            span = {"series": measured["series"], "from": found["opened_at"] - BEFORE, "to": end}
            points = [tuple(each.values()) for each in await rows(conn, SQL.readings, span)]
            readings = (
                {**measured, "threshold": None if found["expression"] else found["threshold"], "points": points}
                if points
                else None
            )
        names = await row(conn, SQL.names, {"id": alert_id})
    items = [
        {**each, "words": kind_told(each["what"], each["kind"], spoken), "lines": said(each, spoken, ZoneInfo(ZONE))}
        for each in sorted(_items(found), key=lambda each: (each["at"], each["seq"], each["what"]))
    ]
    cut = max(len(found["changes"]), len(found["deliveries"])) >= SHOWN
    title = title_in(spoken, found, found, names["names"]) if names is not None else found["title"]
    return {"alert": {**found, "title": title}, "rule": found["rule"], "items": items, "cut": cut, "readings": readings}


def _items(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in found["changes"]:
        kept = {name: each[name] for name in ("at", "kind", "seq", "note", "level", "state", "details")}
        yield {**kept, "what": "change", "who": each["actor"], "receipt": None}
    for each in found["deliveries"]:
        at, note = each["settled_at"] or each["created_at"], each["last_error"] or each["said"] or each["why"]
        told = {"at": at, "kind": each["state"], "seq": each["seq"], "who": each["consumer"], "note": note}
        yield {**told, "what": "delivery", "level": None, "state": None, "details": None, "receipt": each["receipt"]}


def _document(found: Mapping[str, Any], lang: Lang, zone: ZoneInfo) -> dict[str, Any]:
    """What timeline.typ prints."""
    alert, readings = found["alert"], found["readings"]

    def time(at: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        return "–" if at is None else at.astimezone(zone).strftime(form)

    place = [alert["device_name"], alert["device"], alert["region"], alert["organisation"]]
    facts = {
        "level": text(f"timeline.level.{alert['peak_level']}", lang),
        "state": text(f"cap.state.{alert['handling']}", lang),
        "opened": time(alert["opened_at"]),
        "cleared": time(alert["cleared_at"]),
        "place": " · ".join(dict.fromkeys(each for each in place if each)) or "–",
        "assignee": alert["assignee"] or "–",
        "rule": alert["rule_name"] or "–",
        "id": str(alert["id"]),
    }
    items = [
        [
            time(each["at"]),
            kind_told(each["what"], each["kind"], lang),
            each["who"] or "–",
            "\n".join(said(each, lang, zone)),
        ]
        for each in found["items"]
    ]
    return {
        "title": alert["title"],
        "printed": text("timeline.printed", lang, at=time(datetime.now(UTC), "%Y-%m-%d %H:%M"), zone=zone.key),
        "facts": [[text(f"timeline.{name}", lang), value] for name, value in facts.items()],
        "items": items,
        "columns": [text(f"timeline.column.{name}", lang) for name in ("at", "kind", "who", "note")],
        "readings": None if readings is None else {
            "title": f"{readings['metric']} {readings['unit'] or ''}",
            "threshold": readings["threshold"],
            "points": [[at.timestamp(), low, high] for at, low, high in readings["points"]],
            "from": time(readings["points"][0][0], "%m-%d %H:%M"),
            "to": time(readings["points"][-1][0], "%m-%d %H:%M"),
        },
        "words": {name: text(f"timeline.{name}", lang) for name in ("log", "readings", "cut")},
        "cut": found["cut"],
    }  # fmt: skip

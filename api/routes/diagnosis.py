"""Device diagnosis: findings in plain language, and what to do next."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.language import Spoken
from api.problems import answer, responses
from api.routes.frames import FlawOut
from devices.diagnosis.diagnosis import diagnose, works
from devices.diagnosis.fact_loader import facts_of, near_devices, refusals_of
from devices.diagnosis.facts import Facts, Refusal
from devices.diagnosis.frame_report import flaws
from devices.diagnosis.note import ORDER
from devices.diagnosis.rendering import Finding, verdict, worded
from devices.diagnosis.trace import text_of
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.words import Lang, text
from hub.words.sentence import told

router = GuardedRouter(prefix="/devices", tags=["devices"])
PAYLOAD_BYTES = 2_000
"""Of a refused payload so much is shown; /dead-letters/{id} has all that was kept."""
REFUSALS_SHOWN = 5


class FindingOut(BaseModel):
    """One finding."""

    code: str = Field(examples=["refused_unknown_metric"])
    level: Literal["fault", "warning", "info", "ok"]
    what: str
    advice: str = Field(description="what to do; empty when there is nothing to do")


class RefusalOut(BaseModel):
    """A refused message with its payload."""

    id: UUID
    received_at: datetime
    transport: str
    topic: str
    reason: str
    detail: str
    at: str | int | None = Field(default=None, description="where: a JSON Pointer to the value, or a byte offset")
    payload: str = Field(description="its beginning; empty when it is not kept because of what is private in it")
    encoding: Literal["utf-8", "hex"]
    payload_size: int = Field(description="bytes that came")
    flaws: list[FlawOut]


class MetricOut(BaseModel):
    """A metric; counts cover its newest 1,000 readings of the last day."""

    metric: str
    unit: str | None
    ts: datetime | None = Field(description="of the newest reading; null: never received")
    value: float | None
    quality: int
    of_hour: int
    of_day: int
    late: int
    out_of_range: int
    untimed: int


class Diagnosis(BaseModel):
    """A device's diagnosis and next steps."""

    code: str
    name: str
    profile: str
    state: str
    works: bool = Field(description="nothing keeps its data from arriving; there may still be warnings")
    level: Literal["fault", "warning", "info", "ok"] = Field(description="the worst of the findings")
    verdict: str
    findings: list[FindingOut] = Field(description="the most important first")
    next: list[str] = Field(description="what to do, in this order")
    heard_at: datetime | None = Field(description="when its last message came, stored or not")
    taken_at: datetime | None = Field(description="about when the last one came that was stored")
    clock_offset_s: float | None = Field(description="positive: its clock is ahead")
    interval_s: float | None = Field(description="between messages, as its profile expects")
    refusals: list[RefusalOut] = Field(description="its newest dead letters")
    metrics: list[MetricOut]


@router.get("/{code}/diagnosis", response_model=Diagnosis, responses=responses(404))
@needs(Permission.DEVICES_DIAGNOSE)
async def diagnose_device(
    code: Code,
    context: Here,
    spoken: Spoken,
) -> Any:
    """Diagnose a device, in plain language.

    For a code that is not registered: 404, with `near` (codes that may be meant) and `arrived` (what came under it).
    """
    now = datetime.now(UTC)
    prefix = context.settings.mqtt.prefix
    async with context.pool.connection() as conn:
        facts = await facts_of(conn, code, now, prefix)
        if facts is None:
            near = await near_devices(conn, code)
            return _unregistered(code, near, await refusals_of(conn, code, prefix), spoken)
    return _told(facts, spoken)


def _told(facts: Facts, lang: Lang) -> dict[str, Any]:
    notes = diagnose(facts)
    findings = [worded(note, facts.now, lang) for note in notes]
    worst = min((note.level for note in notes), key=lambda level: ORDER[level])
    return {
        **{name: getattr(facts, name) for name in ("code", "name", "profile", "state", "heard_at", "taken_at")},
        "clock_offset_s": facts.clock_offset_s,
        "interval_s": facts.interval_s,
        "works": works(notes),
        "level": worst,
        "verdict": verdict(facts.code, worst, lang),
        "findings": [finding._asdict() for finding in findings],
        "next": _next(findings),
        "refusals": [_refusal(refusal, lang) for refusal in facts.refusals[:REFUSALS_SHOWN]],
        "metrics": [
            {
                **{name: getattr(metric, name) for name in MetricOut.model_fields if hasattr(metric, name)},
                "metric": metric.name,
                "ts": metric.newest_at,
            }
            for metric in facts.metrics
        ],
    }


def _next(findings: Sequence[Finding]) -> list[str]:
    """Advice for faults and warnings, without duplicates."""
    return list(dict.fromkeys(each.advice for each in findings if each.advice and each.level in ("fault", "warning")))


def _refusal(refusal: Refusal, lang: Lang) -> dict[str, Any]:
    text, encoding = text_of(refusal.payload, PAYLOAD_BYTES)
    return {
        **{name: getattr(refusal, name) for name in ("id", "received_at", "transport", "reason", "at", "payload_size")},
        "detail": told(refusal.detail, lang),
        "topic": refusal.address,
        "payload": text,
        "encoding": encoding,
        "flaws": [] if refusal.report is None else flaws(refusal.report.flaws, lang),
    }


def _unregistered(code: str, near: Sequence[dict[str, Any]], arrived: Sequence[Refusal], lang: Lang) -> Response:
    """404 with similar codes and the messages received under this one."""
    codes = ", ".join(each["code"] for each in near)
    values = {"code": code, "near": codes, "count": len(arrived)}
    what, meant = text("unregistered.what", lang, **values), text("unregistered.near", lang, **values)
    register, correct = text("unregistered.register", lang, **values), text("unregistered.correct", lang, **values)
    came = text("arrived.some", lang, **values) if arrived else text("arrived.nothing", lang)
    shown = [RefusalOut(**_refusal(refusal, lang)).model_dump(mode="json") for refusal in arrived[:REFUSALS_SHOWN]]
    extras = {"near": list(near), "arrived": shown, "next": [*([correct] if near else []), register]}
    return answer(404, " ".join([what, *([meant] if near else []), came]), extras=extras)

"""Try-out of a rule: the alerts that it would have raised."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Moment
from api.expressions import asks_neighbours
from api.language import Spoken
from api.problems import ProblemError, invalid, responses
from api.routes.rules import profile_of
from api.rule_body import RuleBody
from api.rule_scope import resolved
from devices.expressions.program import program_of
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.hours import ZONE, Hours, hours_of, zones
from hub.alerts.trial import Trial, TrialsBusyError, WouldBe
from hub.models import LEVEL_NAMES, from_micros
from hub.words.sentence import Sentence

router = GuardedRouter(tags=["rules"])

NIGHT = "22:00-06:00"
BUSY = {"Retry-After": "30"}
EXAMPLES = 50
"""Alerts that an answer shows one by one: the gravest, and the newest of those."""
DEVICES = 10
"""Devices that an answer counts one by one."""
_NEIGHBOURS, _HEARD = Sentence("rule_try.unlike.neighbours"), Sentence("rule_try.unlike.heard")
_LENT = Sentence("rule_try.unlike.others")


class TriedAlert(BaseModel):
    """An alert that would have been raised."""

    device: Code
    raised_at: datetime
    ended_at: datetime | None = Field(description="null: its condition would last still")
    level: LevelName = Field(description="when it was raised")
    peak_level: LevelName
    value: float | None = Field(description="of the reading that raised it; null for an event")


class TriedDay(BaseModel):
    """Alerts of a day."""

    day: date
    alerts: int
    night: int = Field(description="of these between 22:00 and 06:00")
    by_level: dict[LevelName, int] = Field(description="by the highest level")


class TriedDevice(BaseModel):
    """Alerts of a device."""

    device: Code
    alerts: int


class Tried(BaseModel):
    """What a rule would have raised."""

    since: datetime
    until: datetime
    zone: str
    things: int = Field(description="series that were looked at; of a kind of event: devices that had one")
    looked_at: int = Field(description="readings, or events")
    complete: bool = Field(description="false: it was too much to look at all at once, and this is a part")
    alerts: int
    night: int = Field(description="of these between 22:00 and 06:00")
    by_level: dict[LevelName, int] = Field(description="by the highest level")
    lasting: int = Field(description="those whose condition would last still")
    longest_s: float | None
    days: list[TriedDay] = Field(description="each day of the period, in the time zone asked for")
    devices: list[TriedDevice] = Field(description="the ten that would raise most")
    examples: list[TriedAlert] = Field(description="up to 50, the gravest first, then the newest")
    unlike: list[str] = Field(description="in which way it was tried otherwise than it would be in force")
    took_s: float


@router.post("/rules:try", response_model=Tried, responses=responses(422, 503))
@needs(Permission.RULES_READ, Permission.READINGS_READ)
async def try_rule(
    body: RuleBody,
    context: Here,
    spoken: Spoken,
    days: Annotated[int, Query(ge=1, le=366, description="how far to look back")] = 30,
    until: Annotated[Moment | None, Query(description="the end of the period; now, if left out")] = None,
    zone: Annotated[str, Query(max_length=64, description="for what a day and a night is")] = ZONE,
) -> Any:
    """Tell which alerts a rule would have raised in the past, and how many of them at night. Nothing is stored or sent.

    It goes by the code that decides what is received, over what the caller may see. The rule need not be stored, nor be
    enabled; alerts that a desk has closed or rules in force have raised do not matter.
    """
    if zone not in zones():
        raise invalid("/query/zone", Sentence("refusal.rule_try.zone").told(spoken))
    began = time.monotonic()
    async with context.pool.connection() as conn:
        profile = await profile_of(conn, body, spoken)
        scope = await resolved(conn, body.scope, spoken)
    end = until or datetime.now(UTC)
    since = end - timedelta(days=days)
    assert context.try_rule is not None  # noqa: S101 for the type checker; every API has one
    rule = {
        **body.model_dump(),
        **scope,
        "id": 0,
        "code": "try",
        "profile_id": profile,
        "label": body.metric or "",
        "event_level": LEVELS[body.level] if body.level else None,
    }
    try:
        trial = await context.try_rule(context.pool.connection, rule, since, end)
    except TrialsBusyError as error:
        raise ProblemError(503, Sentence("refusal.rule_try.busy").told(spoken), headers=BUSY) from error
    found = await asyncio.to_thread(_summary, trial, since, end, zone)
    return found | {
        "unlike": [each.told(spoken) for each in _unlike(body)],
        "took_s": round(time.monotonic() - began, 3),
    }


def _unlike(body: RuleBody) -> list[Sentence]:
    """In which way the past is looked at otherwise than what is received."""
    others = body.signal == "unshared" or asks_neighbours(body.expression)
    named = () if body.expression is None else program_of(body.expression).inputs
    lent = any(each.scope == "gateway" for each in named)
    return [_NEIGHBOURS] * others + [_LENT] * lent + [_HEARD] * (body.signal == "silence")


def _summary(trial: Trial, since: datetime, until: datetime, zone: str) -> dict[str, Any]:
    clock, night = ZoneInfo(zone), hours_of(None, NIGHT, zone)
    assert night is not None  # noqa: S101 for the type checker
    raised = [(from_micros(alert.at).astimezone(clock), alert) for alert in trial.alerts]
    gravest = sorted(trial.alerts, key=lambda alert: (alert.peak, alert.at), reverse=True)
    lasted = [alert.ended - alert.at for alert in trial.alerts if alert.ended is not None]
    return {
        "since": since,
        "until": until,
        "zone": zone,
        "things": trial.things,
        "looked_at": trial.looked_at,
        "complete": trial.complete,
        "alerts": len(raised),
        "night": sum(night.holds(at) for at, _ in raised),
        "by_level": _by_level(trial.alerts),
        "lasting": sum(alert.ended is None for alert in trial.alerts),
        "longest_s": max(lasted) / 1e6 if lasted else None,
        "days": _by_day(raised, since.astimezone(clock).date(), until.astimezone(clock).date(), night),
        "devices": [
            {"device": device, "alerts": count}
            for device, count in Counter(alert.device for alert in trial.alerts).most_common(DEVICES)
        ],
        "examples": [_example(alert) for alert in gravest[:EXAMPLES]],
    }


def _by_day(raised: Sequence[tuple[datetime, WouldBe]], first: date, last: date, night: Hours) -> list[dict[str, Any]]:
    of_day: dict[date, list[tuple[datetime, WouldBe]]] = {
        first + timedelta(days=number): [] for number in range((last - first).days + 1)
    }
    for at, alert in raised:
        of_day.setdefault(at.date(), []).append((at, alert))
    return [
        {
            "day": day,
            "alerts": len(some),
            "night": sum(night.holds(at) for at, _ in some),
            "by_level": _by_level([alert for _, alert in some]),
        }
        for day, some in sorted(of_day.items())
    ]


def _by_level(alerts: Sequence[WouldBe]) -> dict[str, int]:
    counts = Counter(alert.peak for alert in alerts)
    return {name: counts[number] for number, name in enumerate(LEVEL_NAMES, 1)}


def _example(alert: WouldBe) -> dict[str, Any]:
    return {
        "device": alert.device,
        "raised_at": from_micros(alert.at),
        "ended_at": None if alert.ended is None else from_micros(alert.ended),
        "level": LEVEL_NAMES[alert.level - 1],
        "peak_level": LEVEL_NAMES[alert.peak - 1],
        "value": alert.value,
    }

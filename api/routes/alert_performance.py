"""How alerts load those who answer them (ISA-18.2, EEMUA 191), over a period."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, Moment, RegionPrefix
from api.language import Spoken
from api.problems import invalid
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.performance import Which, performance, windows
from hub.words import text

router = GuardedRouter(prefix="/indicators", tags=["indicators"])
DAYS = 1_100
"""The longest period: three years."""
MONTH = timedelta(days=30)


class Measure(BaseModel):
    """A measure, with what it was counted from."""

    key: str
    name: str
    formula: str
    numerator: float
    denominator: float | None = Field(description="null: the numerator is the measure")
    value: float | None = Field(description="null: there is nothing to divide by")
    target: float | None = Field(
        description="up to which it is taken for acceptable; of `level_*` the share that is expected"
    )


class Storm(BaseModel):
    """A time in which more alerts came than can be answered."""

    begins_at: datetime
    ends_at: datetime
    first_ten_minutes: int = Field(description="alerts in its first ten minutes")
    alerts: int = Field(description="in all of it")


class Source(BaseModel):
    """What raised alerts."""

    rule: Code | None = Field(description="null: a person or the hub itself")
    target: str
    alerts: int


class Operators(BaseModel):
    """Who was at a desk."""

    hours: float = Field(description="of all of them together, in minutes that were proven by a stream and a click")
    people: int
    recorded_from: datetime | None = Field(description="what was before is not known; null: nobody ever was")
    unattended: int = Field(description="alerts raised while nobody was at a desk: not in `operator_rate`")


class Taking(BaseModel):
    """How long alerts waited until somebody took them up, in seconds; null: none was."""

    median_s: float | None
    p90_s: float | None
    longest_s: float | None
    waiting: int = Field(description="nobody has taken them up, and their condition lasts")


class FalseCause(BaseModel):
    """False alarms of a cause."""

    cause: str
    alerts: int


class FalseModel(BaseModel):
    """False alarms of devices of a profile."""

    model: str = Field(description="code of the profile; empty: of no device")
    alerts: int = Field(description="all of them")
    false_alarms: int


class AlertPerformance(BaseModel):
    """What a period was like for those who answer alerts. Drills are left out."""

    from_at: datetime = Field(description="down to whole ten minutes")
    to_at: datetime = Field(description="up to whole ten minutes")
    alerts: int = Field(description="raised in the period")
    measures: list[Measure]
    operators: Operators
    storms: list[Storm] = Field(description="the 20 with most alerts in their first ten minutes")
    taking: Taking
    top: list[Source] = Field(description="the ten that raised most")
    chatterers: list[Source] = Field(description="ten of those that raised three alerts within a minute")
    false_by_cause: list[FalseCause]
    false_by_model: list[FalseModel] = Field(description="the 20 with most")


def _period(
    spoken: Spoken,
    start: Annotated[Moment | None, Query(alias="from", description="with a zone; 30 days before `to`")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="exclusive; now")] = None,
) -> tuple[datetime, datetime]:
    end = end or datetime.now(UTC)
    start = start or end - MONTH
    if start >= end:
        raise invalid("from", text("refusal.period.order", spoken))
    if end - start > timedelta(days=DAYS):
        raise invalid("from", text("refusal.period.long", spoken, days=DAYS))
    return windows(start, end)


def _which(
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    area: Annotated[Code | None, Query(description="a named area or grid")] = None,
    organisation: Annotated[Code | None, Query()] = None,
    category: Annotated[str | None, Query(max_length=64, description="of the profile, or of the alert")] = None,
    event_kind: Annotated[str | None, Query(max_length=64)] = None,
) -> Which:
    return Which(region, area, organisation, category, event_kind)


@router.get("/alerts", response_model=AlertPerformance)
@needs(Permission.ALERTS_READ)
async def alert_performance(
    context: Here,
    spoken: Spoken,
    period: Annotated[tuple[datetime, datetime], Depends(_period)],
    which: Annotated[Which, Depends(_which)],
) -> Any:
    """Alerts an operator present and hour, storms, priorities, sources, what stands, waits and was false."""
    start, end = period
    async with context.pool.connection() as conn:
        told = await performance(conn, start, end, which)
    found = told.found
    return {
        **found,
        "from_at": start,
        "to_at": end,
        "measures": [
            {
                **measure._asdict(),
                "name": text(f"indicator.alerts.{measure.key}", spoken),
                "formula": text(f"indicator.alerts.{measure.key}.formula", spoken),
            }
            for measure in told.measures
        ],
        "operators": {
            "hours": found["operator_minutes"] / 60,
            "people": found["people"],
            "recorded_from": found["recorded_from"],
            "unattended": found["alerts"] - found["attended"],
        },
        "storms": [storm._asdict() for storm in told.storms],
        "taking": {
            "median_s": found["taken_median_s"],
            "p90_s": found["taken_p90_s"],
            "longest_s": found["taken_longest_s"],
            "waiting": found["waiting"],
        },
    }

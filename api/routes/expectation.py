"""What was expected of a series: the band, and how unusual each reading was."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
from fastapi import Path, Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, Metric, Moment, known
from api.database import rows
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.trial import TrialsBusyError
from hub.expectation import Expected, Floats, TooManyReadingsError
from hub.models import from_micros, to_micros
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(tags=["readings"])
LONGEST = timedelta(days=366)
POINTS = 2_000
"""Steps that a period may have."""
SHOWN = 500
"""Steps of a period of which nobody says how long they are, at most."""
BUSY = {"Retry-After": "5"}

_SHARED = {"shared": "expected", "shared_low": "low", "shared_high": "high", "unshared": "unshared"}
"""Members of a step by the columns that they are of."""


class Step(BaseModel):
    """The most unusual reading of a step of the period that has any."""

    ts: datetime = Field(description="of the reading")
    n: int = Field(description="readings of the step that count")
    value: float
    expected: float | None = Field(description="what was usual at its hour; null while it is not known")
    low: float | None = Field(description="the lowest that was usual at its hour")
    high: float | None = Field(description="the highest that was usual at its hour")
    score: float | None = Field(description="how unusual it was, 0 to 1; 0.99 is an alarm")
    shared: float | None = Field(
        description="what was usual at its hour and what its neighbours showed, too; null while they told nothing"
    )
    shared_low: float | None = Field(description="from where it was as far from that as ever; null as `shared`")
    shared_high: float | None = Field(description="up to where it was as far from that as ever; null as `shared`")
    unshared: float | None = Field(description="the signal `unshared`; 2 is twice as far as ever")


class Expectations(BaseModel):
    """What was expected of a series in a period."""

    device: Code
    metric: Metric
    unit: str | None
    zone: str = Field(description="the device's time zone", examples=["Asia/Shanghai"])
    since: datetime
    until: datetime
    step_s: int
    learned_from: datetime | None = Field(description="the first reading that was learned; null: there is none")
    neighbours: int | None = Field(
        description="how many the series has that the caller may see; null: no rule in force watches `unshared` of it"
    )
    items: list[Step] = Field(description="in the order of time")


@router.get(
    "/series/{device}/{metric}/expectation", response_model=Expectations, responses=responses(404, 422, 503)
)  # fmt: skip
@needs(Permission.READINGS_READ)
async def show_expectation(
    context: Here,
    spoken: Spoken,
    device: Annotated[Code, Path()],
    metric: Annotated[Metric, Path()],
    start: Annotated[Moment | None, Query(alias="from", description="left out: a day before the end")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="exclusive; left out: now")] = None,
    step: Annotated[
        int | None, Query(ge=1, le=86_400, description="seconds of which the most unusual reading is told")
    ] = None,
) -> Any:
    """Tell what was expected of each reading of a period, by nothing but the readings before it.

    The detectors learn anew the readings of 30 days before the period, 500,000 with those of the period at most. What
    is late or not usable does not count. Band and score are of the series alone, as when they are told. Where a rule
    in force watches `unshared` of the series, what its neighbours of today showed then is told beside them: the band in
    which it has been with them, of its mean over three hours, and how many times as far it went.
    """
    until = end or datetime.now(UTC)
    since = start or until - timedelta(days=1)
    if not timedelta(0) < until - since <= LONGEST:
        raise invalid("/query/from", Sentence("refusal.expectation.period").told(spoken))
    length = (until - since).total_seconds()
    step_s = step or max(1, -int(-length // SHOWN))
    if length / step_s > POINTS:
        raise invalid("/query/step", Sentence("refusal.expectation.step", most=POINTS).told(spoken))
    async with context.pool.connection() as conn:
        found = await rows(conn, SQL.series, {"device": device})
    series = next((each for each in found if each["metric"] == metric), None)
    if not found:
        raise not_found("device", device)
    if series is None:
        names = [each["metric"] for each in found if each["metric"] is not None]
        raise ProblemError(404, known(f"metric of device {device}", metric, names))
    assert context.expectation is not None  # noqa: S101 for the type checker; every API has one
    try:
        expected = await context.expectation(context.pool.connection, series["id"], series["zone"], since, until)
    except TrialsBusyError as error:
        raise ProblemError(503, Sentence("refusal.expectation.busy").told(spoken), headers=BUSY) from error
    except TooManyReadingsError as error:
        problem = Sentence("refusal.expectation.readings", most=error.args[0]).told(spoken)
        raise invalid("/query/from", problem) from error
    first = expected.learned_from
    return {
        "device": device,
        "metric": metric,
        "unit": series["unit"],
        "zone": series["zone"],
        "since": since,
        "until": until,
        "step_s": step_s,
        "learned_from": None if first is None else from_micros(first),
        "neighbours": None if expected.shared is None else expected.shared.neighbours,
        "items": await asyncio.to_thread(_steps, expected, to_micros(since), step_s * 1_000_000),
    }


def _steps(expected: Expected, since: int, step: int) -> list[dict[str, Any]]:
    """Of each step, which begin at `since`, the reading of the highest score; of equal ones the first."""
    if not len(expected.ts):
        return []
    number = (expected.ts - since) // step
    order = np.lexsort((expected.ts, -np.nan_to_num(expected.score, nan=-1.0), number))
    _, firsts, counts = np.unique(number[order], return_index=True, return_counts=True)
    chosen = order[firsts]
    columns = {name: _listed(getattr(expected, name)[chosen]) for name in ("value", "expected", "low", "high", "score")}
    shared, none = expected.shared, np.full(len(chosen), np.nan)
    for name, column in _SHARED.items():
        columns[name] = _listed(none if shared is None else getattr(shared, column)[chosen])
    times = [from_micros(ts) for ts in expected.ts[chosen].tolist()]
    return [
        {"ts": ts, "n": n, **{name: column[place] for name, column in columns.items()}}
        for place, (ts, n) in enumerate(zip(times, counts.tolist(), strict=True))
    ]


def _listed(numbers: Floats) -> list[float | None]:
    return [number if np.isfinite(number) else None for number in numbers.tolist()]

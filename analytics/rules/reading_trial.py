"""What a threshold rule would have said of the past. Pure; by the same code that decides what is received."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from analytics.rules.alerts import Open
from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.past import Lists, PastNewest, gateway_metrics, own_metrics, rows_of_past
from analytics.rules.expressions.surroundings import Around
from analytics.rules.slots import LONG_AGO, Ints, Slots, Worked, nobody_works
from analytics.rules.thresholds import adopt, evaluate, next_due
from analytics.rules.verdict import Verdict
from analytics.rules.withheld import Opens, Told, Withheld, opened, tell
from devices.expressions.inputs import Input
from hub.alerts.trial import WouldBe
from hub.models import Columns, Micros
from hub.signals import Signals

NOBODY = UUID(int=0)
NO_LISTS: Lists = {}


class ReadingTrial:
    """A threshold rule over the past of devices: a stretch of time after another, or all at once."""

    def __init__(
        self,
        rule: ThresholdRule,
        names: Sequence[str],
        opens: Sequence[Opens] = (),
        series: Ints | None = None,
        worked: Worked = nobody_works,
        lists: Lists = NO_LISTS,
    ) -> None:
        """`series` are those of `own_metrics` and `gateway_metrics` of each device, shape (names, metrics), -1 where
        there is none; left out, 0 .. n - 1.

        `opens` tell of each device when people may be told; empty: always. `worked` tells of the first of these series
        who works there. `lists` are the neighbours that an expression asks for.
        """
        self._rule, self._opens, self._slots = rule, opens, Slots()
        self._slots.worked = worked
        self._slots.put(rule)
        self._series = np.arange(len(names))[:, None] if series is None else series
        at = self._slots.add(np.full(len(names), rule.id, np.int64), self._series[:, 0])
        self._place = dict(zip(at.tolist(), range(len(names)), strict=True))
        self._past, self._newest = _ReadingPast(names), PastNewest()
        self._lists = {**lists, **_gateways(rule, self._series)}

    def take(self, readings: Columns, signals: Signals | None = None) -> None:
        """Go on with a stretch, by (series, ts), of which `signals` are. What the hub flagged as late or not usable is
        skipped, as ever."""
        rows = None
        if self._rule.expression is not None:
            rows = rows_of_past(self._rule, self._slots, self._series, readings, self._newest, self._lists)
            self._newest.adopt(readings)
        verdict = evaluate(self._slots, readings, LONG_AGO, LONG_AGO, None, signals, rows=rows)
        adopt(self._slots, verdict)
        next_due(self._slots, LONG_AGO)
        self._tell(verdict)

    def end(self, until: Micros) -> list[WouldBe]:
        """Alerts that it would have raised; hold and clear times that end by `until` end."""
        self._tell(evaluate(self._slots, Columns.empty(), LONG_AGO, until))
        self._past.let_pass(until, self._opens)
        return self._past.would

    def _tell(self, verdict: Verdict) -> None:
        for transition in verdict.transitions:
            one = self._place[transition.slot]
            now = Told(transition.ts, transition.after, transition.value)
            self._past.take(one, now, self._opens[one] if self._opens else None)


def of_readings(
    rule: ThresholdRule,
    names: Sequence[str],
    readings: Columns,
    until: Micros,
    signals: Signals | None = None,
    opens: Sequence[Opens] = (),
    series: Ints | None = None,
    worked: Worked = nobody_works,
) -> list[WouldBe]:
    """Alerts that a rule would have raised at devices of these names by all of their readings; see ReadingTrial."""
    trial = ReadingTrial(rule, names, opens, series, worked)
    trial.take(readings, signals)
    return trial.end(until)


def _gateways(rule: ThresholdRule, series: Ints) -> Lists:
    own, devices = len(own_metrics(rule)), np.arange(len(series))
    found = {}
    for column, metric in enumerate(gateway_metrics(rule), own):
        there = series[:, column] >= 0
        members = series[there, column].astype(np.int32)
        found[Input("gateway", metric)] = Around(devices, np.append(0, np.cumsum(there)), members)
    return found


class _ReadingPast:
    """What people would have been told of devices, by their place among the names."""

    def __init__(self, names: Sequence[str]) -> None:
        self.would: list[WouldBe] = []
        self._names = names
        self._active: dict[int, tuple[WouldBe, Open]] = {}
        self._held: dict[int, Withheld] = {}

    def take(self, place: int, now: Told, opens: Opens | None) -> None:
        """Go on with a level that has become another one."""
        told, held = [now], None
        if opens is not None:
            open_ = self._active[place][1] if place in self._active else None
            told, held = tell(self._held.pop(place, None), open_, now, opens, LONG_AGO)
        if held is not None:
            self._held[place] = held
        for each in told:
            self._tell(place, each)

    def let_pass(self, until: Micros, opens: Sequence[Opens]) -> None:
        """Tell what is withheld until then."""
        for place, held in self._held.items():
            if (at := opens[place](held.since, held.level)) <= until:
                self._tell(place, opened(held, at))

    def _tell(self, place: int, told: Told) -> None:
        if place not in self._active:
            if told.level:
                alert = WouldBe(told.ts, told.level, told.level, told.value, device=self._names[place])
                self._active[place] = alert, Open(NOBODY, told.level, told.level, told.ts)
                self.would.append(alert)
        elif told.level:
            alert, open_ = self._active[place]
            alert.peak = max(alert.peak, told.level)
            self._active[place] = alert, open_._replace(level=told.level, peak=alert.peak)
        else:
            self._active.pop(place)[0].ended = told.ts

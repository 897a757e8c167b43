"""Demo result: compares the city's ground truth with the database and the webhook receiver."""

import csv
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg.rows import dict_row

from app.demo.processes import DemoError
from hub.models import LEVEL_NAMES, Micros, to_micros
from hub.store.statements import statements

SQL = statements(__name__)

SLACK: Micros = 1_000_000
"""How far an alert's begin may lie before the anomaly's first message and still be taken for its own."""

STATIONS = "stations"
"""In the folder of the truth: that of the stations, which have a process of their own."""
COUNTED = ("truth_readings", "truth_events", "stored_readings", "stored_events", "right_readings", "right_events")
"""What is counted of both."""
FIRE = ("flame", "fire")
"""Kinds of event by which a fire in a video is told."""
LONG_S = 75.0
"""A run that lasts longer must have heard each station, and read each slave: hydrology reports each minute."""

Target = tuple[str, str | None, str | None]
"""Device, metric, event kind."""


def _named(target: Target) -> str:
    """For people."""
    return " ".join(filter(None, target))


@dataclass(slots=True)
class Injected:
    """An injected anomaly and the alerts it caused."""

    target: Target
    begin: Micros
    published: Micros
    level: int
    arrivals: dict[str, Micros] = field(default_factory=dict)
    """By alert id: when the receiver got its `raised`."""
    reached: int = 0
    hidden: str = ""
    """Its kind, if no threshold sees it."""

    @property
    def name(self) -> str:
        """Of its target, for people."""
        return _named(self.target)

    @property
    def alerted(self) -> bool:
        """Whether an alert was delivered and reached the anomaly's level."""
        return bool(self.arrivals) and self.reached >= self.level


@dataclass(slots=True, frozen=True)
class Verdict:
    """The demo's result; the first twelve fields form its JSON line."""

    sent: int
    """Readings, events and wrong messages that the broker has acknowledged."""
    stored: int
    """Without what a sender gave up and the hub has all the same."""
    rejected: int
    lost: int
    duplicates: int
    anomalies_injected: int
    alerts_raised: int
    alerts_delivered: int
    """Alerts whose first delivery reached the receiver."""
    alert_ms_p50: float | None
    alert_ms_p99: float | None
    readings_per_s: float
    video_fires_alerted: int
    """Alerts that reached the receiver of flames that the hub has seen in video; no truth tells how many there were."""
    anomalies_missed: list[str]
    unexpected_alerts: list[str]
    """Those without an anomaly, by what they are about."""
    double_pages: int
    faults_sent: int
    deliveries_pending: int
    hidden: list[tuple[str, str, bool]]
    """Of the anomalies, those that no threshold sees: kind, device and metric, whether it was found."""
    past_told: int
    """Readings of the past that the broker has acknowledged."""
    past_stored: int
    stations: tuple[int, int] = (0, 0)
    """Of the field's protocols: how many were acknowledged something, of how many."""
    slaves: tuple[int, int] = (0, 0)
    """Of those that are polled: of how many something is stored, of how many."""
    is_long: bool = False

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing twice, each anomaly alerted, the past stored, each station heard, each slave read."""
        if self.is_long and (self.stations[0] < self.stations[1] or self.slaves[0] < self.slaves[1]):
            return False
        return not (self.lost or self.duplicates or self.anomalies_missed or self.past_stored != self.past_told)

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.passed and not self.deliveries_pending and self.rejected >= self.faults_sent

    def line(self) -> str:
        """The JSON object that ends the demo's output."""
        keys = list(type(self).__dataclass_fields__)[:12]
        return json.dumps({key: getattr(self, key) for key in keys})


def judge(url: str, truth: Path, deliveries: Path) -> Verdict:
    """Compare the ground truth with the database at `url` and the receiver's log."""
    summary, counts = _counted(url, truth)
    if (truth / STATIONS / "summary.json").exists():
        told, more = _counted(url, truth / STATIONS)
        counts |= {name: counts[name] + more[name] for name in COUNTED}
        counts["slaves_read"] = more["slaves_read"]
        summary |= {name: told[name] for name in ("stations", "slaves", "unacknowledged")}
    injected = read_anomalies(truth)
    told_of = list(read_deliveries(deliveries, summary["started_us"]))
    # Of what the hub sees in the video of stations no truth tells.
    untold = set(summary["slaves"]) - {one.target[0] for one in injected}
    unexpected = hold_against(injected, (each for each in told_of if each["device"] not in untold))
    return replace(
        _conclude(summary, counts, injected, unexpected),
        video_fires_alerted=len(fires(each for each in told_of if each["device"] in untold)),
    )


def fires(deliveries: Iterable[dict[str, Any]]) -> set[str]:
    """The alerts that are about flames."""
    return {
        each["alert"] for each in deliveries if each["type"] == "ganzhi.alert.raised" and each["event_kind"] in FIRE
    }


def _counted(url: str, truth: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """A ground truth's summary, and what the store has of it."""
    summary = json.loads((truth / "summary.json").read_text(encoding="utf-8"))
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as conn:
        conn.execute(SQL.truth.encode())
        _copy(conn, SQL.truth_readings, truth / "readings.csv")
        _copy(conn, SQL.truth_given_up, truth / "given_up.csv")
        _copy(conn, SQL.truth_events, truth / "events.csv")
        conn.execute("analyze truth_reading")
        asked = {"started": summary["started_us"], "with_past": summary["past"]["devices"], "slaves": summary["slaves"]}
        counts = conn.execute(SQL.verdict.encode(), asked).fetchone()
    if counts is None:
        raise DemoError("the verdict has no row")
    return summary, counts


def _copy(conn: psycopg.Connection[Any], statement: str, file: Path) -> None:
    with file.open("rb") as source, conn.cursor().copy(statement.encode()) as copy:
        while block := source.read(1 << 20):
            copy.write(block)


def _conclude(
    summary: dict[str, Any], counts: dict[str, int], injected: list[Injected], unexpected: list[str]
) -> Verdict:
    faults = sum(summary["faults"].values())
    truth = counts["truth_readings"] + counts["truth_events"]
    right = counts["right_readings"] + counts["right_events"]
    stored = counts["stored_readings"] + counts["stored_events"]
    double = sum(max(0, len(one.arrivals) - 1) for one in injected)
    waits = [(min(one.arrivals.values()) - one.published) / 1000 for one in injected if one.arrivals]
    p50, p99 = (round(float(p), 1) for p in np.percentile(waits, [50, 99])) if waits else (None, None)
    took = max(1e-6, (summary["ended_us"] - summary["started_us"]) / 1e6)
    return Verdict(
        sent=truth + faults,
        stored=stored,
        rejected=counts["rejected"],
        lost=truth - right,
        duplicates=stored - right + double,
        anomalies_injected=len(injected),
        alerts_raised=counts["alerts_raised"],
        alerts_delivered=sum(len(one.arrivals) for one in injected) + len(unexpected),
        alert_ms_p50=p50,
        alert_ms_p99=p99,
        readings_per_s=round(counts["stored_readings"] / took, 1),
        video_fires_alerted=0,
        anomalies_missed=[one.name for one in injected if not one.alerted],
        unexpected_alerts=unexpected,
        double_pages=double,
        faults_sent=faults,
        deliveries_pending=counts["deliveries_pending"],
        hidden=[(one.hidden, one.name, one.alerted) for one in injected if one.hidden],
        past_told=summary["past"]["readings"],
        past_stored=counts["past_stored"],
        stations=(summary["stations"]["heard"], summary["stations"]["wanted"]),
        slaves=(counts["slaves_read"], len(summary["slaves"])),
        is_long=took > LONG_S,
    )


def read_anomalies(truth: Path) -> list[Injected]:
    """Anomalies of a run; an anomaly's rows are its steps through the levels."""
    found: dict[str, Injected] = {}
    with (truth / "anomalies.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            target = row["device"], row["metric"] or None, row["event_kind"] or None
            level = LEVEL_NAMES.index(row["level"]) + 1
            told = Injected(target, int(row["ts_us"]), int(row["published_us"]), level, hidden=row["hidden"])
            one = found.setdefault(row["anomaly"], told)
            one.level = max(one.level, level)
    return list(found.values())


def read_deliveries(file: Path, started: Micros) -> Iterator[dict[str, Any]]:
    """Valid deliveries recorded by the receiver, without duplicates and alerts raised before `started`."""
    if not file.exists():
        return
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            delivery = json.loads(line)
            if "refused" in delivery or delivery["repeat"]:
                continue
            if to_micros(datetime.fromisoformat(delivery["raised_at"])) >= started:
                yield delivery


def hold_against(injected: list[Injected], deliveries: Iterable[dict[str, Any]]) -> list[str]:
    """Assign each alert to the latest earlier anomaly on its target; returns what the unassigned ones are about."""
    by_target: dict[Target, list[Injected]] = defaultdict(list)
    for one in sorted(injected, key=lambda one: one.begin):
        by_target[one.target].append(one)
    unexpected = list[str]()
    owners: dict[str, Injected] = {}
    for delivery in deliveries:
        alert, level = delivery["alert"], LEVEL_NAMES.index(delivery["level"]) + 1
        if delivery["type"] == "ganzhi.alert.raised":
            target = delivery["device"], delivery["metric"], delivery["event_kind"]
            candidates = by_target[target]
            opened = to_micros(datetime.fromisoformat(delivery["opened_at"]))
            place = bisect_right(candidates, opened + SLACK, key=lambda one: one.begin)
            if not place:
                unexpected.append(_named(target))
                continue
            owners[alert] = candidates[place - 1]
            owners[alert].arrivals[alert] = delivery["arrived_us"]
        if alert in owners:
            owners[alert].reached = max(owners[alert].reached, level)
    return unexpected

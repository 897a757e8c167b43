"""Alerts in any number by readings over MQTT, and what each consumer must have got of them.

The value of a reading is the time at which it was published, so that each consumer can tell how long it took.
"""

import json
import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import paho.mqtt.client as mqtt
import psycopg

from tests.support.broker import publisher

REGIONS = 100
RED = 10_000_000_000
"""Added to the time of a reading that is to be red."""
RISING = 10
"""Each alert of so many rises from orange to red."""

FIRST_REDS = """
select alert_id || '.' || min(seq) from alert_change where picture ->> 'level' = 'red' group by alert_id
"""


def region(number: int) -> str:
    """The first six digits of a district."""
    return f"33{number // 10:02d}{number % 10 + 1:02d}"


def register(url: str, devices: int) -> None:
    """Devices storm-0, storm-1, ... over 100 districts, and a rule that finds each reading of theirs unusual."""
    with psycopg.connect(url) as conn:
        conn.execute("insert into profile (code, name, metrics) values ('storm', 'storm', '{\"p\": {}}')")
        conn.execute(
            "insert into device (code, name, profile_id, region) select 'storm-' || n, 'Gauge ' || n, p.id,"
            " '33' || lpad((n %% %(regions)s / 10)::text, 2, '0') || lpad((n %% 10 + 1)::text, 2, '0') || '001002'"
            " from profile p, generate_series(0, %(devices)s - 1) n where p.code = 'storm' order by n",
            {"devices": devices, "regions": REGIONS},
        )
        conn.execute(
            "insert into rule (code, name, profile_id, metric, direction, thresholds)"
            " select 'storm', 'storm', id, 'p', 'above', jsonb_build_object('orange', 1000000000, 'red', %s::bigint)"
            " from profile where code = 'storm'",
            (RED,),
        )


def published(port: str | int, devices: Sequence[int], per_s: float, rising: int = RISING) -> int:
    """Publish a reading of each device, and a second later a red one of some; how many changes that makes."""
    with publisher("127.0.0.1", int(port)) as client:
        began, later = time.monotonic(), list[tuple[float, int]]()
        sent: list[mqtt.MQTTMessageInfo] = []
        for number, device in enumerate(devices):
            due = number / per_s
            while (early := due - (time.monotonic() - began)) > 0:
                time.sleep(min(early, 0.01))
            while later and later[0][0] <= due:
                sent.append(_publish(client, later.pop(0)[1], RED))
            sent.append(_publish(client, device, 0))
            if rising and number % rising == 0:
                later.append((due + 1.0, device))
        for due, device in later:
            time.sleep(max(0.0, due - (time.monotonic() - began)))
            sent.append(_publish(client, device, RED))
        for each in sent:
            each.wait_for_publish(120)
            assert each.is_published(), "no PUBACK within 120 s"
        return len(sent)


class Publishing(threading.Thread):
    """`published` beside what the caller does; `changes` once it has ended."""

    def __init__(self, port: str | int, devices: Sequence[int], per_s: float, rising: int = RISING) -> None:
        super().__init__(name="storm", daemon=True)
        self._given = port, devices, per_s, rising
        self.changes = 0

    def run(self) -> None:
        """Publish."""
        self.changes = published(*self._given)


def _publish(client: mqtt.Client, device: int, more: int) -> mqtt.MQTTMessageInfo:
    body = json.dumps({"values": {"p": round(time.time() + more, 4)}})
    return client.publish(f"ganzhi/v1/storm-{device}/telemetry", body, 1)


class Line(NamedTuple):
    """A change that a consumer got; see tests/support/alert_sinks.py."""

    name: str
    at: float
    id: str
    latency_ms: float
    named: bool
    """Whether it was named in a summary, not sent singly."""


def read_lines(log: Path) -> dict[str, list[Line]]:
    """What each consumer got, in the order in which it came."""
    found = defaultdict[str, list[Line]](list)
    for text in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        name, at, cursor, id_, value = text.split()
        published_at = float("nan") if value == "None" else float(value) % RED
        found[name].append(Line(name, float(at), id_, (float(at) - published_at) * 1000, cursor == "-1"))
    return found


@dataclass
class Verdict:
    """What was expected of some consumers, and what came."""

    changes: int = 0
    """In the log."""
    expected: int = 0
    """By consumers and streams together."""
    delivered: int = 0
    repeats: int = 0
    """Of an id that had come before."""
    disordered: int = 0
    """Changes of an alert that came after a later one of it, for the first time."""
    missing: dict[str, list[str]] = field(default_factory=dict)
    """What did not come, by the consumer that it was for."""
    named: int = 0
    """Of those delivered: by a summary."""
    reds: int = 0
    """First red changes of an alert that a summary named, though each is to be sent singly."""

    @property
    def lost(self) -> int:
        return self.expected - self.delivered


def judge(url: str, lines: dict[str, list[Line]], names: Iterable[str]) -> Verdict:
    """Compare with the log of changes; streams, which are in no row of `consumer`, must have got all."""
    verdict = Verdict()
    with psycopg.connect(url) as conn:
        changes = conn.execute(
            "select h.alert_id || '.' || h.seq, h.recipients from alert_change h join alert a on a.id = h.alert_id"
            " join rule r on r.id = a.rule_id where r.code = 'storm'"  # the hub has alerts of its own
        ).fetchall()
        first_reds = {id_ for (id_,) in conn.execute(FIRST_REDS).fetchall()}
        codes: dict[str, int] = dict(conn.execute("select code, id from consumer").fetchall())
    verdict.changes = len(changes)
    for name in names:
        wanted = {id_ for id_, recipients in changes if name not in codes or codes[name] in recipients}
        got = [line.id for line in lines.get(name, ())]
        once = list(dict.fromkeys(got))
        verdict.expected += len(wanted)
        verdict.delivered += len(wanted & set(once))
        if absent := sorted(wanted - set(once)):
            verdict.missing[name] = absent
        verdict.repeats += len(got) - len(once)
        named = {line.id for line in lines.get(name, ()) if line.named}
        verdict.named += len(wanted & named)
        verdict.reds += len(first_reds & named)
        newest: dict[str, int] = {}
        for id_ in once:
            alert, _, seq = id_.rpartition(".")
            verdict.disordered += int(seq) < newest.get(alert, 0)
            newest[alert] = max(newest.get(alert, 0), int(seq))
    return verdict


def percentile(lines: Iterable[Line], share: float) -> float | None:
    """Of their latencies in ms; None without any."""
    found = [line.latency_ms for line in lines if not math.isnan(line.latency_ms)]
    return round(float(np.percentile(found, share)), 1) if found else None

"""Which alert belongs to which anomaly, and what the demo concludes from it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.demo.processes import PATIENCE_S
from app.demo.verdict import Injected, fires, hold_against, read_anomalies, read_deliveries
from simulator.runner import DRAIN_S

T = 1_790_000_000_000_000
PM25 = ("air-001", "pm25", None)


def delivery(kind: str, alert: str, level: str, opened: int, target: Any = PM25, **more: Any) -> dict[str, Any]:
    begin = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=opened)).isoformat()
    device, metric, event_kind = target
    return {
        "type": f"ganzhi.alert.{kind}", "alert": alert, "level": level, "device": device, "metric": metric,
        "event_kind": event_kind, "opened_at": begin, "raised_at": begin, "arrived_us": opened + 50_000,
        "repeat": False, **more,
    }  # fmt: skip


def test_an_alert_that_rises_to_the_level_answers_its_anomaly() -> None:
    one = Injected(PM25, T, T + 1000, 4)
    told = [delivery("raised", "a", "blue", T), delivery("updated", "a", "red", T), delivery("cleared", "a", "red", T)]
    assert hold_against([one], told[:1]) == []
    assert not one.alerted
    assert hold_against([one], told) == []
    assert one.alerted
    assert one.arrivals == {"a": T + 50_000}


def test_two_alerts_for_one_anomaly_are_a_double_page() -> None:
    one, later = Injected(PM25, T, T, 1), Injected(PM25, T + 60_000_000, T + 60_000_000, 1)
    told = [
        delivery("raised", "a", "blue", T),
        delivery("raised", "b", "blue", T + 2_000_000),
        delivery("raised", "c", "blue", T + 60_000_000),
    ]
    assert hold_against([one, later], told) == []
    assert (set(one.arrivals), set(later.arrivals)) == ({"a", "b"}, {"c"})


def test_an_alert_without_an_anomaly_is_unexpected() -> None:
    one = Injected(PM25, T, T, 1)
    told = [
        delivery("raised", "a", "blue", T - 5_000_000),
        delivery("raised", "b", "red", T, ("cam-001", None, "smoke")),
    ]
    assert hold_against([one], told) == ["air-001 pm25", "cam-001 smoke"]
    assert not one.alerted


def test_fires_are_counted_once_for_each_alert() -> None:
    flame = ("rtsp-1", None, "flame")
    told = [delivery("raised", "a", "red", T, flame), delivery("updated", "a", "red", T, flame)]
    told += [delivery("raised", "b", "red", T, flame), delivery("raised", "c", "red", T, ("rtsp-1", None, "black"))]
    assert fires(told) == {"a", "b"}


def test_steps_of_an_anomaly_are_one_anomaly_of_the_highest_level(tmp_path: Path) -> None:
    (tmp_path / "anomalies.csv").write_text(
        "anomaly,device,metric,event_kind,level,ts_us,published_us,hidden\n"
        "1,air-001,pm25,,blue,10,11\n1,air-001,pm25,,yellow,10,31\n2,cam-001,,smoke,red,20,21\n"
    )
    first, second = read_anomalies(tmp_path)
    assert (first.target, first.begin, first.published, first.level) == (PM25, 10, 11, 2)
    assert (second.target, second.level) == (("cam-001", None, "smoke"), 4)


def test_repeats_refusals_and_older_alerts_are_left_out(tmp_path: Path) -> None:
    lines = [
        delivery("raised", "a", "blue", T),
        delivery("raised", "a", "blue", T, repeat=True),
        delivery("raised", "old", "blue", T - 1),
        {"refused": "none of the signatures fits", "arrived_us": T},
    ]
    file = tmp_path / "deliveries.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [one["alert"] for one in read_deliveries(file, T)] == ["a"]
    assert list(read_deliveries(tmp_path / "none", T)) == []


def test_who_waits_for_the_last_acknowledgements_is_not_killed_meanwhile() -> None:
    assert PATIENCE_S > DRAIN_S + 10, "the truth is written after the wait: without it there is no verdict"

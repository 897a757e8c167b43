"""The ground truth on disk: what was acknowledged, exactly."""

import csv
import json
from pathlib import Path

from simulator.anomalies import Anomaly, Step
from simulator.fleet import build_fleet
from simulator.ground_truth import Published, Truth
from simulator.messages import EventTruth, Message, ReadingTruth
from simulator.things import RULES

THINGS = build_fleet(12, 1)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_what_is_written_is_what_was_acknowledged(tmp_path: Path) -> None:
    anomaly = Anomaly(7, 1.0, THINGS[0], RULES[0], 4)
    with Truth(tmp_path / "truth") as truth:
        readings = ReadingTruth("a", "x", 1_000, 0.1 + 0.2), ReadingTruth("a", "y", None, 1e-7)
        truth.acknowledged(Published(Message("t", b"", readings, steps=(Step(anomaly, 2, 1_000),)), 5))
        truth.acknowledged(Published(Message("t", b"", events=(EventTruth("c", "id-1", "smoke", None, 9),)), 6))
        truth.acknowledged(Published(Message("t", b"", fault="no_json"), 7))
        truth.given_up(Message("t", b"", (ReadingTruth("a", "x", 2_000, 0.5),)))
        summary = truth.summary(1, 2, 0)
    folder = tmp_path / "truth"
    written = rows(folder / "readings.csv")
    assert [float(row["value"]) for row in written] == [0.1 + 0.2, 1e-7]
    assert [row["ts_us"] for row in written] == ["1000", ""]
    assert rows(folder / "given_up.csv") == [{"device": "a", "metric": "x", "ts_us": "2000", "value": "0.5"}]
    assert rows(folder / "events.csv") == [{"device": "c", "id": "id-1", "kind": "smoke", "state": "", "ts_us": "9"}]
    [step] = rows(folder / "anomalies.csv")
    assert (step["anomaly"], step["level"], step["metric"], step["event_kind"]) == ("7", "yellow", "pm25", "")
    assert (step["ts_us"], step["published_us"]) == ("1000", "5")
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert (summary["readings"], summary["events"], summary["faults"]) == (2, 1, {"no_json": 1})

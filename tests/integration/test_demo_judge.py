"""The demo's comparison of truth and store, on a real database: it must see each way to be wrong."""

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from app.demo.verdict import Verdict, judge

START = 1_790_000_000_000_000
SETUP = """
insert into profile (code, name, metrics) values ('p', 'P', '{"x": {}, "y": {}}');
insert into device (code, name, profile_id) select code, code, 1 from (values ('a'), ('b'), ('other')) as d (code);
select ensure_partition('2026-09-01');
"""
READING = """
insert into reading (series_id, ts, value)
select s.id, timestamptz 'epoch' + %s::bigint * interval '1 microsecond', %s
from series s join device d on d.id = s.device_id where d.code = %s and s.metric = %s
"""
EVENT = """
insert into event (id, device_id, ts, received_at, kind, state)
select gen_random_uuid(), id, timestamptz 'epoch' + %s::bigint * interval '1 microsecond', now(), %s, %s
from device where code = %s
"""
LETTER = """
insert into dead_letter (id, received_at, transport, address, reason, detail, payload, payload_size)
values (gen_random_uuid(), timestamptz 'epoch' + %s::bigint * interval '1 microsecond', 'mqtt', 't', 'r', 'd', '', 0)
"""
RIGHT = [
    (START + 1000, 0.1 + 0.2, "a", "x"),
    (START + 2000, 5e-324, "a", "x"),
    (START + 1001, 80.0, "b", "y"),  # these have no time of their own: twice 80, once 79
    (START + 2001, 80.0, "b", "y"),
    (START + 3001, 79.0, "b", "y"),
]


class Run:
    """A truth of five readings and two events, and a database that may be made to differ from it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        readings = [f"a,x,{START + 1000},{0.1 + 0.2!r}", f"a,x,{START + 2000},5e-324"]
        readings += ["b,y,,80.0", "b,y,,79.0", "b,y,,80.0"]
        events = [f"a,id-1,smoke,active,{START}", f"b,id-2,crowd,,{START + 9000}"]
        folder.mkdir()
        (folder / "readings.csv").write_text("\n".join(["device,metric,ts_us,value", *readings, ""]))
        (folder / "given_up.csv").write_text("device,metric,ts_us,value\n")
        (folder / "events.csv").write_text("\n".join(["device,id,kind,state,ts_us", *events, ""]))
        (folder / "anomalies.csv").write_text("anomaly,device,metric,event_kind,level,ts_us,published_us,hidden\n")
        summary = {
            "faults": {"no_json": 1},
            "past": {"devices": ["a"], "readings": 1},
            "stations": {"wanted": 2, "heard": 1},
            "slaves": ["a"],
            "started_us": START,
            "ended_us": START + 2_000_000,
        }
        (folder / "summary.json").write_text(json.dumps(summary))
        self.run(SETUP)
        for row in RIGHT:
            self.run(READING, *row)
        self.run(EVENT, START, "smoke", "active", "a")
        self.run(EVENT, START + 9000, "crowd", None, "b")
        self.run(LETTER, START + 5)
        # Of an earlier run, and of a device that is none of this run's: no concern of ours.
        self.run(READING, START - 1, 1.0, "a", "x")
        self.run(READING, START + 1000, 1.0, "other", "x")
        self.run(EVENT, START - 1, "smoke", "active", "a")
        self.run(LETTER, START - 5)

    def run(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.url, autocommit=True) as conn:
            assert conn.execute(statement.encode(), parameters or None).rowcount != 0

    def judged(self) -> Verdict:
        return judge(self.url, self.folder, self.folder / "deliveries.jsonl")


@pytest.fixture
def run(database: str, tmp_path: Path) -> Run:
    return Run(database, tmp_path / "truth")


def test_a_store_that_holds_the_truth_passes(run: Run) -> None:
    verdict = run.judged()
    assert (verdict.sent, verdict.stored, verdict.rejected) == (8, 7, 1)
    assert (verdict.lost, verdict.duplicates) == (0, 0)
    assert verdict.passed
    assert verdict.settled
    assert verdict.readings_per_s == 2.5
    assert list(json.loads(verdict.line())) == [
        "sent", "stored", "rejected", "lost", "duplicates", "anomalies_injected", "alerts_raised",
        "alerts_delivered", "alert_ms_p50", "alert_ms_p99", "readings_per_s", "video_fires_alerted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "loss",
    [
        "delete from reading where value = 5e-324",
        "delete from reading where value = 79",
        "delete from event where kind = 'crowd'",
    ],
)
def test_what_is_missing_is_lost(run: Run, loss: str) -> None:
    run.run(loss)
    verdict = run.judged()
    assert (verdict.lost, verdict.duplicates) == (1, 0)
    assert not verdict.passed


@pytest.mark.parametrize(
    "change",
    [
        "update reading set value = 0.3 where value = 0.1::float8 + 0.2::float8",
        "update reading set value = 81 where value = 79",
        "update reading set ts = ts + interval '1 microsecond' where value = 5e-324",
        "update event set state = 'inactive' where ts = '2026-09-21 14:13:20+00'",
    ],
)
def test_what_differs_is_lost_and_surplus(run: Run, change: str) -> None:
    run.run(change)
    verdict = run.judged()
    assert (verdict.lost, verdict.duplicates) == (1, 1)


def test_what_is_stored_twice_is_a_duplicate(run: Run) -> None:
    run.run(READING, START + 1, 0.1 + 0.2, "a", "x")
    run.run(READING, START + 4001, 80.0, "b", "y")
    run.run(EVENT, START, "smoke", "active", "a")
    verdict = run.judged()
    assert (verdict.lost, verdict.duplicates) == (0, 3)
    assert not verdict.passed


def test_what_a_sender_gave_up_may_be_stored_once_or_not_at_all(run: Run) -> None:
    with (run.folder / "given_up.csv").open("a") as file:
        file.write(f"a,x,{START + 3000},7.5\n")
    verdict = run.judged()
    assert (verdict.sent, verdict.stored, verdict.lost, verdict.duplicates) == (8, 7, 0, 0)
    run.run(READING, START + 3000, 7.5, "a", "x")
    verdict = run.judged()
    assert (verdict.sent, verdict.stored, verdict.lost, verdict.duplicates) == (8, 7, 0, 0)
    assert verdict.passed
    run.run(READING, START + 3001, 7.5, "a", "x")
    assert run.judged().duplicates == 1, "once more, at another time"


def test_an_anomaly_without_its_alert_fails_the_run(run: Run) -> None:
    with (run.folder / "anomalies.csv").open("a") as file:
        file.write(f"1,a,x,,red,{START},{START}\n")
    verdict = run.judged()
    assert verdict.anomalies_missed == ["a x"]
    assert not verdict.passed
    begin = "2026-09-21T14:13:20+00:00"
    line = {"repeat": False, "alert": "1", "device": "a", "metric": "x", "event_kind": None, "level": "red"}
    line |= {"type": "ganzhi.alert.raised", "opened_at": begin, "raised_at": begin, "arrived_us": START + 25_000}
    (run.folder / "deliveries.jsonl").write_text(json.dumps(line) + "\n")
    verdict = run.judged()
    assert verdict.passed
    assert (verdict.alerts_delivered, verdict.alert_ms_p50, verdict.alert_ms_p99) == (1, 25.0, 25.0)
    double = {**line, "alert": "2"}
    (run.folder / "deliveries.jsonl").write_text(json.dumps(line) + "\n" + json.dumps(double) + "\n")
    assert run.judged().duplicates == 1


def test_a_past_that_is_not_all_stored_fails_the_run(run: Run) -> None:
    verdict = run.judged()
    assert (verdict.past_told, verdict.past_stored, verdict.passed) == (1, 1, True)
    run.run("delete from reading where value = 1 and ts < '2026-09-21 14:13:20+00'")
    verdict = run.judged()
    assert (verdict.past_told, verdict.past_stored, verdict.lost, verdict.passed) == (1, 0, 0, False)


@pytest.mark.parametrize(("seconds", "heard", "passes"), [(70, 1, True), (80, 1, False), (80, 2, True)])
def test_a_station_that_a_long_run_did_not_hear_fails_it(run: Run, seconds: int, heard: int, passes: bool) -> None:
    file = run.folder / "summary.json"
    told = {"stations": {"wanted": 2, "heard": heard}, "ended_us": START + seconds * 1_000_000}
    file.write_text(json.dumps(json.loads(file.read_text()) | told))
    verdict = run.judged()
    assert (verdict.stations, verdict.passed) == ((heard, 2), passes)


@pytest.mark.parametrize(
    ("seconds", "slaves", "passes"), [(70, ["a", "z"], True), (80, ["a", "z"], False), (80, ["a", "b"], True)]
)
def test_a_slave_that_a_long_run_did_not_read_fails_it(run: Run, seconds: int, slaves: list[str], passes: bool) -> None:
    file = run.folder / "summary.json"
    told = {"stations": {"wanted": 2, "heard": 2}, "slaves": slaves, "ended_us": START + seconds * 1_000_000}
    file.write_text(json.dumps(json.loads(file.read_text()) | told))
    verdict = run.judged()
    assert (verdict.slaves, verdict.passed) == ((1 if "z" in slaves else 2, 2), passes)


def test_an_alert_of_what_is_seen_in_the_video_of_a_station_is_not_unexpected(run: Run) -> None:
    at = datetime.fromtimestamp(START / 1_000_000, UTC).isoformat()
    told = {"type": "ganzhi.alert.raised", "metric": None, "event_kind": "fire", "level": "red", "repeat": False}
    lines = [
        json.dumps({**told, "alert": code, "device": code, "opened_at": at, "raised_at": at, "arrived_us": START})
        for code in ("a", "b")
    ]
    (run.folder / "deliveries.jsonl").write_text("\n".join(lines) + "\n")
    assert run.judged().unexpected_alerts == ["b fire"], "a is one whose video the hub looks at"

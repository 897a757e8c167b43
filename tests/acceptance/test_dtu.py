"""DTUs that dial in to a hub: what their slaves measure is stored, whatever the line does, and commands reach them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import count, fetch
from tests.support.dtu import HEARTBEAT, FakeDtu, FakeSlave
from tests.support.hub import Hub, run_hub
from tests.support.process import free_port, wait_until

IMEI = "860000000000027"
EVENTS = "from event e join device d on d.id = e.device_id where d.code = 'probe-2'"


@contextmanager
def dialling(make: Callable[[], FakeDtu], port: int) -> Iterator[list[FakeDtu]]:
    """A DTU that dials again whenever its connection has ended; all of its connections."""
    made: list[FakeDtu] = []
    ended = threading.Event()

    async def dial() -> None:
        while not ended.is_set():
            made.append(make())
            try:
                async with asyncio.timeout(None):
                    running = asyncio.create_task(made[-1].run(port))
                    while not running.done() and not ended.is_set():
                        await asyncio.wait([running], timeout=0.05)
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
            except OSError:
                pass
            await asyncio.sleep(0.1)

    thread = threading.Thread(target=lambda: asyncio.run(dial()), name="dtu")
    thread.start()
    try:
        yield made
    finally:
        ended.set()
        thread.join(20)


def _values(database: str, code: str) -> list[float]:
    statement = """select round(value::numeric, 6)::float8
                   from reading join series s on s.id = series_id join device d on d.id = s.device_id where d.code = """
    return [value for (value,) in fetch(database, f"{statement}'{code}'")]


def _in_between(answer: bytes, number: int, within: set[int]) -> list[tuple[float, bytes]]:
    """Heartbeats inside and around answers, and pieces of them; `within`: slaves whose answer had one inside."""
    if number % 4 == 1:
        within.add(answer[0])
    match number % 4:
        case 0:
            return [(0.0, HEARTBEAT + answer)]
        case 1:
            return [(0.0, answer[:4] + HEARTBEAT + answer[4:])]
        case 2:
            return [(0.0, answer[:3]), (0.01, answer[3:] + HEARTBEAT)]
        case _:
            return [(0.0, answer)]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def hub(database: str, port: int, tmp_path: Path) -> Iterator[Hub]:
    """A hub that DTUs dial in to; it reads no broker's messages."""
    listeners = f'[{{"host": "127.0.0.1", "port": {port}, "registers_within_s": 5}}]'
    hub = Hub(database, free_port(), tmp_path, HUB_POLLING__LISTENERS=listeners, HUB_PATH_WATCH__ENABLED="false")
    try:
        hub.launch()
        wait_until(lambda: hub.api.get("/healthz").is_success, "the hub lives")
        yield hub
    finally:
        hub.close()


def _register(hub: Hub) -> None:
    spec = {"level": {"name": "level", "unit": "cm"}, "valve": {"name": "valve", "unit": "1"}}
    commands = {
        "set_valve": {
            "name": "valve",
            "schema": {"type": "object", "properties": {"open": {"type": "integer"}}, "required": ["open"]},
        }
    }
    polling: dict[str, Any] = {
        "timeout_s": 0.4,
        "registers": {"level": {"address": 40001, "type": "s16", "scale": 0.1}, "valve": {"address": 40011}},
        "writes": {"set_valve": {"function": 6, "address": 40011, "param": "open"}},
        "addressing": "40001",
    }
    body = {"name": "probe", "metrics": spec, "commands": commands, "interval_s": 0.5, "offline_after_s": 60}
    hub.put("/profiles/probe", **body, polling=polling)
    hub.put("/profiles/dtu", name="dtu", metrics={}, interval_s=60)
    hub.put("/devices/dtu-7", name="dtu", profile="dtu")
    for unit in (1, 2, 3):
        hub.put(f"/devices/probe-{unit}", name="probe", profile="probe", parent="dtu-7")
        hub.put(f"/devices/probe-{unit}/addresses/modbus/dtu-7/{unit}")


def test_slaves_of_a_line_are_polled_from_its_first_contact_on_and_through_a_kill(
    hub: Hub, database: str, port: int, tmp_path: Path
) -> None:
    slaves = {1: FakeSlave({0: 0xFF9B, 10: 0}), 2: FakeSlave({0: 1234})}  # 2 has no register 10, 3 is not there
    within = set[int]()
    with dialling(lambda: FakeDtu(IMEI.encode(), slaves, partial(_in_between, within=within)), port) as made:
        unknown = "select count(*) from dead_letter where reason = 'unknown_device' and payload = ''"
        wait_until(lambda: fetch(database, unknown) == [(1,)], "a DTU that nobody knows is told of")
        _register(hub)
        hub.put(f"/devices/dtu-7/addresses/imei/{IMEI}")
        wait_until(lambda: len(_values(database, "probe-1")) >= 6, "slave 1 is read", 60)
        wait_until(lambda: len(_values(database, "probe-2")) >= 2, "slave 2 is read", 60)
        assert set(_values(database, "probe-1")) == {-10.1, 0.0}
        assert set(_values(database, "probe-2")) == {123.4}
        wait_until(lambda: within >= {1, 2}, "heartbeats fell into answers of both", 60)
        faults = f"select e.state, attributes ->> 'registers', attributes ->> 'exception' {EVENTS}"
        wait_until(lambda: fetch(database, faults)[:1] == [("active", "10", "2")], "what a slave refuses is a fault")

        sent = hub.api.post("/api/v1/devices/probe-1/commands", json={"name": "set_valve", "params": {"open": 5}})
        assert sent.is_success, sent.text
        wait_until(lambda: slaves[1].written == [(10, 5)], "the command is written", 30)
        replied = "select reply from command"
        wait_until(lambda: fetch(database, replied)[0][0] is not None, "and answered", 30)
        assert fetch(database, replied)[0][0]["result"] == {"slave": "1"}
        slaves[2].registers[10] = 1
        cleared = f"select count(*) {EVENTS} and e.state = 'inactive'"
        wait_until(lambda: fetch(database, cleared) == [(1,)], "the fault is over", 60)

        wrong = """select address, complaints from poll_state
                   where address in ('1', '2') and complaints - array['silent', 'cut'] <> '{}'"""
        asked = "select coalesce(min(asked), 0)::int from poll_state where address in ('1', '2')"
        noted = fetch(database, asked)[0][0]
        wait_until(lambda: fetch(database, asked)[0][0] > noted + 2, "what became of them is noted", 30)
        assert fetch(database, wrong) == [], "no heartbeat has spoiled an answer"
        before = count(database, "reading")
        hub.kill()
        hub.launch()
        wait_until(lambda: count(database, "reading") > before + 3, "polling goes on after a kill", 60)
        assert fetch(database, cleared) == [(1,)]
        silent = "select complaint from poll_state where address = '3' and silent_since is not null"
        wait_until(lambda: fetch(database, silent) == [("silent",)], "who does not answer is known", 60)
        told = run_hub("check", env=hub.env, folder=tmp_path)[1]
        assert "slave 3 of line dtu-7 (probe-3) does not answer" in " ".join(told.split())
        shown = hub.api.get("/api/v1/devices/probe-3/diagnosis").json()
        assert any(finding["code"] == "slave_silent" for finding in shown["findings"]), shown
        assert hub.terminate() == 0
    assert max(dtu.most_out for dtu in made) == 1, "never more than one request on the line"

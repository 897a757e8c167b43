"""Stations dial in to a hub over real sockets: what they were answered is stored once, whatever breaks."""

import re
import socket
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import psycopg
import pytest
from typer.testing import CliRunner

from app.main import app
from devices.codecs.gb26875.writing import FIRE, Address, Part, state
from hub.models import now_micros
from tests.support.broker import Mosquitto
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub, run_hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import Process, free_port, wait_until
from tests.support.station_frames import MN, gb26875, gb26875_answer, hj212, hj212_answer, hj212_control, sl651

PROFILE = {"name": "Station", "metrics": {"cod": {"name": "COD", "unit": "mg/L"}}, "unknown_metrics": "add"}


class Station:
    """A station that waits for its answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def send(self, frame: bytes) -> None:
        self._socket.sendall(frame)

    def answer(self, length: int) -> bytes:
        """The next bytes; fewer where the hub has ended the connection."""
        got = b""
        while len(got) < length and (more := self._received(length - len(got))):
            got += more
        return got

    def _received(self, length: int) -> bytes:
        try:
            return self._socket.recv(length)
        except ConnectionResetError:
            return b""

    @property
    def address(self) -> str:
        """Its own."""
        return "{}:{}".format(*self._socket.getsockname())

    def close(self) -> None:
        self._socket.close()


Dial = Callable[[str], Station]


@pytest.fixture
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("hj212", "gb26875", "sl651")}


@pytest.fixture
def served(database: str, mosquitto: Mosquitto, tmp_path: Path, ports: dict[str, int]) -> Iterator[Hub]:
    """A hub that stations can dial in to; of HJ 212 with a password."""
    listening = {f"HUB_SESSION__{name.upper()}__LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()}
    hub = Hub(database, mosquitto.port, tmp_path, HUB_SESSION__HJ212__PASSWORD="123456", **listening)
    try:
        yield hub.start()
    finally:
        hub.close()


@pytest.fixture
def dial(ports: dict[str, int]) -> Iterator[Dial]:
    """Makes stations of a protocol that dial in."""
    made: list[Station] = []

    def one(protocol: str) -> Station:
        made.append(Station(ports[protocol]))
        return made[-1]

    yield one
    for station in made:
        station.close()


def register(hub: Hub, **addresses: str) -> None:
    hub.put("/profiles/station", **PROFILE)
    for number, (scheme, address) in enumerate(addresses.items(), 1):
        hub.put(f"/devices/s{number}", name=scheme, profile="station")
        hub.put(f"/devices/s{number}/addresses/{scheme}/{address}")
    if "--roles" not in hub.arguments:  # an API alone knows none
        hub.wait_for_devices(len(addresses))


def values(url: str) -> list[float]:
    with psycopg.connect(url) as conn:
        return [value for (value,) in conn.execute("select value from reading order by series_id, ts").fetchall()]


def letters(url: str) -> list[tuple[str, str | None]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select reason, device from dead_letter order by received_at").fetchall()


def test_what_a_kill_cuts_off_before_its_commit_is_sent_again_and_stored_once(
    served: Hub, database: str, dial: Dial
) -> None:
    register(served, hj212=MN)
    station = dial("hj212")
    station.send(hj212(1))
    assert station.answer(len(hj212_answer(1))) == hj212_answer(1)
    with psycopg.connect(database) as holding:
        holding.execute("lock table reading in share mode")
        station.send(hj212(2))
        with psycopg.connect(database, autocommit=True) as looking:
            waiting = "select from pg_locks where not granted"
            wait_until(lambda: looking.execute(waiting).fetchall(), "the commit waits")
        served.kill()
    assert station.answer(1) == b"", "it was not answered"
    served.start()
    assert values(database) == [1.5]
    again = dial("hj212")
    again.send(hj212(2) + hj212(2)[:20])
    assert again.answer(len(hj212_answer(2))) == hj212_answer(2)
    again.close()
    assert values(database) == [1.5, 2.5]
    once_more = dial("hj212")
    once_more.send(hj212(2))
    assert once_more.answer(len(hj212_answer(2))) == hj212_answer(2)
    assert values(database) == [1.5, 2.5]


PAGES = """
select a.target, count(distinct a.id), count(o.id) from alert a join outbox o on o.alert_id = a.id
group by a.target order by a.target
"""


def test_two_detectors_behind_one_transmitter_page_once_each_though_the_hub_is_killed_between_them(
    served: Hub, database: str, dial: Dial
) -> None:
    served.put("/consumers/desk", url="http://127.0.0.1:9/")
    served.put("/rules/fire", name="Fire", event_kind="fire", level="red", guidance=GUIDANCE)
    register(served, gb26875="010203040506")
    began = now_micros() // 1_000_000 * 1_000_000

    def burning(component: int) -> bytes:
        address = Address("010203040506", began, ZoneInfo("Asia/Shanghai"))
        return state(address, component, Part(1, 3, 40, component), FIRE, f"corridor {component}")

    with psycopg.connect(database, autocommit=True) as conn:
        sender = dial("gb26875")
        sender.send(burning(1))
        assert sender.answer(30)[26] == 3
        with psycopg.connect(database) as holding:
            holding.execute("lock table event in share mode")
            sender.send(burning(2))
            waiting = "select from pg_locks where not granted"
            wait_until(lambda: conn.execute(waiting).fetchall(), "the commit waits")
            served.kill()
        assert sender.answer(1) == b"", "it was not answered"
        first, second = ("s1/fire/1/3/40-1", 1, 1), ("s1/fire/1/3/40-2", 1, 1)
        assert conn.execute(PAGES).fetchall() == [first]
        for _ in range(2):
            served.start()
            sender = dial("gb26875")
            for component in (1, 2):
                sender.send(burning(component))
                assert sender.answer(30)[26] == 3, "what is stored already is confirmed"
            assert conn.execute(PAGES).fetchall() == [first, second]
            served.kill()


def test_a_station_that_nobody_has_registered_is_told_so_and_replayed_once_it_is(
    served: Hub, database: str, dial: Dial, tmp_path: Path
) -> None:
    station = dial("hj212")
    refusal = hj212_answer(1, command="9011", data="QnRtn=4")
    station.send(hj212(1))
    assert station.answer(len(refusal)) == refusal
    assert letters(database) == [("unknown_device", MN)]
    register(served, hj212=MN)
    env = served.env | {"HUB_URL": str(served.api.base_url)}
    status, said = run_hub("dead-letters", "replay", "--reason", "unknown_device", env=env, folder=tmp_path)
    assert (status, "1 stored" in said) == (0, True), said
    assert values(database) == [1.5]
    wrong = hj212_answer(2, password="654321", command="9011", data="QnRtn=3")
    station.send(hj212(2, password="654321"))
    assert station.answer(len(wrong)) == wrong
    broken = bytearray(hj212(3))
    broken[40] ^= 1
    station.send(bytes(broken) + hj212(4))
    assert station.answer(len(hj212_answer(4))) == hj212_answer(4), "a wrong checksum is not answered"
    assert letters(database) == [("wrong_password", "s1"), ("bad_checksum", "s1")]


def test_each_protocol_is_stored_and_confirmed(served: Hub, database: str, dial: Dial) -> None:
    register(served, gb26875="1.2.3.4.5.6", sl651="0011223344")
    fire, river = dial("gb26875"), dial("sl651")
    fire.send(gb26875(7, b"\x06\x05\x04\x03\x02\x01"))
    assert fire.answer(30)[24:27] == gb26875_answer(7)[24:27], "confirmed"
    river.send(sl651(1))
    assert river.answer(25)[:13] == bytes.fromhex("7E7E00112233440503E8328008")
    with psycopg.connect(database) as conn:
        assert ("fire", "active") in conn.execute("select kind, state from event").fetchall()
    assert 4.0 in values(database)


def listening(ports: dict[str, int]) -> dict[str, str]:
    return {f"HUB_SESSION__{name.upper()}__LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()}


def test_a_station_is_told_and_what_it_answers_settles_the_command(served: Hub, database: str, dial: Dial) -> None:
    check_both_ways(served, database, dial)


def test_with_workers(database: str, mosquitto: Mosquitto, tmp_path: Path, ports: dict[str, int], dial: Dial) -> None:
    hub = Hub(database, mosquitto.port, tmp_path, "--workers", "2", **listening(ports))
    try:
        check_both_ways(hub.start(), database, dial)
        assert hub.terminate() == 0
    finally:
        hub.close()


@pytest.mark.heavy
def test_on_the_edge_of_the_bus(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path, ports: dict[str, int], dial: Dial
) -> None:
    """An edge with a database: the station's frame goes into the bus, the command comes from another process."""
    env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mosquitto.port), **kafka.env}
    api = Hub(database, mosquitto.port, tmp_path, "--roles", "api", **kafka.env)
    command = [sys.executable, "-m", "app.main", "serve", "--roles"]
    processes = [
        Process([*command, role], tmp_path / f"{role}.log", {**env, **more})
        for role, more in (("edge", {**listening(ports), "HUB_SESSION__EDGE_READS_DEVICES": "true"}), ("worker", {}))
    ]
    try:
        for process in processes:
            process.start()
        api.start()
        for port in ports.values():
            processes[0].wait_for_port(port)
        check_both_ways(api, database, dial)
    finally:
        api.close()
        for process in processes:
            if process.running:
                process.kill()


def check_both_ways(served: Hub, database: str, dial: Dial) -> None:
    """Stations are answered, stored and told; what one answers settles the command."""
    register(served, gb26875="1.2.3.4.5.6", hj212=MN)
    schema = {"type": "object"}
    names = ("duty_check", "set_clock", "set_interval", "query", "dance")
    commands = {name: {"name": name, "schema": schema} for name in names}
    served.put("/profiles/station", **{**PROFILE, "commands": commands})
    fire, water = dial("gb26875"), dial("hj212")
    fire.send(gb26875(7, b"\x06\x05\x04\x03\x02\x01"))
    water.send(hj212(1))
    assert fire.answer(30)[26] == 3
    assert water.answer(len(hj212_answer(1))) == hj212_answer(1)
    with psycopg.connect(database, autocommit=True) as conn:
        wait_until(lambda: len(conn.execute("select from session").fetchall()) == 2, "both have a session")

    def command(device: str, name: str, wait_s: float = 0, **params: int) -> dict[str, Any]:
        body = {"name": name, "params": params}
        return dict(served.api.post(f"/api/v1/devices/{device}/commands", json=body, params={"wait_s": wait_s}).json())

    id_ = command("s1", "duty_check", minutes=3)["id"]
    asked = fire.answer(33)
    assert (asked[24:30], asked[18:24]) == (bytes.fromhex("0300015B0103"), b"\x06\x05\x04\x03\x02\x01")
    answer = asked[:12] + asked[18:24] + asked[12:18] + b"\0\0" + bytes([3])
    fire.send(answer + bytes([sum(answer[2:]) & 0xFF]) + b"##")

    def told() -> dict[str, Any]:
        return dict(served.api.get(f"/api/v1/commands/{id_}").json())

    wait_until(lambda: told()["state"] == "replied", "the device has confirmed")
    assert told()["reply"] == {"result": "confirmed"}
    command("s1", "dance", wait_s=10)
    newest = served.api.get("/api/v1/devices/s1/commands").json()["items"][0]
    assert (newest["state"], "duty_check" in newest["error"]) == ("failed", True), newest
    check_control(served, database, water)
    fire.close()
    with psycopg.connect(database, autocommit=True) as conn:
        ended = "select from session where ended_at is not null"
        wait_until(lambda: conn.execute(ended).fetchall(), "its session has ended")


def check_control(served: Hub, database: str, water: Station) -> None:
    """A monitor is told nothing until control of it is on; then one thing after the other, each with its result."""
    url = "/api/v1/devices/s2/commands"

    def tell(name: str, **params: Any) -> Any:
        body = {"name": name, "params": params, "timeout_s": 60}
        return served.api.post(url, json=body, params={"wait_s": 0}, timeout=60).json()

    def answer(asked: bytes, command: str, data: str) -> None:
        qn = asked[9:26].decode()
        water.send(hj212_control(qn, command, data))

    def frame() -> bytes:
        head = water.answer(6)
        return head + water.answer(int(head[2:]) + 6)

    def state(id_: str) -> tuple[str, Any, str | None]:
        found = served.api.get(f"/api/v1/commands/{id_}").json()
        return found["state"], found["reply"], found["error"]

    refused = tell("set_clock")
    assert (refused["status"], "hub devices control on s2" in refused["detail"]) == (409, True), refused
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "insert into device_control (device_id, reason, until, asked_by, approved_by, approved_at) "
            "select id, 'audit', now() + interval '1 hour', 'a', 'b', now() from device where code = 's2'"
        )
        first = tell("set_interval", seconds=60)["id"]
        asked = frame()
        assert b";ST=32;CN=1062;PW=" in asked, asked
        assert f";MN={MN};Flag=5;CP=&&RtdInterval=60&&".encode() in asked
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(tell, "query", data="minute", begin="2026-07-01T00:00:00Z", end="2026-07-01T01:00:00Z")
            queued = "select id from command where name = 'query' and taken_at is not null and state = 'pending'"
            wait_until(lambda: conn.execute(queued).fetchall(), "the second one waits for the first")
            answer(asked, "9011", "QnRtn=1")
            assert state(first)[0] == "sent"
            answer(asked, "9012", "ExeRtn=1")
            wait_until(lambda: state(first)[0] == "replied", "it was executed")
            assert state(first)[1] == {"result": {"ExeRtn": 1}}
            asked = frame()
            assert b"CN=2051;" in asked, asked
            assert b"BeginTime=20260701080000,EndTime=20260701090000&&" in asked, asked
            answer(asked, "9011", "QnRtn=3")
            wait_until(lambda: state(second.result(60)["id"])[0] == "failed", "it was refused")
            assert "QnRtn=3, wrong password" in str(state(second.result()["id"])[2])
        conn.execute("update device_control set until = now() - interval '1 s', asked_at = now() - interval '1 h'")
        assert tell("set_clock")["status"] == 409, "its time is over"


def test_what_is_sent_thrice_late_in_another_order_and_by_a_stranger_is_stored_once(
    served: Hub, database: str, dial: Dial
) -> None:
    register(served, hj212=MN)
    first, second = dial("hj212"), dial("hj212")
    for station, number in ((first, 3), (first, 1), (second, 1), (first, 1), (second, 2), (second, 3)):
        station.send(hj212(number))
        assert station.answer(len(hj212_answer(number))) == hj212_answer(number), "each is answered"
    forged = dial("hj212")
    for number in (1, 4):
        forged.send(hj212(number, password="000000"))
        refusal = hj212_answer(number, password="000000", command="9011", data="QnRtn=3")
        assert forged.answer(len(refusal)) == refusal
    late = dial("hj212")
    late.send(hj212(2))
    assert late.answer(len(hj212_answer(2))) == hj212_answer(2)
    assert values(database) == [1.5, 2.5, 3.5]
    assert letters(database) == [("wrong_password", "s1")] * 2


class Told(Protocol):
    """What a command of the hub says."""

    def __call__(self, *words: str, key: str = "", status: int | None = 0) -> str: ...


def teller(hub: Hub) -> Told:
    """Runs `hub WORDS` in this process; a test that starts a process for each takes ten times as long."""

    def told(*words: str, key: str = "", status: int | None = 0) -> str:
        env = hub.env | {"HUB_URL": str(hub.api.base_url), "COLUMNS": "200"} | ({"HUB_API__TOKEN": key} if key else {})
        found = CliRunner().invoke(app, list(words), env=env)
        assert status in (None, found.exit_code), found.output
        return found.output

    return told


@pytest.fixture
def sealing(database: str, mosquitto: Mosquitto, tmp_path: Path, ports: dict[str, int]) -> Iterator[Hub]:
    """As `served`, with a key for secrets."""
    key = b64encode(b"k" * 32).decode()
    listening = {f"HUB_SESSION__{name.upper()}__LISTEN": f"127.0.0.1:{ports[name]}" for name in ("hj212", "sl651")}
    shared = {"HUB_SESSION__HJ212__PASSWORD": "123456", "HUB_SECRETS__KEY": key}
    hub = Hub(database, mosquitto.port, tmp_path, **shared, **listening)
    try:
        yield hub.start()
    finally:
        hub.close()


def test_a_station_shows_a_password_of_its_own_which_is_changed_while_it_sends(
    sealing: Hub, database: str, dial: Dial
) -> None:
    register(sealing, hj212=MN)
    told = teller(sealing)
    first, second, third = "Own7Secret", "Own8Secret", "Own9Secret"

    def shows(password: str) -> str:
        """What a frame with it is answered: its CN."""
        asking = dial("hj212")
        asking.send(hj212(1, password=password))
        answer = asking.answer(len(hj212_answer(1, password=password)))
        asking.close()
        return answer.partition(b";CN=")[2][:4].decode()

    assert "none of its own" in told("devices", "passwords", "list", "s1")
    told("devices", "passwords", "set", "s1", "hj212", "--password", first)
    wait_until(lambda: shows(first) == "9014", "its own counts")
    assert shows("123456") == "9011", "that of all others does not count for it"
    assert shows(second) == "9011"
    diagnosed = told("devices", "diagnose", "s1", "--lang", "en")
    assert "hub devices passwords set s1 hj212" in diagnosed, diagnosed
    said = told("devices", "passwords", "set", "s1", "hj212", "--password", second, "--former-hours", "1")
    assert "the former one is taken until" in said
    wait_until(lambda: shows(second) == "9014", "the new one counts")
    assert shows(first) == "9014", "and the former one, while it is changed on site"
    told("devices", "passwords", "set", "s1", "hj212", "--password", third)
    wait_until(lambda: shows(third) == "9014", "the third one counts")
    assert (shows(second), shows(first)) == ("9011", "9011")
    sealing.kill()
    sealing.start()
    assert (shows("123456"), shows(third)) == ("9011", "9014"), "from the first frame after a start"
    secrets = (first, second, third)
    kept = "select string_agg(detail::text, ' ') from audit"
    with psycopg.connect(database) as conn:
        (audited,) = conn.execute(kept).fetchone() or ("",)
        (stored,) = conn.execute("select password from station_password").fetchone() or ("",)
    assert "former_hours" in audited
    assert not any(secret in text for secret in secrets for text in (audited, stored, sealing.text(), diagnosed))
    told("devices", "passwords", "remove", "s1", "hj212")
    wait_until(lambda: shows("123456") == "9014", "that of all counts again")
    assert shows(third) == "9011"
    assert "hj212, sl651" in told("devices", "passwords", "set", "s1", "gb26875", "--password", "x", status=1)


def test_two_stations_of_one_number_and_who_may_be_controlled_are_told_of(
    served: Hub, database: str, dial: Dial
) -> None:
    register(served, hj212=MN)
    told = teller(served)

    older, newer = both = [dial("hj212") for _ in range(2)]
    for number, station in enumerate((older, newer, older)):
        station.send(hj212(number))
        assert station.answer(len(hj212_answer(number))) == hj212_answer(number), "each is answered what it sent"

    def noted() -> Any:
        with psycopg.connect(database) as conn:
            return conn.execute("select twin_peers, peer from session where twin_at is not null").fetchone()

    wait_until(noted, "it is noted")
    addresses = [station.address for station in both]
    assert noted() == (addresses[::-1], newer.address)
    # who was heard is written every 5 s: until then the diagnosis says that nothing works
    diagnosed = told("devices", "diagnose", "s1", "--lang", "en", status=None)
    assert all(address in diagnosed for address in addresses), diagnosed
    assert "another number" in diagnosed
    li, wang = (
        re.findall("gz_[0-9A-Za-z]+", told("keys", "add", name, "--role", "integrator"))[0] for name in ("li", "wang")
    )
    wait_until(
        lambda: served.api.get("/api/v1/session", headers={"Authorization": f"Bearer {wang}"}).is_success, "keys"
    )
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    control = "devices", "control"
    assert "s1: off" in told(*control, "show", "s1", key=li)
    assert "s1: waiting" in told(*control, "on", "s1", "--reason", "order 2026-117", "--until", until, key=li)
    told(*control, "approve", "s1", key=li, status=1)
    assert "approved by wang" in told(*control, "approve", "s1", key=wang)
    assert "s1: on" in told(*control, "show", "s1", key=li)
    checked = told("check", status=None)
    assert all(address in checked for address in addresses), checked
    assert f"反控) of s1 is on until {until[:10]}" in checked, checked
    assert "hub devices control off s1" in checked
    assert "s1: off" in told(*control, "off", "s1", key=wang)
    assert "反控" not in told("check", status=None)

"""Slaves that misbehave behind DTUs, through sockets: an answer is never taken for another slave's."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.crc16 import crc16
from tests.support.batches import fetch
from tests.support.hub import Hub
from tests.support.process import free_port, wait_until

METER = "00000000012345"
Answer = Callable[[bytes, int], list[tuple[float, bytes]]]
"""Of a request and its number: pieces that are sent, each so many seconds after the one before."""


def _rtu(body: bytes) -> bytes:
    return body + crc16(body).to_bytes(2, "little")


def _holding(unit: int, value: int) -> bytes:
    return _rtu(struct.pack(">BBBH", unit, 3, 2, value))


def _rtu_answer(request: bytes, number: int) -> list[tuple[float, bytes]]:
    """Slave 1 measures 111, slave 2 222; in turn with an address that is not there, a wrong sum, late, glued, cut."""
    unit = request[0]
    right = _holding(unit, 111 * unit)
    if unit == 3:  # always with the address of another
        return [(0.0, _holding(9, 333))]
    match number % 6:
        case 0:
            return [(0.0, _holding(unit + 8, 666))]
        case 1:
            wrong = _holding(unit, 777)
            return [(0.0, wrong[:-1] + bytes((wrong[-1] ^ 1,)))]
        case 2:
            return [(0.7, right)]
        case 3:
            return [(0.0, _holding(unit + 8, 666) + right + _holding(unit + 8, 666))]
        case 4:
            return [(0.0, right[:5])]
        case _:
            return [(0.0, right)]


def _tcp_answer(request: bytes, number: int) -> list[tuple[float, bytes]]:
    """Slave 1 measures 444; in turn with another transaction, another unit, in pieces, and glued."""
    transaction, unit = int.from_bytes(request[:2], "big"), request[6]

    def framed(told: int, who: int, value: int) -> bytes:
        return struct.pack(">HHHBBBH", told & 0xFFFF, 0, 5, who, 3, 2, value)

    right = framed(transaction, unit, 444)
    match number % 4:
        case 0:
            return [(0.0, framed(transaction - 1, unit, 666))]
        case 1:
            return [(0.0, framed(transaction, unit + 1, 666))]
        case 2:
            return [(0.0, right[:4]), (0.05, right[4:])]
        case _:
            return [(0.0, framed(transaction - 1, unit, 666) + right)]


def _meter_answer(request: bytes, number: int) -> list[tuple[float, bytes]]:
    """A water meter at 123.45 m3; in turn with the address of another, and with a wrong sum."""
    begin = request.index(0x68)
    address = request[begin + 2 : begin + 9]
    total = bytes.fromhex("45230100")

    def framed(who: bytes) -> bytes:
        data = b"\x90\x1f" + request[begin + 13 : begin + 14] + total + b"\x2c" + total + b"\x2c"
        moment = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y%m%d%H%M%S")
        data += bytes.fromhex(moment)[::-1] + b"\x00\x00"
        body = b"\x68\x10" + who + b"\x81" + bytes((len(data),)) + data
        return body + bytes((sum(body) & 0xFF,)) + b"\x16"

    right = framed(address)
    match number % 3:
        case 0:
            return [(0.0, b"\xfe\xfe" + framed(bytes(7)))]
        case 1:
            return [(0.0, right[:-2] + bytes((right[-2] ^ 1,)) + right[-1:])]
        case _:
            return [(0.0, b"\xfe\xfe\xfe" + right)]


@contextmanager
def _dialled(port: int, registration: bytes, answer: Answer) -> Iterator[list[bytes]]:
    """A DTU on a connection of its own; what it was asked."""
    asked: list[bytes] = []
    line = socket.create_connection(("127.0.0.1", port))

    def answering() -> None:
        with suppress(OSError):
            line.sendall(registration)
            while request := line.recv(4096):
                asked.append(request)
                for seconds, piece in answer(request, len(asked)):
                    sleep(seconds)
                    line.sendall(piece)

    thread = threading.Thread(target=answering, name="dtu")
    thread.start()
    try:
        yield asked
    finally:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()
        thread.join(10)


def _ends(port: int, registration: bytes) -> bool:
    """Whether the hub ends a connection that registers so, without having asked anything."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.settimeout(20)
        line.sendall(registration)
        try:
            return line.recv(64) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture
def hub(database: str, ports: tuple[int, int], tmp_path: Path) -> Iterator[Hub]:
    """A hub that DTUs dial in to, at one port with a secret; it reads no broker's messages."""
    plain, secret = ports
    listeners = f"""[{{"host": "127.0.0.1", "port": {plain}}},
        {{"host": "127.0.0.1", "port": {secret}, "registration": "REG:{{id}},{{secret}};"}}]"""
    hub = Hub(database, free_port(), tmp_path, HUB_POLLING__LISTENERS=listeners, HUB_PATH_WATCH__ENABLED="false")
    try:
        hub.launch()
        yield hub
    finally:
        hub.close()


def _dtu(hub: Hub, code: str, imei: str | None, protocol: str, slaves: dict[str, str]) -> None:
    """A DTU, and its slaves: the code of each, and its address."""
    polling: dict[str, Any] = {"protocol": protocol, "timeout_s": 0.3, "retries": 3}
    if protocol != "cjt188":
        polling["registers"] = {"value": {"address": 0}}
    body = {"name": protocol, "interval_s": 0.5, "offline_after_s": 60, "polling": polling}
    units = {"volume": "m3", "volume_settled": "m3", "valve": "1"} if protocol == "cjt188" else {"value": "1"}
    metrics = {name: {"name": name, "unit": unit} for name, unit in units.items()}
    hub.put(f"/profiles/{protocol}", **body, metrics=metrics)
    hub.put("/profiles/dtu", name="dtu", metrics={}, interval_s=60)
    hub.put(f"/devices/{code}", name=code, profile="dtu")
    if imei is not None:
        hub.put(f"/devices/{code}/addresses/imei/{imei}")
    for slave, address in slaves.items():
        hub.put(f"/devices/{slave}", name=slave, profile=protocol, parent=code)
        hub.put(f"/devices/{slave}/addresses/{'cjt188' if protocol == 'cjt188' else 'modbus'}/{address}")


@pytest.mark.heavy
def test_what_misbehaving_slaves_answer_is_never_taken_for_anothers(
    hub: Hub, database: str, ports: tuple[int, int]
) -> None:
    plain, secret = ports

    def values(code: str) -> list[float]:
        statement = """select value from reading join series s on s.id = series_id
                       join device d on d.id = s.device_id where d.code = """
        return [value for (value,) in fetch(database, f"{statement}'{code}'")]

    measured = {
        "one": {111.0}, "two": {222.0}, "alien": set[float](), "four": {444.0}, "kept": {111.0},
        "meter": {123.45, 0.0},  # volumes, and a valve that is open
    }  # fmt: skip

    def check() -> None:
        """At each look, so that what is another's, or no answer, fails at once and keeps nothing waiting."""
        refused = "select reason, address from dead_letter"
        assert fetch(database, refused) == [], "what is no answer is never handed on as one"
        found = {code: set(values(code)) for code in measured}
        assert {code: each for code, each in found.items() if not each <= measured[code]} == {}

    def is_read(code: str) -> bool:
        check()
        return len(values(code)) >= 3

    _dtu(hub, "vault", None, "modbus-rtu", {"kept": "vault/1"})
    hub.put("/devices/vault/addresses/dtu/vault-9")
    issued = hub.api.post("/api/v1/devices/vault/credentials", json={"kind": "password"})
    assert issued.status_code == 201, issued.text
    word = issued.json()["secret"]
    _dtu(hub, "line", "860000000000027", "modbus-rtu", {"one": "line/1", "two": "line/2", "alien": "line/3"})
    _dtu(hub, "converter", "860000000000035", "modbus-tcp", {"four": "converter/1"})
    _dtu(hub, "house", "860000000000043", "cjt188", {"meter": METER})
    # What each was asked again for: without a look at the sum, or at who answers, one of these would never come.
    why = """select d.code from poll_state p join device d on d.id = p.device_id
             where complaints ?& case d.code when 'one' then array['slave', 'checksum', 'cut']
                                             when 'two' then array['slave', 'checksum', 'cut'] else array['noise'] end
               and d.code in ('one', 'two', 'four', 'meter') order by 1"""
    with (
        _dialled(plain, b"860000000000027", _rtu_answer) as asked,
        _dialled(plain, b"860000000000035", _tcp_answer),
        _dialled(plain, b"860000000000043", _meter_answer),
        ExitStack() as later,
    ):
        for code in ("one", "two", "four", "meter"):
            wait_until(partial(is_read, code), f"{code} is read", 60)
        # What was registered after the secret is known, so that is, too.
        later.enter_context(_dialled(secret, f"REG:vault-9,{word};".encode(), _rtu_answer))
        wait_until(partial(is_read, "kept"), "kept is read", 60)
        silent = "select complaint from poll_state where address = '3' and silent_since is not null"
        wait_until(lambda: fetch(database, silent) == [("slave",)], "another slave answers in its place", 60)
        four = [("four",), ("meter",), ("one",), ("two",)]

        def known() -> bool:
            check()
            return fetch(database, why) == four

        wait_until(known, "each knows what was wrong", 60)
        units = [request[0] for request in asked]
        first = units.index(3)
        assert units[first : first + 5].count(3) == 4, "asked three times again, and then left alone"
        check()
    assert {code: set(values(code)) for code in measured} == measured

    assert _ends(secret, b"REG:vault-9,wrong-horse;")
    letters = "select count(*) from dead_letter where reason = 'wrong_password'"
    wait_until(lambda: fetch(database, letters) == [(1,)], "a wrong secret is told", 20)
    assert word not in hub.text()
    assert hub.terminate() == 0

"""Numbered messages, published fast, and checked one by one: what was acknowledged is in the store exactly once.

Message k comes from device k modulo DEVICES, has the value k and, if timed, the time START_MS + k.
"""

import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from tests.support.hub import Hub
from tests.support.load import packet
from tests.support.process import wait_until

DEVICES = 20
START_MS = time.time_ns() // 1_000_000 - 8 * 3_600_000
"""Behind all arrivals, and not so old that nobody is paged (rules.stale_after_s)."""
BLOCK = 200
WINDOW = 5_000
"""Unacknowledged messages at most; packet ids come round after 65,535."""
SILENCE_S = 120.0
"""How long the broker may acknowledge nothing before the publisher gives up."""


def register(hub: Hub, *, ingests: bool = True) -> None:
    """The devices that numbered messages come from; known to the ingest path on return, if the hub `ingests`."""
    hub.put("/profiles/counter", name="counter", metrics={"n": {"name": "n", "unit": "1"}})
    rows = "".join(f"counter-{number},counter,counter\n" for number in range(DEVICES))
    answer = hub.api.post(
        "/api/v1/devices:import", content=f"code,name,profile\n{rows}", headers={"content-type": "text/csv"}
    )
    assert answer.json()["created"] == DEVICES
    if ingests:
        hub.wait_for_devices(DEVICES)


def message(number: int, start_ms: int | None = START_MS, pad: int = 0) -> tuple[str, bytes]:
    """Topic and payload of a message; without a start it has no time of its own; `pad` bytes make it larger."""
    before = b"" if start_ms is None else b'"ts":%d,' % (start_ms + number)
    before += b'"pad":"%b",' % (b"x" * pad) if pad else b""
    return f"ganzhi/v1/counter-{number % DEVICES}/telemetry", b'{%b"values":{"n":%d}}' % (before, number)


class Numbers:
    """Publishes `count` numbered messages with QoS 1 while a `with` block runs; at its end all are acknowledged.

    When the connection breaks, what has not been acknowledged is published again on a new one.
    """

    def __init__(
        self,
        port: int,
        count: int,
        start_ms: int | None = START_MS,
        *,
        pad: int = 0,
        rate: int = 0,
        stops: Sequence[float] = (),
    ) -> None:
        """`rate` is messages a second; 0 is as fast as the broker takes them.

        At each of `stops`, shares of `count`, it waits for go_on: a fault cannot come after the load is over.
        """
        self._port, self._rate = port, rate
        self._message = partial(message, start_ms=start_ms, pad=pad)
        self.acknowledged_at: NDArray[np.float64] = np.zeros(count)
        """By number: when the broker acknowledged it, in seconds of the epoch; 0 is not yet."""
        self._stops = [int(count * share) for share in stops]
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="numbers")

    @property
    def acknowledged(self) -> int:
        """How many messages the broker has acknowledged."""
        return int(np.count_nonzero(self.acknowledged_at))

    def go_on(self) -> None:
        """Publish up to the next stop, or the rest."""
        if self._stops:
            self._stops.pop(0)

    def __enter__(self) -> "Numbers":
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._ended.set()
        self._stops.clear()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def _work(self) -> None:
        try:
            while not self._ended.is_set() and self.acknowledged < len(self.acknowledged_at):
                try:
                    with socket.create_connection(("127.0.0.1", self._port), timeout=5) as sock:
                        self._converse(sock)
                except OSError:
                    self._ended.wait(0.05)  # the broker is away
        except BaseException as error:  # noqa: BLE001 it is raised again where the block ends
            self._failure = error

    def _converse(self, sock: socket.socket) -> None:
        name = b"numbers"
        sock.sendall(b"\x10" + bytes([12 + len(name)]) + b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack("!H", 7) + name)
        if sock.recv(4) != b"\x20\x02\x00\x00":
            raise ConnectionError("the broker refuses the connection")
        sock.setblocking(False)
        selector = selectors.DefaultSelector()
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        open_ = _Window(np.flatnonzero(self.acknowledged_at == 0), self._message)
        began = heard = time.monotonic()
        while not self._ended.is_set() and open_.acknowledged < open_.total:
            now = time.monotonic()
            limits = [open_.up_to(stop) for stop in self._stops[:1]]
            limits += [int((now - began) * self._rate)] if self._rate else []
            open_.allowed = min(limits, default=open_.total)
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if open_.fill() else 0)
            selector.modify(sock, wanted)
            for _, ready in selector.select(0.01):
                if ready & selectors.EVENT_WRITE:
                    open_.unsent = open_.unsent[sock.send(open_.unsent) :]
                if ready & selectors.EVENT_READ:
                    data = sock.recv(1 << 16)
                    if not data:
                        raise ConnectionResetError("the broker closed the connection")
                    self.acknowledged_at[open_.take(data)] = time.time()
                    heard = now
            if open_.acknowledged == open_.sent:
                heard = now
            elif now - heard > SILENCE_S:
                raise AssertionError(f"no acknowledgement within {SILENCE_S:g} s")


class _Window:
    """What one connection has sent, may send, and has seen acknowledged."""

    def __init__(self, numbers: NDArray[np.int64], message: Callable[[int], tuple[str, bytes]]) -> None:
        self._numbers, self._message = numbers, message
        self.total = self.allowed = len(numbers)
        self.sent = self.acknowledged = 0
        self.unsent = b""
        self._half = b""
        self._of_id = np.zeros(65_536, np.int64)

    def up_to(self, number: int) -> int:
        """How many of its messages come before that number."""
        return int(np.searchsorted(self._numbers, number))

    def fill(self) -> bool:
        """Encode the next block if window and rate permit; whether there is something to send."""
        end = min(self.sent + BLOCK, self.allowed, self.total)
        if not self.unsent and end > self.sent and end - self.acknowledged <= WINDOW:
            self.unsent = b"".join(self._packets(self.sent, end))
            self.sent = end
        return bool(self.unsent)

    def _packets(self, start: int, end: int) -> Iterator[bytes]:
        for place in range(start, end):
            number = int(self._numbers[place])
            packet_id = place % 65_535 + 1
            self._of_id[packet_id] = number
            topic, payload = self._message(number)
            yield packet(topic, payload, packet_id)

    def take(self, data: bytes) -> NDArray[np.int64]:
        """The numbers that a block of PUBACKs acknowledges."""
        data = self._half + data
        whole = len(data) // 4 * 4
        packets = np.frombuffer(data[:whole], ">u2").reshape(-1, 2)
        assert (packets[:, 0] == 0x4002).all(), "not a PUBACK"
        self._half = data[whole:]
        self.acknowledged += len(packets)
        acknowledged: NDArray[np.int64] = self._of_id[packets[:, 1]]
        return acknowledged


@contextmanager
def held(url: str, locked: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Nothing can be committed while the block runs; it begins once a commit waits.

    `locked` is called once the table is: it lets a load go on, so that there is something to commit.
    """
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as observer:
        holder.execute("lock table reading in exclusive mode")
        locked()
        waiting = "select count(*) from pg_locks where not granted and relation = 'reading'::regclass"
        wait_until(lambda: observer.execute(waiting).fetchone() != (0,), "a commit waits", 30)
        yield
        with suppress(psycopg.OperationalError):  # the block may have killed the server
            holder.rollback()


def count(url: str, table: str = "reading") -> int:
    """Rows of a table; -1 while the store cannot be asked."""
    query = psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table))
    try:
        with psycopg.connect(url, connect_timeout=5) as conn:
            row = conn.execute(query).fetchone()
    except psycopg.OperationalError:
        return -1
    assert row is not None
    return int(row[0])


def wait_for(url: str, wanted: int, seconds: float = 60.0) -> None:
    """Return once so many readings are stored; fails when none has been stored for so many seconds."""
    found = 0

    def enough() -> bool:
        nonlocal found
        found = count(url)
        return found >= wanted

    wait_until(enough, f"{wanted} readings stored", seconds, lambda: found)


def stored(url: str) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each reading, in the order of numbers: its number, its device's number, its time in milliseconds."""
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "select array_agg(r.value::int8 order by r.value),"
            " array_agg(split_part(d.code, '-', 2)::int8 order by r.value),"
            " array_agg((extract(epoch from r.ts) * 1000)::int8 order by r.value)"
            " from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
        ).fetchone()
    assert row is not None
    numbers, devices, times = (np.array(column or [], np.int64) for column in row)
    return numbers, devices, times


def check(url: str, total: int, start_ms: int | None = START_MS, refused: int = 0) -> None:
    """Messages 0 to total are stored once each, with their device, value and time; nothing else is."""
    assert not len(lost(url, total, start_ms))
    assert count(url, "dead_letter") == refused


def lost(url: str, total: int, start_ms: int | None = START_MS) -> NDArray[np.int64]:
    """The numbers that are not stored; what is stored must be right, and stored once."""
    numbers, devices, times = stored(url)
    twice = numbers[1:][numbers[1:] == numbers[:-1]]
    assert not len(twice), f"{len(twice)} are stored twice, e.g. {twice[:5]}"
    assert (devices == numbers % DEVICES).all(), "a reading is stored under another device"
    if start_ms is not None:
        assert (times == start_ms + numbers).all(), "a reading is stored with another time"
    assert not len(np.setdiff1d(numbers, np.arange(total))), "a reading that was never published is stored"
    return np.setdiff1d(np.arange(total), numbers)


def resident_mb(pid: int, field: str = "VmRSS") -> float:
    """Memory of a process in MB: what it holds now, or (VmHWM) the most it ever held."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) / 1024

"""What every protocol of stations holds, over real sockets: answered after the commit and never before, whole frames
however the network cuts them, nothing lost while nobody takes, and limits that hold.

One suite for all. The sink is the test's own: it commits when the test says so.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from devices.letters import letter_of
from hub.models import Delivery, Outcome
from hub.session_settings import Session, Stations
from ingest.session import server as server_module
from ingest.session.passwords import OnePassword
from ingest.session.peer import Peer
from ingest.session.present import Twins
from ingest.session.server import Follower, SessionServer
from tests.support.origins import ORIGINS
from tests.support.process import eventually, free_port
from tests.support.station_frames import FRAMES, StationFrames


@dataclass
class Tray:
    """A sink that keeps what it is handed, until the test commits it; it can be full."""

    deliveries: list[Delivery] = field(default_factory=list)
    room: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def full(self) -> bool:
        return not self.room.is_set()

    async def submit(self, delivery: Delivery) -> None:
        await self.room.wait()
        self.deliveries.append(delivery)

    def payloads(self) -> list[bytes]:
        return [raw.payload for delivery in self.deliveries for raw in delivery.raws]

    async def commit(self, refuse: str = "") -> None:
        """Commit all that is there; refused for a reason, if one is given. An origin with a fault is refused for it."""
        taken, self.deliveries = self.deliveries, []
        for delivery in taken:
            refused = {
                index: letter_of(raw, reason, "")
                for index, raw in enumerate(delivery.raws)
                if (reason := raw.origin.fault[0] if raw.origin.fault else refuse)
            }
            await delivery.settle(Outcome(refused))


class Watching(Follower):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def came(self, station: str, peer: Peer) -> None:
        self.told.append(("came", station))

    def went(self, station: str, peer: Peer) -> None:
        self.told.append(("went", station))

    def twins(self, found: Twins) -> None:
        self.told.append(("twins", found.station))


@dataclass
class Place:
    """A server of a protocol, with its sink."""

    frames: StationFrames
    server: SessionServer
    tray: Tray
    port: int
    watching: Watching
    clients: list[asyncio.StreamWriter] = field(default_factory=list)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.clients.append(writer)
        return reader, writer

    async def arrived(self, count: int) -> None:
        await until(lambda: len(self.tray.payloads()) >= count, f"{count} payloads")
        assert len(self.tray.payloads()) == count


async def until(condition: Callable[[], object], what: str) -> None:
    async def ask() -> object:
        return condition()

    await eventually(ask, what, 20)


@asynccontextmanager
async def place_of(kind: str, **limits: Any) -> AsyncIterator[Place]:
    frames, tray, port, watching = FRAMES[kind], Tray(), free_port(), Watching()
    tray.room.set()
    here = Stations(listen=f"127.0.0.1:{port}", listen_udp=f"127.0.0.1:{port}")
    settings = Session.model_construct(**{kind: here, **limits})
    server = SessionServer(frames.dialect, settings, tray, ORIGINS.of_station, OnePassword(kind, None), watching)
    running = asyncio.create_task(server.run())
    place = Place(frames, server, tray, port, watching)
    try:
        await until(lambda: server.connected or running.done(), "it listens")
        yield place
        server.stop()
        tray.room.set()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        server.close()
        for client in place.clients:
            client.close()


@pytest.fixture(params=FRAMES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def place(kind: str) -> AsyncIterator[Place]:
    async with place_of(kind) as made:
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that time brings are looked at more often."""
    monkeypatch.setattr(server_module, "CHECK_S", 0.01)


async def answers(place: Place, reader: asyncio.StreamReader, *numbers: int) -> None:
    for number in numbers:
        async with asyncio.timeout(20):
            got = await reader.readexactly(place.frames.length)
        assert got.startswith(place.frames.answer(number)), got


async def test_a_frame_is_answered_after_its_commit_and_not_before(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(place.frames.frame(1))
    await place.arrived(1)
    raw = place.tray.deliveries[0].raws[0]
    assert (raw.payload, raw.origin.device) == (place.frames.frame(1), place.frames.station)
    assert ORIGINS.of_letter(raw.origin.transport, raw.origin.address) == raw.origin, "a letter of it can be replayed"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reader.read(1)
    await place.tray.commit()
    await answers(place, reader, 1)


async def test_frames_are_whole_however_the_network_cuts_them(place: Place) -> None:
    reader, writer = await place.dial()
    glued = b"".join(map(place.frames.frame, range(1, 6)))
    writer.write(glued[:7])
    await writer.drain()
    for begin in range(7, len(glued), 11):
        writer.write(glued[begin : begin + 11])
        await asyncio.sleep(0)
    await place.arrived(5)
    assert place.tray.payloads() == [place.frames.frame(number) for number in range(1, 6)]
    await place.tray.commit()
    await answers(place, reader, *range(1, 6))


def test_a_buffer_is_cut_alike_at_each_byte(kind: str) -> None:
    dialect, frame = FRAMES[kind].dialect, FRAMES[kind].frame
    whole = frame(1) + frame(2)
    for cut in range(len(whole) + 1):
        first = dialect.frames(whole[:cut])
        second = dialect.frames(first.rest + whole[cut:])
        found = [each.rstrip(b"\r\n") for each in first.frames + second.frames]
        assert found == [frame(1).rstrip(b"\r\n"), frame(2).rstrip(b"\r\n")], cut
        assert (second.rest, first.skipped + second.skipped) == (b"", 0)


async def test_what_is_no_frame_is_skipped(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(b"www.usr.cn" + place.frames.frame(1) + b"\r\nwww.usr.cn" + place.frames.frame(2))
    await place.arrived(2)
    await place.tray.commit()
    await answers(place, reader, 1, 2)


async def test_a_wrong_checksum_is_a_letter_of_its_station_and_costs_no_other_frame(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(place.frames.frame(1) + place.frames.bad(2) + place.frames.frame(3))
    await place.arrived(3)
    assert [raw.origin.device for each in place.tray.deliveries for raw in each.raws] == [place.frames.station] * 3
    for delivery in place.tray.deliveries:
        refused = {
            index: letter_of(raw, "bad_checksum", "")
            for index, raw in enumerate(delivery.raws)
            if raw.payload == place.frames.bad(2)
        }
        await delivery.settle(Outcome(refused))
    await answers(place, reader, 1)
    if place.frames.on_bad_sum:
        await reader.readexactly(place.frames.length)
    await answers(place, reader, 3)


async def test_a_frame_that_comes_again_on_its_way_is_one(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(place.frames.frame(1))
    await place.arrived(1)
    writer.write(place.frames.frame(1))
    await until(lambda: place.server.resent == 1, "it is seen again")
    await place.tray.commit()
    await answers(place, reader, 1)
    writer.write(place.frames.frame(1))  # its answer was lost: it is handed over, which stores nothing, and answered
    await place.arrived(1)
    await place.tray.commit()
    await answers(place, reader, 1)


async def test_nothing_is_read_while_nothing_is_taken_and_nothing_is_lost(kind: str) -> None:
    async with place_of(kind, frames_per_s=100_000.0) as place:
        place.tray.room.clear()
        reader, writer = await place.dial()
        for number in range(60):
            writer.write(place.frames.frame(number))
            await writer.drain()
        await until(lambda: place.server.held, "it is not read any more")
        place.tray.room.set()
        reading = asyncio.create_task(_read(reader, place.frames.length, 60))
        while not reading.done():
            await place.tray.commit()
            await asyncio.sleep(0.001)
        assert all(each.startswith(place.frames.answer(number)) for number, each in enumerate(await reading))


async def _read(reader: asyncio.StreamReader, length: int, count: int) -> list[bytes]:
    async with asyncio.timeout(30):
        return [await reader.readexactly(length) for _ in range(count)]


async def test_what_was_read_is_answered_at_a_stop(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(place.frames.frame(1))
    await place.arrived(1)
    place.server.stop()
    await until(lambda: not place.server.connected, "it is stopped")
    await place.tray.commit()
    await answers(place, reader, 1)


async def test_who_sends_no_more_is_still_answered(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(place.frames.frame(1))
    writer.write_eof()
    await place.arrived(1)
    await place.tray.commit()
    await answers(place, reader, 1)
    assert await reader.read() == b""
    await until(lambda: not place.server.connections, "it has ended")
    assert place.watching.told == [("came", place.frames.station), ("went", place.frames.station)]


async def test_the_newer_of_two_connections_gets_what_the_ended_one_is_owed(place: Place) -> None:
    _, older = await place.dial()
    older.write(place.frames.frame(1))
    await place.arrived(1)
    reader, newer = await place.dial()
    newer.write(place.frames.frame(2))
    await place.arrived(2)
    older.transport.abort()
    await until(lambda: place.server.finished == 1, "the older one has ended")
    await place.tray.commit()
    await answers(place, reader, 1, 2)
    assert place.watching.told == [("came", place.frames.station)] * 2


async def test_two_stations_of_one_number_are_each_answered_and_told_of(place: Place) -> None:
    pairs = [await place.dial(), await place.dial()]
    for number in range(1, 5):
        reader, writer = pairs[number % 2]
        writer.write(place.frames.frame(number))
        await place.arrived(1)
        await place.tray.commit()
        await answers(place, reader, number)
    assert place.watching.told == [("came", place.frames.station)] * 2 + [("twins", place.frames.station)]


async def test_datagrams_are_answered_too_at_a_stop_as_well(place: Place) -> None:
    got: asyncio.Queue[bytes] = asyncio.Queue()

    class Station(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            got.put_nowait(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Station, remote_addr=("127.0.0.1", place.port))
    transport.sendto(place.frames.frame(1) + place.frames.frame(2))
    transport.sendto(place.frames.frame(3)[:-4])
    await place.arrived(3)
    await place.tray.commit("bad_length")
    transport.sendto(place.frames.frame(4))
    await place.arrived(1)
    assert place.tray.deliveries[0].raws[0].origin.transport == "udp"
    place.server.stop()
    await until(lambda: not place.server.connected, "it is stopped")
    await place.tray.commit()
    async with asyncio.timeout(20):
        while not (await got.get()).startswith(place.frames.answer(4)):
            pass
    transport.close()


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ({"login_s": 0.02}, lambda frames: b""),
        ({"frame_s": 0.02}, lambda frames: frames.frame(1) + frames.frame(2)[:9]),
        ({"idle_s": 0.02}, lambda frames: frames.frame(1)),
        ({}, lambda frames: b"GET / HTTP/1.1\r\n" * 600),
        ({}, lambda frames: b"".join(map(frames.bad, range(1, 8)))),
    ],
    ids=["nobody", "slow-loris", "half-open", "another protocol", "nothing that can be read"],
)
@pytest.mark.usefixtures("quick")
async def test_a_limit_ends_a_connection(kind: str, limit: dict[str, float], sent: Callable[[Any], bytes]) -> None:
    async with place_of(kind, **limit) as place:
        reader, writer = await place.dial()
        writer.write(sent(place.frames))
        await until(lambda: reader.at_eof() or reader.exception(), "it is disconnected")
        await until(lambda: not place.server.connections, "it is forgotten")
        assert len(place.tray.payloads()) <= 5


async def test_who_speaks_something_else_leaves_one_letter_that_says_what_it_looks_like(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    strange, seen = place.server.strange, list[Peer]()

    def noted(peer: Peer) -> None:
        strange(peer)
        seen.append(peer)

    monkeypatch.setattr(place.server, "strange", noted)
    for _ in range(3):
        reader, writer = await place.dial()
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        writer.write_eof()
        await until(reader.at_eof, "it is ended")
        writer.close()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", place.port))
    transport.sendto(b"\x01\x03\x02\x00\x17\xf8\x4a...")
    await until(lambda: len(seen) == 4, "all of them were seen")
    assert caplog.text.count("of the protocol") == 1, "a line of the log for each letter"
    await place.arrived(1)
    [raw] = place.tray.deliveries[0].raws
    assert raw.payload == b"GET / HTTP/1.1\r\n\r\n"
    assert raw.origin.fault is not None
    assert (raw.origin.fault[0], "it is HTTP" in raw.origin.fault[1]) == ("no_frame", True), raw.origin.fault
    transport.close()


async def test_a_connection_that_breaks_within_its_first_frame_is_told_of_as_that(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(place.frames.frame(1)[:20])
    writer.write_eof()
    await until(reader.at_eof, "it is ended")
    await place.arrived(1)
    [raw] = place.tray.deliveries[0].raws
    assert raw.payload == place.frames.frame(1)[:20]
    assert raw.origin.fault is not None
    reason, said = raw.origin.fault
    assert (reason, "within its first frame" in said, ".listen" in said) == ("bad_length", True, False), said


class Later(OnePassword):
    """A gate that knows nothing yet."""

    read = False

    @property
    def known(self) -> bool:
        return self.read


async def test_a_port_that_stays_shut_for_lack_of_passwords_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "UNKNOWN_S", 0.05)
    gate, port = Later("hj212", None), free_port()
    settings = Session(hj212=Stations(listen=f"127.0.0.1:{port}"))
    server = SessionServer(FRAMES["hj212"].dialect, settings, Tray(), ORIGINS.of_station, gate)
    running = asyncio.create_task(server.run())

    def told() -> list[str]:
        return [line.getMessage() for line in caplog.records if line.levelname in ("ERROR", "WARNING")]

    try:
        await until(told, "it is told")
        assert not server.connected
        gate.read = True
        await until(lambda: server.connected, "it listens once they are known")
        shut, back = told()
        assert ("passwords" in shut, "can connect" in back) == (True, True), told()
    finally:
        server.stop()
        await running


async def test_connections_are_limited_in_all_and_by_address(kind: str) -> None:
    async with place_of(kind, connections=3, connections_per_address=2) as place:
        for _ in range(2):
            await place.dial()
        await until(lambda: place.server.connections == 2, "two are in")
        reader, _ = await place.dial()
        await until(lambda: reader.at_eof() or reader.exception(), "the third of this address is not")
        place.clients[0].close()
        await until(lambda: place.server.connections == 1, "one has left")
        reader, writer = await place.dial()
        writer.write(place.frames.frame(1))
        await place.arrived(1)


@pytest.mark.usefixtures("quick")
async def test_a_fast_sender_is_read_as_fast_as_it_may_send(kind: str) -> None:
    async with place_of(kind, frames_per_s=10.0) as place:
        reader, writer = await place.dial()
        reading = asyncio.create_task(_read(reader, place.frames.length, 55))
        began = place.server.now()
        writer.write(b"".join(map(place.frames.frame, range(45))))
        await until(lambda: place.server.held, "it has sent as much as may come at once")
        writer.write(b"".join(map(place.frames.frame, range(45, 55))))
        while not reading.done():
            await place.tray.commit()
            await asyncio.sleep(0.001)
        assert len(await reading) == 55
        assert place.server.now() - began >= 0.4, "40 at once, and then 10 a second"

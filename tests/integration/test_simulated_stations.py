"""Stations of the simulator: frames that the codecs read as they were meant, and conduct as of real ones."""

import asyncio
import time
from collections.abc import Callable

import pytest

from devices.codecs.protocols import CODECS
from simulator.messages import EventTruth, Message, ReadingTruth
from simulator.stations import chirpstack, ctwing
from simulator.stations.crowd import Crowd
from simulator.stations.dtu import Dtu, Habits
from simulator.stations.gb26875 import Gb26875
from simulator.stations.hj212 import BEIJING, Hj212
from simulator.stations.lines import Lines
from simulator.stations.sl651 import Sl651
from simulator.stations.speech import Speech
from simulator.stations.station import Manners, Station, Told
from simulator.stations.things import things
from simulator.stations.uplinks import Sensor
from simulator.stations.wanted import WantedError, read_wanted
from tests.support.acceptor import Acceptor, accepting, fields_of

AT = 1_764_400_860_000_000
"""2025-11-29 15:21:00 in Beijing: a whole minute."""
HOUR = 3_600_000_000
MAKE: dict[str, Callable[[], Speech]] = {
    "hj212": lambda: Hj212("3301101F0000000000000001", 1),
    "gb26875": lambda: Gb26875("330100000001", 1),
    "sl651": lambda: Sl651("3300000001", 1),
}
OFF: dict[str, Callable[[], Speech]] = {
    "hj212": lambda: Hj212("3301101F0000000000000001", 1, clock_off=-HOUR),
    "gb26875": lambda: Gb26875("330100000001", 1, clock_off=-HOUR),
    "sl651": lambda: Sl651("3300000001", 1, clock_off=-HOUR),
}
KINDS = pytest.mark.parametrize("kind", MAKE)
QUICK = Manners(patience_s=0.1, resends=2, first_pause_s=0.01, longest_pause_s=0.05)


def _read(kind: str, payload: bytes) -> tuple[list[ReadingTruth], list[tuple[str, str | None, int | None]]]:
    decoded = CODECS[kind, "frame"](payload, AT, BEIJING)
    assert not decoded.faults
    [device] = decoded.devices
    readings = zip(decoded.metrics, decoded.ts, decoded.values, strict=True)
    events = [(event.kind, event.state, event.ts) for event in decoded.events]
    return [ReadingTruth(device, *reading) for reading in readings], events


@KINDS
@pytest.mark.parametrize("clock_off", [0, -HOUR])
def test_a_report_is_read_as_its_truth(kind: str, clock_off: int) -> None:
    speech = (OFF if clock_off else MAKE)[kind]()
    for step in range(40):
        report = speech.report(AT + step * speech.every)
        readings, events = _read(kind, report.frame)
        assert {*(each.ts for each in report.readings), *(each.ts for each in report.events)} == {
            AT + clock_off + step * speech.every
        }
        assert readings == list(report.readings)
        assert sorted(events) == sorted(map(_as_read, report.events))


def test_a_detector_burns_and_ends() -> None:
    device = Gb26875("330100000001", 1)
    for bits, states in (
        (2, ("active", "inactive", "inactive")),
        (4, ("inactive", "active", "inactive")),
        (0, ("inactive",) * 3),
    ):
        report = device.detector(AT, bits)
        assert [event.state for event in report.events] == list(states)
        assert sorted(_read("gb26875", report.frame)[1]) == sorted(_as_read(event) for event in report.events)


def _as_read(event: EventTruth) -> tuple[str, str | None, int]:
    return event.kind, event.state, event.ts


@pytest.fixture
def told() -> list[Told]:
    return []


async def _until(condition: Callable[[], bool], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.005)


def _frames(acceptor: Acceptor, key: bytes) -> int:
    return sum(frame == key for frame in acceptor.received)


@KINDS
async def test_a_station_sends_again_what_is_not_answered_and_nothing_else(kind: str, told: list[Told]) -> None:
    with accepting(kind) as acceptor:
        acceptor.script.extend(["silence", "silence", "answer", "cut", "answer", "cut after"])
        speech = MAKE[kind]()
        reports = [speech.report(AT + step * speech.every) for step in range(4)]
        station = Station(speech, ("127.0.0.1", acceptor.port), told.append, QUICK)
        for report in reports:
            station.say(report)
        station.begin()
        await _until(lambda: len(told) == 4, "all is acknowledged")
        await station.end()
    assert [each.report for each in told] == reports, "in their order, each once"
    whole = [report.frame.removesuffix(b"\r\n") for report in reports]
    assert [_frames(acceptor, frame) for frame in whole] == [3, 2, 1, 1]
    assert (station.resends, station.connections) == (2, 3), (
        "a silent line is kept for some tries, one that is cut dialled"
    )
    assert station.pending == 0


async def test_a_station_keeps_what_it_measures_while_nobody_answers(told: list[Told]) -> None:
    speech = MAKE["hj212"]()
    reports = [speech.report(AT + step * speech.every) for step in range(30)]
    with accepting("hj212") as acceptor:
        port = acceptor.port
    station = Station(speech, ("127.0.0.1", port), told.append, QUICK._replace(keeps=20))
    station.begin()
    for report in reports:
        station.say(report)
    assert (station.pending, station.forgotten) == (20, 10), "its memory is full: the oldest are gone"
    with accepting("hj212", port) as acceptor:
        await _until(lambda: len(told) == 20, "the history is taken")
        await station.end()
    assert [each.report for each in told] == reports[10:]
    assert fields_of(acceptor.received, "QN") == [(report.key,) for report in reports[10:]]


async def test_an_answer_to_somebody_else_acknowledges_nothing(told: list[Told]) -> None:
    with accepting("hj212") as acceptor:
        mine = acceptor.reply
        acceptor.reply = lambda frame: (mine(frame) or b"").replace(b"000000000001;", b"000000000002;")
        station = Station(MAKE["hj212"](), ("127.0.0.1", acceptor.port), told.append, QUICK)
        station.say(station.speech.report(AT))
        station.begin()
        await _until(lambda: len(acceptor.received) >= 3, "it is sent again and again")
        assert not told
        acceptor.reply = mine
        await _until(lambda: len(told) == 1, "its own answer counts")
        await station.end()


async def test_stations_are_spread_and_report_nothing_from_before(told: list[Told]) -> None:
    with accepting("hj212") as acceptor:
        address = ("127.0.0.1", acceptor.port)
        stations = [Station(Hj212(f"3301101F{n:016}", 1), address, told.append, QUICK) for n in range(20)]
        begun = time.time_ns() // 1000
        lines = Lines(stations, every_s=1)
        lines.begin()
        await _until(lambda: len({each.report.readings[0].device for each in told}) == 20, "each has reported")
        assert await lines.end(drain_s=5) == 0
    assert min(reading.ts or 0 for each in told for reading in each.report.readings) >= begun
    assert lines.said == len(told)
    assert len({(each.report.readings[0].device, each.report.key) for each in told}) == len(told)


async def test_a_dtu_answers_for_its_slaves_and_its_heartbeat_falls_into_the_answer() -> None:
    got = bytearray()
    asked = bytes.fromhex("010300000002C40B")

    async def poll(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await reader.readexactly(5))
        writer.write(asked)
        got.extend(await reader.readexactly(9 + 10))
        writer.write(bytes.fromhex("0903000000028483"))  # no such slave
        writer.write(asked[:6] + b"\0\0")  # broken
        writer.write(bytes.fromhex("010600000001480A"))  # a function that it has not
        got.extend(await reader.readexactly(5 + 10))
        writer.close()

    server = await asyncio.start_server(poll, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()[:2]
    dtu = Dtu("dtu-1", address, {1: {0: 0x0292, 1: 0xFF9B}}, Habits(answers_after_s=0.001, within=1.0))
    dtu.begin()
    await _until(lambda: len(got) == 39, f"both are answered: {got.hex()}")
    await dtu.end()
    server.close()
    assert got[:5] == b"dtu-1"
    assert bytes(got[5:24]).replace(b"www.usr.cn", b"") == bytes.fromhex("0103040292FF9B5A3D")
    assert not bytes(got[5:24]).startswith(b"www"), "within the answer"
    assert not bytes(got[5:24]).endswith(b".cn"), "within the answer"
    assert bytes(got[24:]).replace(b"www.usr.cn", b"") == bytes.fromhex("018601") + bytes.fromhex("83A0")


def test_a_chirpstack_leaves_defaults_out() -> None:
    sensor = Sensor("24E1240000000001", 1)
    first, second = (chirpstack.message(sensor, AT + step) for step in range(2))
    assert b'"fCnt"' not in first.payload
    assert b'"fCnt":1' in second.payload
    assert first.topic.endswith("/device/24e1240000000001/event/up")
    assert b"2025-11-29T07:21:00.000000000+00:00" in first.payload


async def test_a_ctwing_repeats_three_times_and_then_gives_up() -> None:
    statuses, taken, given_up = [500, 500, 200, 500, 500, 500, 500], list[object](), list[object]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % statuses.pop(0))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/push"
    platform = ctwing.Platform(url, taken.append, given_up.append, at_once=1, pause_s=0.001)
    messages = [ctwing.message(Sensor("d860000000000001", 1), AT + step) for step in range(2)]
    for message in messages:
        platform.push(message)
    await _until(lambda: platform.pending == 0, "all is taken or given up")
    await platform.close()
    server.close()
    assert (taken, given_up, platform.repeats, statuses) == ([messages[0]], [messages[1]], 5, [])


def test_what_is_wanted_is_told_in_short() -> None:
    [station, sensors] = read_wanted("hj212=20@[::1]:9212, chirpstack=5")
    assert station == ("hj212", 20, "[::1]:9212")
    assert station.address == ("::1", 9212)
    assert sensors == ("chirpstack", 5, "")
    [asked] = read_wanted("onvif=2@8101+8102")
    assert asked.ports == [8101, 8102]
    wrong = [
        "hj213=1",
        "hj212",
        "hj212=1",
        "hj212=0@h:1",
        "hj212=99999@h:1",
        "chirpstack=1,chirpstack=2",
        "ctwing=1@h:1",
        "isapi=2@8101",
        "onvif=1@port",
    ]
    for text in wrong:
        with pytest.raises(WantedError):
            read_wanted(text)


def test_a_crowd_hands_over_what_was_acknowledged() -> None:
    with accepting("hj212") as hj212, accepting("gb26875") as gb26875:
        wanted = read_wanted(f"hj212=3@127.0.0.1:{hj212.port},gb26875=2@127.0.0.1:{gb26875.port}")
        found = list[Message]()
        with Crowd(wanted, 1.0, 1, manners=QUICK) as crowd:
            deadline = time.monotonic() + 10
            while len({each.readings[0].device for each in found}) < 5 and time.monotonic() < deadline:
                found += crowd.taken()
                time.sleep(0.01)
            assert crowd.end(5) == 0
            found += crowd.taken()
    assert {each.readings[0].device for each in found} == {
        thing.code for kind, count in (("hj212", 3), ("gb26875", 2)) for thing in things(kind, count, 1)
    }
    assert len(found) == len(hj212.received) + len(gb26875.received)

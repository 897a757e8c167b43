"""The line: one request at a time, and answers that come late, together, in pieces and with heartbeats in between."""

from itertools import pairwise

import pytest

from devices.codecs.modbus.polling import Polling, polling_of
from ingest.polling.line import (
    LATE,
    LONGEST_BACKOFF,
    MOST_HEARD,
    MOST_ORDERS,
    PAUSE,
    SECOND,
    Line,
    Order,
    Outcome,
    Slave,
)
from tests.support.dtu import HEARTBEAT, FakeSlave, with_crc

EVERY = 60
METRICS = {name: {"unit": "1"} for name in ("a", "b")}
START = 1_800_000_000 * SECOND


def polling(**registers: int) -> Polling:
    made = polling_of({"registers": {name: {"address": at} for name, at in registers.items()}}, METRICS, EVERY)
    assert made is not None
    return made


def slave(unit: int, **registers: int) -> Slave:
    return Slave(f"probe-{unit}", str(unit), polling(**(registers or {"a": 0})))


class Clock:
    """A line and its time; what it sends is answered by hand."""

    def __init__(self, *slaves: Slave, tokens: tuple[bytes, ...] = (HEARTBEAT,)) -> None:
        self.now = START
        self.line = Line(slaves, tokens, self.now)

    def next(self) -> bytes:
        """The next request, at its time."""
        for _ in range(100):
            due = self.line.due()
            assert due is not None
            self.now = max(self.now, due)
            octets = self.line.turn(self.now)
            if octets is not None:
                return octets
        raise AssertionError("nothing is asked")

    def hear(self, *pieces: bytes, after: int = 1000) -> list[Outcome]:
        for piece in pieces:
            self.now += after
            self.line.take(piece, self.now)
        return self.outcomes()

    def outcomes(self) -> list[Outcome]:
        told = list(self.line.outcomes)
        self.line.outcomes.clear()
        return told


DATA = FakeSlave({at: 0x0100 + at for at in range(200)})


def answer_to(request: bytes) -> bytes:
    return DATA.answer(request[:-2])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda good: [good],
        lambda good: [good[:1], good[1:2], good[2:]],
        lambda good: [HEARTBEAT, good],
        lambda good: [HEARTBEAT + good],
        lambda good: [good[:4] + HEARTBEAT + good[4:]],
        lambda good: [good[:1] + HEARTBEAT + good[1:5] + HEARTBEAT + good[5:]],
        lambda good: [good[:3] + HEARTBEAT[:4], HEARTBEAT[4:] + good[3:]],
        lambda good: [HEARTBEAT[:4], HEARTBEAT[4:] + good],
        lambda good: [good + HEARTBEAT],
        lambda good: [b"\xff\x00" + good],
        lambda good: [with_crc(b"\x09\x03\x02\x00\x07") + good],
    ],
)
def test_the_answer_is_found_in_whatever_stands_around_it(spoil) -> None:  # type: ignore[no-untyped-def]
    clock = Clock(slave(1, a=0, b=1))
    good = answer_to(clock.next())
    (outcome,) = clock.hear(*spoil(good))
    assert outcome.answer == good
    assert clock.line.counts.answered == 1


def test_data_that_holds_the_heartbeat_is_left_as_it_is() -> None:
    token = b"\x01\x02"
    clock = Clock(slave(1, a=0, b=1), tokens=(token,))
    clock.next()
    good = with_crc(b"\x01\x03\x04\x01\x02\x01\x02")
    (outcome,) = clock.hear(good)
    assert outcome.answer == good
    clock.next()
    assert clock.hear(good[:3] + token + good[3:])[0].answer == good, "and one more inside of it"


def test_one_request_is_out_at_a_time() -> None:
    clock = Clock(slave(1), slave(2), slave(3))
    request = clock.next()
    for _ in range(50):
        clock.now += 50_000
        assert clock.line.turn(clock.now) is None, "the answer has not come, and its time is not over"
    assert clock.hear(answer_to(request))[0].tries == 1
    assert clock.line.turn(clock.now) is None, "slaves hear the end of a frame by its silence"
    clock.now += PAUSE
    assert clock.line.due() is not None


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (b"", "silent"),
        (HEARTBEAT, "silent"),
        (with_crc(b"\x02\x03\x02\x00\x07"), "slave"),
        (with_crc(b"\x01\x04\x02\x00\x07"), "function"),
        (with_crc(b"\x01\x03\x04\x00\x07\x00\x08"), "length"),
        (with_crc(b"\x01\x03\x02\x00\x07")[:-1] + b"\x00", "checksum"),
        (b"\x01\x03\x02\x00", "cut"),
        (b"\xaa\xbb\xcc\xdd\xee", "noise"),
    ],
)
def test_what_does_not_fit_is_no_answer_and_is_told_why(wrong: bytes, complaint: str) -> None:
    clock = Clock(slave(1))
    asked = clock.next()
    assert clock.hear(wrong) == []
    assert clock.next() == asked, "tried again"
    good = answer_to(asked)
    (outcome,) = clock.hear(good)
    assert (outcome.answer, outcome.tries, outcome.complaints) == (good, 2, (complaint,))


def test_a_late_answer_is_never_taken_for_one_to_another_question() -> None:
    probe = Slave("probe", "1", polling(a=0, b=50))
    assert len(probe.polling.blocks) == 2
    clock = Clock(probe)
    first = clock.next()
    late = answer_to(first)
    for _ in range(probe.polling.retries):
        assert clock.next() == first
    clock.now += probe.polling.timeout
    assert clock.line.turn(clock.now) is None
    assert clock.outcomes()[0].answer is None
    given_up = clock.now
    probe.silent = 0
    for job in clock.line._jobs:
        job.due = clock.now  # as if both were due at once
    second = clock.next()
    if second != first:
        assert clock.now >= given_up + LATE, "asked only once no late answer can come any more"
    (outcome,) = clock.hear(late) if second == first else clock.hear(answer_to(second))
    assert outcome.answer == answer_to(second)


def test_what_a_late_answer_would_fit_is_not_asked_until_it_has_drained() -> None:
    probe = Slave("probe", "1", polling(a=0, b=50))
    clock = Clock(probe)
    first = clock.next()
    for _ in range(probe.polling.retries):
        clock.next()
    clock.now += probe.polling.timeout
    assert clock.line.turn(clock.now) is None
    given_up, probe.silent = clock.now, 0
    for job in clock.line._jobs:  # only the other question, of the same slave, function and length, is due
        assert job.block is not None
        job.due = clock.now if first[2:4] != job.block.address.to_bytes(2, "big") else clock.now + 3600 * SECOND
    assert clock.line.turn(given_up + 9 * SECOND) is None
    second = clock.line.turn(given_up + 11 * SECOND)
    assert second is not None
    assert (second[0], second != first) == (1, True)


def test_a_late_answer_in_front_of_another_slaves_is_dropped_and_counted() -> None:
    clock = Clock(slave(1), slave(2))
    first = clock.next()
    while (request := clock.next())[0] == first[0]:
        clock.outcomes()
    (outcome,) = [each for each in clock.hear(answer_to(first) + answer_to(request)) if each.answer]
    assert outcome.answer == answer_to(request)
    assert clock.line.counts.late == 1


def test_a_silent_slave_is_asked_less_and_less_and_holds_up_nobody() -> None:
    good, dead = slave(1), slave(2)
    clock = Clock(good, dead)
    asked: list[tuple[int, int]] = []
    while clock.now < START + 3600 * SECOND:
        request = clock.next()
        asked.append((request[0], clock.now))
        if request[0] == 1:
            clock.hear(answer_to(request))
    of_good, of_dead = ([at for unit, at in asked if unit == number] for number in (1, 2))
    assert len(of_good) >= 58, "about one a minute"
    assert len(of_dead) < 14
    assert max(b - a for a, b in pairwise(of_dead)) <= LONGEST_BACKOFF + 2 * EVERY * SECOND
    clock.next()


def test_missed_slots_are_skipped_not_caught_up() -> None:
    clock = Clock(slave(1))
    clock.hear(answer_to(clock.next()))
    clock.hear(answer_to(clock.next()))
    clock.now += 600 * SECOND  # the hub stood still
    before = clock.line.counts.asked
    clock.hear(answer_to(clock.next()))
    at = clock.now
    clock.next()
    assert clock.line.counts.asked == before + 2
    assert clock.now > at + PAUSE, "the next slot is ahead"
    assert clock.line.counts.skipped >= 8


def test_many_devices_are_spread_over_the_interval() -> None:
    lines = [Line([Slave(f"probe-{n}", "1", polling(a=0))], (), START) for n in range(2000)]
    seconds = [0] * EVERY
    for line in lines:
        due = line._jobs[0].offset
        seconds[due // SECOND] += 1
    assert max(seconds) < 2 * 2000 / EVERY
    assert min(seconds) > 0


def test_a_command_goes_first_is_sent_once_and_is_bounded() -> None:
    probe = slave(1)
    clock = Clock(probe)
    polled = clock.next()
    made = polling_of({"writes": {"set": {"function": 6, "address": 3, "param": "v"}}}, {}, 60)
    assert made is not None
    request = made.writes["set"].request("modbus-rtu", 1, {"v": 7})
    orders = [Order(probe, request) for _ in range(MOST_ORDERS + 1)]
    assert [clock.line.order(order) for order in orders] == [True] * MOST_ORDERS + [False]
    for order in orders[1:]:
        clock.line.cancel(order)
    clock.hear(answer_to(polled))
    assert clock.next() == request.octets
    clock.now += probe.polling.timeout
    assert clock.line.turn(clock.now) is None
    (outcome,) = clock.outcomes()
    assert (outcome.order, outcome.answer, outcome.tries) == (orders[0], None, 1), "a command is never repeated"


def test_an_exception_is_an_answer_and_its_end_is_told_once() -> None:
    probe = slave(1, a=900)
    clock = Clock(probe)
    asked = clock.next()
    (outcome,) = clock.hear(answer_to(asked))
    assert outcome.answer == with_crc(b"\x01\x83\x02")
    assert not outcome.cleared
    good = with_crc(b"\x01\x03\x02\x00\x05")
    clock.next()
    assert clock.hear(good)[0].cleared
    clock.next()
    assert not clock.hear(good)[0].cleared


def test_a_line_goes_on_as_it_did_when_another_slave_is_added() -> None:
    clock = Clock(slave(1))
    request = clock.next()
    clock.line.assign([slave(1), slave(2)], clock.now)
    (outcome,) = clock.hear(answer_to(request))
    assert outcome.answer is not None
    assert {clock.line.slaves[code].address for code in clock.line.slaves} == {"1", "2"}
    clock.line.assign([slave(2)], clock.now)
    assert [job.slave.address for job in clock.line._jobs] == ["2"]


def test_nonsense_without_end_takes_up_no_memory() -> None:
    clock = Clock(slave(1))
    clock.next()
    for _ in range(20):
        clock.line.take(b"\x01\x03\x02" * 500, clock.now)
    assert len(clock.line._heard) <= MOST_HEARD
    assert clock.line.turn(clock.now + 3 * SECOND) is not None

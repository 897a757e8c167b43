"""Up to when all that was published is read, with a broker that lets only so many messages be under way."""

from collections import deque

from hub.models import Micros
from ingest.mqtt.window import PATIENCE, Window


class Kept:
    """A broker that lets `most` messages be under way, and a clock."""

    def __init__(self, most: int) -> None:
        self.at: Micros = 1_000
        self.window = Window(lambda: self.at)
        self._most, self.under_way, self.kept = most, 0, deque[Micros]()

    def publish(self, count: int) -> None:
        self.kept += [self.at] * count
        self.send()

    def send(self) -> None:
        count = min(len(self.kept), self._most - self.under_way)
        for _ in range(count):
            self.kept.popleft()
        self.under_way += count
        self.window.read(count)

    def acknowledge(self, count: int) -> None:
        """The hub acknowledges, and pings where it wants to know; the broker sends on, and answers."""
        self.under_way -= count
        self.window.acknowledged(count)
        pings = self.window.asks
        if pings:
            self.window.pinged()
        self.send()
        if pings:
            self.window.answered()

    @property
    def true(self) -> bool:
        """Whether all that was published up to what the window tells is read."""
        return not self.kept or self.window.until() <= self.kept[0]


def test_nothing_is_kept_while_fewer_are_under_way_than_ever_were() -> None:
    broker = Kept(10)
    broker.publish(3)
    broker.acknowledge(3)
    broker.at += 500
    assert broker.window.until() == broker.at
    broker.publish(2)
    broker.at += 500
    assert broker.window.until() == broker.at, "two of three are under way"


def test_what_the_broker_keeps_is_waited_for_until_it_was_read() -> None:
    broker = Kept(10)
    broker.publish(10)
    filled = broker.at
    for _ in range(12):  # nothing is acknowledged for long
        broker.at += 1_000_000
        broker.publish(3)
        assert broker.window.until() == filled
    rounds = 0
    while broker.kept:
        assert broker.window.until() == filled
        broker.at += 50_000
        broker.acknowledge(10)
        rounds += 1
    assert rounds == 4
    broker.at += 50_000
    broker.acknowledge(3)
    assert broker.window.until() == broker.at


def test_it_never_tells_more_than_was_read() -> None:
    broker = Kept(20)
    for turn in range(400):
        broker.at += 10_000
        broker.publish(turn * 7 % 11)
        if turn % 50 > 30:  # the hub stands still, and catches up
            broker.acknowledge(min(broker.under_way, turn * 5 % 17))
        assert broker.true, turn


def test_the_wait_has_an_end() -> None:
    broker = Kept(1)
    broker.publish(5)
    broker.at += PATIENCE + 7
    assert broker.window.until() == broker.at - PATIENCE


def test_acknowledgements_behind_a_ping_count_with_the_next_one() -> None:
    at = [1_000]
    window = Window(lambda: at[0])
    window.read(4)
    window.acknowledged(1)
    assert window.asks
    window.pinged()
    window.acknowledged(3)
    assert not window.asks, "one is under way"
    window.read(1)  # what was kept, for one that was acknowledged before the ping
    window.answered()
    at[0] += 5
    assert window.until() == 1_000, "four were under way when it was answered"
    assert window.asks
    window.pinged()
    window.answered()
    assert window.until() == at[0]
    window.answered()  # an answer that nobody asked for tells nothing

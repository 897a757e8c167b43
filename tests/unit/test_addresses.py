"""What a client address has of the server."""

import resource

import pytest

from api.http import addresses
from api.http.addresses import ANONYMOUS_PER_S, AT_ONCE, LONGEST_WAIT_S, PIPELINED_AT_ONCE, Addresses


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Addresses:
    """Room for 10 connections, 5 of one address."""
    monkeypatch.setattr(addresses, "CONNECTIONS", 10)
    return Addresses()


class Line:
    """A connection."""

    def __init__(self, *, idle: bool = False) -> None:
        self.idle, self.aborted = idle, False

    def abort(self) -> None:
        self.aborted = True


def test_an_address_has_a_share_of_the_connections(few: Addresses) -> None:
    first = Line()
    assert [few.open("a", line) is None for line in (first, *(Line() for _ in range(5)))] == [True] * 5 + [False]
    assert [few.open(f"b{n}", Line()) is None for n in range(6)] == [True] * 5 + [False]
    for _ in range(2):
        few.close("a", first)
    assert [few.open(f"c{n}", Line()) is None for n in range(2)] == [True, False]


def test_the_oldest_idle_connection_of_an_address_makes_room(few: Addresses) -> None:
    lines = [Line(idle=n in (2, 3)) for n in range(7)]
    assert [few.open("a", line) is None for line in lines] == [True] * 7
    assert [line.aborted for line in lines] == [False, False, True, True, False, False, False]
    assert few.open("a", Line()) is not None, "what is under way stays"


def test_the_limit_of_open_files_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (300, 300))
    few = Addresses()
    assert sum(few.open(str(n), Line()) is None for n in range(300)) == 100


def test_anonymous_requests_are_spaced_out_once_many_have_come(few: Addresses) -> None:
    waits = [few.wait("a", 100.0) for _ in range(AT_ONCE + 50)]
    assert waits[: AT_ONCE - 1] == [0.0] * (AT_ONCE - 1)
    assert waits[-1] == pytest.approx(50 / ANONYMOUS_PER_S)
    assert few.wait("b", 100.0) == 0.0, "others do not wait"
    assert few.wait("a", 110.0) == 0.0, "nor does it, after a while"


def test_an_address_without_connections_is_forgotten(few: Addresses) -> None:
    line = Line()
    assert few.open("a", line) is None
    for _ in range(1000):
        few.wait("a", 100.0)
    few.close("a", line)
    assert few.wait("a", 100.0) == 0.0


def test_the_page_in_many_browsers_behind_one_address_does_not_wait(few: Addresses) -> None:
    parts_of_the_page = 12
    assert {few.wait("nat", 100.0) for _ in range(200 * parts_of_the_page)} == {0.0}


def test_who_pipelines_has_fewer_at_once(few: Addresses) -> None:
    waits = [few.wait("a", 100.0, at_once=PIPELINED_AT_ONCE) for _ in range(PIPELINED_AT_ONCE + 50)]
    assert waits[-1] == pytest.approx(50 / ANONYMOUS_PER_S)


def test_a_flood_that_is_over_shuts_nobody_out_for_long(few: Addresses) -> None:
    assert max(few.wait("a", 100.0) for _ in range(100 * AT_ONCE)) == LONGEST_WAIT_S
    assert few.wait("a", 100.0 + 2 * LONGEST_WAIT_S) == 0.0


def test_an_ipv6_network_of_64_bits_is_one_client(few: Addresses) -> None:
    lines = [Line() for _ in range(6)]
    assert [few.open(f"2001:db8::{n}", line) is None for n, line in enumerate(lines)] == [True] * 5 + [False]
    assert few.open("2001:db8:0:1::1", Line()) is None
    few.close("2001:db8::0", lines[0])
    assert few.open("2001:db8::ffff", Line()) is None

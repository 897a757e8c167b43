"""ingest/sip/transport.py: nothing that a connection sent is thrown away while there is no room for it."""

import asyncio
from typing import Any, cast

from hub.errors import DecodeError
from ingest.sip.limits import STRANGER_BYTES, STRANGERS_BYTES, UNANSWERED, Rooms
from ingest.sip.peer import Peer
from ingest.sip.transport import Connection
from tests.support.frames_gb28181 import KEEPALIVE, in_sip

ONE = in_sip(KEEPALIVE)


class Hub:
    """Has room for some."""

    def __init__(self, room: int) -> None:
        self.room, self.taken, self.wrong = room, list[bytes](), list[str]()
        self.rooms = Rooms()

    @property
    def full(self) -> bool:
        return len(self.taken) >= self.room

    def now(self) -> float:
        return 1.0

    def opened(self, connection: Connection) -> bool:
        return True

    def closed(self, connection: Connection) -> None:
        """Nothing."""

    def take(self, peer: Peer, octets: bytes) -> bool:
        if self.full:
            return False
        self.taken.append(octets)
        return True

    def unreadable(self, peer: Peer, octets: bytes, error: DecodeError) -> None:
        self.wrong.append(error.reason)


class Wire:
    """A transport that remembers whether it is read."""

    reads, ended = True, False

    def get_extra_info(self, name: str) -> Any:
        return "192.0.2.1", 5060

    def set_write_buffer_limits(self, high: int) -> None:
        """Nothing."""

    def is_closing(self) -> bool:
        return self.ended

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def abort(self) -> None:
        self.ended = True


def connected(room: int) -> tuple[Hub, Wire, Connection]:
    hub, wire = Hub(room), Wire()
    connection = Connection(hub)
    connection.connection_made(cast(asyncio.Transport, wire))
    return hub, wire, connection


def test_what_came_while_the_hub_was_full_is_taken_when_it_has_room() -> None:
    hub, wire, connection = connected(2)
    connection.data_received(ONE * 10 + ONE[:40])
    assert (len(hub.taken), wire.reads) == (2, False)
    hub.room = 100
    connection.hold()
    assert (hub.taken, wire.reads) == ([ONE] * 10, True)
    connection.data_received(ONE[40:])
    assert len(hub.taken) == 11


def test_no_more_than_the_limit_is_under_way_and_the_rest_follows_one_by_one() -> None:
    hub, wire, connection = connected(1000)
    connection.data_received(ONE * (UNANSWERED + 3))
    assert (len(hub.taken), wire.reads) == (UNANSWERED, False)
    connection.let_go(ONE)
    assert (len(hub.taken), wire.reads) == (UNANSWERED + 1, False)
    for _ in range(3):
        connection.let_go(ONE)
    assert (len(hub.taken), wire.reads) == (UNANSWERED + 3, True)


def test_who_has_not_registered_keeps_little_and_all_of_them_together() -> None:
    begun = b"MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 500000\r\n\r\n"
    hub, wire, connection = connected(9)
    connection.data_received(begun + b"a" * STRANGER_BYTES)
    assert (hub.wrong, wire.ended) == (["too_large"], True)
    hub, wire, connection = connected(9)
    connection.registered = True
    connection.data_received(begun + b"a" * STRANGER_BYTES)
    assert (hub.wrong, wire.ended) == ([], False)
    hub.rooms.take(False, STRANGERS_BYTES - 100)
    others = [Connection(hub), Connection(hub)]
    wires = [Wire(), Wire()]
    for other, its in zip(others, wires, strict=True):
        other.connection_made(cast(asyncio.Transport, its))
        other.data_received(begun + b"a" * 10)
    assert [its.ended for its in wires] == [False, True]
    others[0].connection_lost(None)
    others[1].connection_lost(None)
    assert hub.rooms.take(False, 100)


def test_what_waited_and_was_taken_makes_room_again() -> None:
    hub, _, connection = connected(0)
    connection.data_received(ONE * 10)
    assert not hub.rooms.take(False, STRANGERS_BYTES)
    hub.room = 100
    connection.hold()
    assert (len(hub.taken), hub.rooms.take(False, STRANGERS_BYTES)) == (10, True)

"""Which station is where. Of two connections of one number the newer has the session: orders go to it, and answers
to what an ended one sent. Each is answered what it sent itself, as long as it is there.
"""

from collections.abc import Callable
from typing import NamedTuple

from ingest.session.peer import Peer

TOLD_AGAIN_S = 600.0
"""How often it is told that two connections have one number."""


class Twins(NamedTuple):
    """Two connections that both send with one number: two stations that were configured alike, or a copied one."""

    station: str
    newer: str
    older: str
    """Addresses of both."""


class Present:
    """The newest connection of each station."""

    def __init__(self, came: Callable[[str, Peer], None], went: Callable[[str, Peer], None]) -> None:
        """`came` is told of each station that has a new connection, `went` of each whose newest one has ended."""
        self._came, self._went = came, went
        self._newest: dict[str, Peer] = {}
        self._told: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def newest(self, station: str) -> Peer | None:
        """The newest connection of a station, while it is open."""
        return self._newest.get(station)

    def note(self, station: str, peer: Peer, now: float) -> Twins | None:
        """A station has sent by a connection; says if it has two that both do, once in a while."""
        newest = self._newest.get(station)
        if newest is peer:
            return None
        if station not in peer.stations or newest is None:
            peer.stations.pop(station, None)
            peer.stations[station] = None
            self._newest[station] = peer
            self._came(station, peer)
            return None
        told = self._told.get(station)
        if told is not None and now - told < TOLD_AGAIN_S:
            return None
        self._told[station] = now
        return Twins(station, newest.address, peer.address)

    def forget(self, peer: Peer) -> None:
        """A connection has ended."""
        for station in peer.stations:
            if self._newest.get(station) is peer:
                del self._newest[station]
                self._told.pop(station, None)
                self._went(station, peer)

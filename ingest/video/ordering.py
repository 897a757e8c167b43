"""RTP packets in the order of their numbers: what is late takes its place, what comes twice is left out. Pure."""

from ingest.video.rtp import Packet

HELD = 32
"""Packets that wait for one before them; then it is lost."""
BEHIND, AHEAD = 100, 3_000
"""Numbers that are further from what is due are no late or early ones: the sender counts anew (RFC 3550, A.1)."""


class Ordering:
    """Of one stream."""

    def __init__(self) -> None:
        self._due: int | None = None
        self._held: dict[int, Packet] = {}

    def take(self, packet: Packet) -> list[Packet]:
        """Those that are due with it; where one is lost, its number is left out."""
        number = packet.sequence
        ahead = 0 if self._due is None else number - self._due & 0xFFFF
        if ahead >= 0x10000 - BEHIND:
            return []
        if ahead > AHEAD:
            return [*self._all(), *self._from(packet)]
        if ahead == 0:
            return self._from(packet)
        self._held.setdefault(number, packet)
        return self._past_the_gap() if len(self._held) > HELD else []

    def _from(self, packet: Packet) -> list[Packet]:
        due = [packet]
        number = packet.sequence + 1 & 0xFFFF
        while (held := self._held.pop(number, None)) is not None:
            due.append(held)
            number = number + 1 & 0xFFFF
        self._due = number
        return due

    def _past_the_gap(self) -> list[Packet]:
        due = self._due or 0
        first = min(self._held, key=lambda number: number - due & 0xFFFF)
        return self._from(self._held.pop(first))

    def _all(self) -> list[Packet]:
        told = list[Packet]()
        while self._held:
            told += self._past_the_gap()
        return told

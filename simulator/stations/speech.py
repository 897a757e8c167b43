"""How stations of a protocol speak: what one sends, and by what it knows that it was taken. Pure."""

from typing import NamedTuple, Protocol

from hub.models import Micros
from simulator.messages import EventTruth, ReadingTruth

SECOND: Micros = 1_000_000


class Report(NamedTuple):
    """A frame that a station keeps until it is acknowledged."""

    frame: bytes
    key: str
    """By which its acknowledgement is known."""
    readings: tuple[ReadingTruth, ...] = ()
    """What must be in the hub once it is acknowledged."""
    events: tuple[EventTruth, ...] = ()


class Speech(Protocol):
    """One station's side of a protocol."""

    every: Micros
    """The shortest time from one report to the next: what the protocol's times can tell apart."""
    greeting: bytes
    """What is sent first on each connection; empty: nothing."""

    def report(self, at: Micros) -> Report:
        """What is measured at a time, a multiple of `every`; the station's clock may tell it otherwise."""

    def frames(self, buffer: bytes) -> tuple[list[bytes], bytes]:
        """Cut what has arrived into frames, and the rest."""

    def acknowledged(self, frame: bytes) -> str | None:
        """The key of the report that a frame acknowledges; None: it is about something else, or broken."""

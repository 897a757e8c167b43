"""Who has dialled in: the state of one connection, or of one sender of datagrams, and how it is answered."""

from abc import abstractmethod
from enum import IntFlag


class Hold(IntFlag):
    """Why nothing is read from a peer for the moment."""

    NOT = 0
    RATE = 1
    """It sends faster than it may."""
    UNANSWERED = 2
    """As much of it as may be is on its way to the commit."""
    FULL = 4
    """The hub has as much waiting as it may."""
    STOPPING = 8


class Peer:
    """State of a peer; what is kept of each counts ten thousand times."""

    __slots__ = (
        "address", "ended", "finished", "heard_at", "junk", "letters", "parts", "since", "skipped", "stations",
        "unanswered",
    )  # fmt: skip

    transport = ""
    """tcp or udp."""

    def __init__(self, address: str, now: float) -> None:
        """`address` is host:port; `now` in seconds of the loop's clock."""
        self.address = address
        self.since = self.heard_at = now
        self.ended = self.finished = False
        """Whether it is gone; whether it sends no more, and may be gone."""
        self.stations: dict[str, None] = {}
        """Numbers that it has spoken for; the last one is the newest."""
        self.unanswered: dict[bytes, None] = {}
        """Payloads on their way to the commit."""
        self.parts: dict[str, list[bytes]] = {}
        """Packets of messages that are not complete."""
        self.letters = self.skipped = 0
        """Frames that could not be read before it told who it is; bytes that were of no frame."""
        self.junk = b""
        """The first of these, as long as it has not told who it is."""

    @property
    def host(self) -> str:
        """Its address without the port."""
        return self.address.rpartition(":")[0]

    @abstractmethod
    def send(self, octets: bytes) -> bool:
        """Write to it; False where it is gone."""

    @abstractmethod
    def hold(self, why: Hold) -> None:
        """Read nothing from it until `release`, where its transport can wait."""

    @abstractmethod
    def release(self, why: Hold) -> None:
        """End a `hold`; it is read again once there is none."""

    @abstractmethod
    def settled(self) -> None:
        """One of its payloads is committed, and answered."""

    @abstractmethod
    def end(self, why: str) -> None:
        """Disconnect it."""

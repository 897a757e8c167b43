"""What a protocol of stations tells the server: where a frame ends, who sent it, and what it is answered. Pure."""

from typing import NamedTuple, Protocol

from hub.models import DeadLetter, Micros

NOT_TAKEN = frozenset(
    {"unknown_device", "inactive_device", "wrong_password", "password_unreadable", "bad_type", "no_station"}
    | {"no_frame", "bad_frame", "bad_checksum", "bad_length", "too_large", "missing_field"}
)
"""Reasons for which a frame was not taken at all; of others, what is good in it is stored, and sent again it would be
refused again: it is confirmed."""


class Cut(NamedTuple):
    """What a buffer holds."""

    frames: list[bytes]
    """Whole ones, and pieces that begin as one and cannot become one; in order."""
    rest: bytes
    """The beginning of a frame, of which more is to come."""
    skipped: int = 0
    """Bytes that belong to no frame, such as the heartbeats of a modem."""


class Frame(NamedTuple):
    """A frame that is whole, and whose checksum is right."""

    octets: bytes
    station: str
    """Its number; empty where the frame does not tell it."""
    password: str | None = None
    """What it shows; None where the protocol has none, or the station shows none."""
    answers: str = ""
    """What it is an answer to, as `Order.key` names it; empty: it is none."""
    style: str = ""
    """How the station wants to be told something, where the protocol has more than one way; empty: it did not tell."""


class Dialect(Protocol):
    """A protocol of stations; one object serves all connections."""

    name: str
    """Of the protocol, and of the scheme of its addresses."""
    longest: int
    """Bytes of a frame at most: of more, none is kept."""

    def frames(self, buffer: bytes) -> Cut:
        """Cut a buffer into frames; takes no longer for a buffer that comes byte by byte than for a whole one."""

    def read(self, octets: bytes) -> Frame:
        """Check one frame. DecodeError with the byte that is wrong."""

    def joined(self, parts: dict[str, list[bytes]], frame: Frame) -> bytes | None:
        """The payload that a frame completes, None while others are to follow; `parts` is what came before it."""

    def reply(self, payload: bytes, letter: DeadLetter | None, now: Micros) -> bytes | None:
        """What a payload is answered after its commit, `letter` if it was refused; None: nothing.

        Also of one that `read` refused.
        """

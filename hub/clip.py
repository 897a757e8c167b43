"""A clip of an event on its way from the process that has made it (ingest/clips) to its store."""

from typing import NamedTuple

FOLLOWS = "follows"
"""It is being made; the event is not held up by it."""
LOST = "lost"
"""It was promised and has not come: what made it has ended. Never stored: read off the time that has passed."""
SHED = "shed"
"""No clips are made while streams cost more than they may."""
BUSY = "busy"
"""More clips were wanted at one time than are made."""
TOO_SLOW = "too_slow"
TOO_MANY_BYTES = "too_many_bytes"
NO_FRAMES = "no_frames"
"""No two frames of one size are there."""

MOST_BYTES = 512 << 10
"""Of a clip; with its event a message stays below the limit of a message on the bus."""
MOST_S = 20.0
_RIFF, _WEBP = slice(0, 4), slice(8, 16)
_HEADS = {(b"RIFF", b"WEBP" + kind) for kind in (b"VP8X", b"VP8L", b"VP8 ")}


class Clip(NamedTuple):
    """A clip in which all that is not known to be place is in blocks; or with `why`, and without bytes, none."""

    webp: bytes = b""
    """Animated; of some frames a second, without sound."""
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    before_s: float = 0.0
    """Of these, what lies before the event."""
    whole: bool = False
    """Whether all of each frame is in coarse blocks."""
    why: str = ""
    """Why there is none (yet)."""


def no_clip(why: str) -> Clip:
    """In place of one."""
    return Clip(why=why)


def is_webp(content: bytes) -> bool:
    """Whether it is a WebP of a length that is kept; what is behind its header is not looked at.

    One in which nothing moves at all is not animated.
    """
    head = content[:16]
    return (head[_RIFF], head[_WEBP]) in _HEADS and 8 + int.from_bytes(head[4:8], "little") == len(
        content
    ) <= MOST_BYTES

"""A picture of an event on its way from the privacy gate (ingest/pictures) to its store."""

from typing import NamedTuple

TOO_SLOW = "too_slow"
"""The gate did not answer within its time."""
GATE_FULL = "gate_full"
"""More pictures waited than the gate has room for."""
NOT_KEPT = "not_kept"
"""By setting, no pictures are kept here."""
NOT_STORED = "not_stored"
"""pictures.folder did not take it."""
REFUSED = "refused: "
"""Followed by why: a key of `picture.refused.*` in hub/words."""
MOST_BYTES = 256 << 10
"""Of a picture that has passed."""


class Picture(NamedTuple):
    """A picture that has passed the gate; or with `why`, and without bytes, one that has not."""

    jpeg: bytes = b""
    """What may be kept: reduced, without metadata, with all that moves or may be a person or vehicle in blocks."""
    width: int = 0
    height: int = 0
    whole: bool = False
    """Whether all of it is in coarse blocks, because nothing is known of the place yet, or all of it has changed."""
    why: str = ""
    """Why there is none: TOO_SLOW, GATE_FULL, NOT_KEPT, NOT_STORED, or REFUSED and a reason."""


def absent(why: str) -> Picture:
    """In place of a picture that has not passed."""
    return Picture(why=why)

"""Places in a JSON payload as JSON Pointers (RFC 6901): `/values/pm25`, `/3/v`; the empty text is the whole of it."""

import re
from collections.abc import Iterator, Sequence
from operator import length_hint
from typing import Any

from hub.errors import At, DecodeError

MAX_NAME = 128
"""Characters of a name in a pointer: a longer one is pointed at by what holds it."""
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def pointer(*steps: str | int) -> str:
    """The pointer to a member or an element, by names and indices; ends before a name that cannot be written."""
    written = ""
    for step in steps:
        if isinstance(step, str) and (len(step) > MAX_NAME or _UNWRITABLE.search(step)):
            break
        written += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return written


def below(error: DecodeError, *steps: str | int) -> DecodeError:
    """The error, its place counted from further up: it was raised for the value at `steps`."""
    error.at = from_top(error.at, *steps)
    return error


def from_top(at: At, *steps: str | int) -> At:
    """A place in the value at `steps`, as a place in the whole; a byte offset is one already."""
    return at if isinstance(at, int) else pointer(*steps) + (at or "")


def index(parts: Sequence[Any], rest: Iterator[Any]) -> int:
    """Which of the parts an iterator over them gave last: counting along would cost 15 nanoseconds a part."""
    return len(parts) - length_hint(rest) - 1

"""Locations in a JSON payload as JSON Pointers (RFC 6901): `/values/pm25`, `/3/v`; "" is the whole document."""

import re
from collections.abc import Iterator, Sequence
from operator import length_hint
from typing import Any

from hub.errors import At, DecodeError

MAX_NAME = 128
"""Characters of a name in a pointer: a longer one is pointed at by what holds it."""
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def pointer(*steps: str | int) -> str:
    """Build a pointer from names and indices; stops at the parent of a name that cannot be represented."""
    written = ""
    for step in steps:
        if isinstance(step, str) and (len(step) > MAX_NAME or _UNWRITABLE.search(step)):
            break
        written += "/" + str(step).replace("~", "~0").replace("/", "~1")
    return written


def below(error: DecodeError, *steps: str | int) -> DecodeError:
    """Prefix the error's location with `steps`: it was raised for the value there."""
    error.at = from_top(error.at, *steps)
    return error


def from_top(at: At, *steps: str | int) -> At:
    """Turn a location relative to the value at `steps` into an absolute one; byte offsets are absolute already."""
    return at if isinstance(at, int) else pointer(*steps) + (at or "")


def index(parts: Sequence[Any], rest: Iterator[Any]) -> int:
    """Index of the item an iterator returned last; enumerate would cost 15 ns per item."""
    return len(parts) - length_hint(rest) - 1

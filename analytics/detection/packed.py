"""States as bytes in the store: the version of their layout, then all of it.

Words of 8 bytes, the highest first; the first is the time of the newest reading, so states of a series sort by it.
"""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detection.states import KIND
from analytics.detectors import excess

_WORDS = KIND.dtype.itemsize // 8


def _offset(name: str) -> int:
    """Where a part of a state begins, in bytes."""
    row = np.zeros(1, KIND.dtype)
    return int(row[name].__array_interface__["data"][0] - row.__array_interface__["data"][0])


VERSION = sha256(b"big-endian" + KIND.version()).digest()[:8]
LENGTH = 8 * (1 + _WORDS)
"""Bytes of a packed state."""
EXCESS_AT = len(VERSION) + _offset("excess")
"""Where in it the part is that tells how far a series goes."""


def packed(rows: NDArray[Any]) -> bytes:
    """States (n,) one after the other, LENGTH bytes each."""
    words = np.empty((len(rows), 1 + _WORDS), ">u8")
    words[:, 0] = np.frombuffer(VERSION, ">u8")
    words[:, 1:] = rows.view(np.uint64).reshape(len(rows), _WORDS)
    return words.tobytes()


def unpacked(states: bytes) -> NDArray[Any]:
    """The states (n,) of bytes that `packed` made, all of this VERSION."""
    words = np.frombuffer(states, ">u8").reshape(-1, 1 + _WORDS)
    return words[:, 1:].astype(np.uint64).view(KIND.dtype)[:, 0]


def excesses(parts: NDArray[Any]) -> NDArray[Any]:
    """Those parts of states, by the words (n, words) that lie at EXCESS_AT."""
    return parts.astype(np.uint64).view(excess.DTYPE)[:, 0]

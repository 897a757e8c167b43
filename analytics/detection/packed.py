"""States as bytes in the store: the version of their layout, then what the ensemble uses of them.

Words of 8 bytes, the highest first; the first is the time of the newest reading, so states of a series sort by it.
"""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.detection.states import KIND
from analytics.detectors.ensemble import PARTS, WEIGHTS


def _used_words() -> NDArray[np.int64]:
    """The words of 8 bytes of a state without those of detectors that weigh nothing: these never learn."""
    unused = {part for part, weight in zip(PARTS, WEIGHTS, strict=True) if not weight}
    used = np.ones(KIND.dtype.itemsize // 8, np.bool_)
    for name, (dtype, offset, *_) in (KIND.dtype.fields or {}).items():
        if name in unused:
            used[offset // 8 : (offset + dtype.itemsize) // 8] = False
    return np.flatnonzero(used)


_WORDS = _used_words()
VERSION = sha256(b"big-endian" + KIND.version() + _WORDS.tobytes()).digest()[:8]
LENGTH = 8 * (1 + len(_WORDS))
"""Bytes of a packed state."""


def packed(rows: NDArray[Any]) -> bytes:
    """States (n,) one after the other, LENGTH bytes each."""
    words = np.empty((len(rows), 1 + len(_WORDS)), ">u8")
    words[:, 0] = np.frombuffer(VERSION, ">u8")
    words[:, 1:] = rows.view(np.uint64).reshape(len(rows), -1)[:, _WORDS]
    return words.tobytes()


def unpacked(states: bytes) -> NDArray[Any]:
    """The states (n,) of bytes that `packed` made, all of this VERSION."""
    words = np.frombuffer(states, ">u8").reshape(-1, 1 + len(_WORDS))
    rows = np.zeros((len(words), KIND.dtype.itemsize // 8), np.uint64)
    rows[:, _WORDS] = words[:, 1:]
    return rows.view(KIND.dtype)[:, 0]

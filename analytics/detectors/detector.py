"""The seam of detectors: two verbs, `score` and `learn`, over all series of a batch at once.

A detector sees a reading, its time and the past of its series, nothing else, so the same readings give the same scores
however they are cut into batches, and after a restart. Its state is a record of a fixed size per series.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.registry.arrays import grown

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Advance = Callable[[NDArray[Any], Ints, Ints, Floats, Ints, Floats, Floats], None]
"""(state, at, ts, value, hour, parts, scores): score each reading, then learn it; see `ensemble.advance`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a detector is made of."""

    name: str
    dtype: np.dtype[Any]
    """Of the state of a series; all zeros: nothing is learned. A multiple of 8 bytes."""
    parts: tuple[str, ...]
    """What the score is made of."""
    advance: Advance
    told: int = 0
    """Columns beside the parts that `advance` fills with what else it tells of a reading."""

    def version(self) -> bytes:
        """Eight bytes that change with the layout of the state."""
        return hashlib.sha256(f"{self.name} {self.dtype.descr}".encode()).digest()[:8]


@dataclass(frozen=True, slots=True)
class Scored:
    """What `score` makes of the readings of a batch, and what `learn` takes over."""

    scores: Floats
    """(n,), 0 .. 1; 0 for a reading that is not a finite number or not newer than those before."""
    parts: Floats
    """(n, parts), 0 or more, in the order of `Kind.parts`."""
    told: Floats
    """(n, Kind.told)."""
    slots: Ints
    """That had readings, each once."""
    after: NDArray[Any]
    """Their states after the readings."""


class Detector:
    """A kind of detector with the states of all its series, by slot."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._words = kind.dtype.itemsize // 8
        self._rows: NDArray[np.uint64] = np.zeros((0, self._words), np.uint64)  # rows of words are copied fastest

    def score(self, slots: Ints, ts: Ints, value: Floats, hour: Ints) -> Scored:
        """Score readings (n,), those of a slot together, by time in µs; `hour` as of `hours`. The state stays as is."""
        named = len(self.kind.parts)
        scores, parts = np.zeros(len(slots)), np.zeros((len(slots), named + self.kind.told))
        good = np.isfinite(value)
        whole = bool(good.all())
        if not whole:
            slots, ts, value, hour = slots[good], ts[good], value[good], hour[good]
        first = np.ones(len(slots), np.bool_)
        np.not_equal(slots[1:], slots[:-1], out=first[1:])
        touched = slots[first]
        if len(touched):
            self._rows = grown(self._rows, int(touched.max()), 0)
        after = self._rows.take(touched, axis=0).view(self.kind.dtype)[:, 0]
        at = np.cumsum(first) - 1
        if whole:
            self.kind.advance(after, at, ts, value, hour, parts, scores)
        else:
            its_parts, its_scores = parts[good], scores[good]
            self.kind.advance(after, at, ts, value, hour, its_parts, its_scores)
            parts[good], scores[good] = its_parts, its_scores
        return Scored(scores, parts[:, :named], parts[:, named:], touched, after)

    def learn(self, scored: Scored) -> None:
        """Take over the states that a batch led to."""
        self._rows[scored.slots] = scored.after.view(np.uint64).reshape(-1, self._words)

    def states(self, slots: Ints) -> NDArray[Any]:
        """Copies (n,) of the states of slots that had readings."""
        return self._rows.take(slots, axis=0).view(self.kind.dtype)[:, 0]

    def records(self) -> NDArray[Any]:
        """The states by slot, as they stand: what is changed here is changed there."""
        return self._rows.view(self.kind.dtype)[:, 0]

    def put(self, slots: Ints, states: NDArray[Any]) -> None:
        """Take over states (n,) of slots."""
        if len(slots):
            self._rows = grown(self._rows, int(slots.max()), 0)
            self._rows[slots] = states.view(np.uint64).reshape(-1, self._words)

    def save(self, slot: int) -> bytes:
        """The state of a slot."""
        row: bytes = self._rows[slot].tobytes()
        return self.kind.version() + row

    def load(self, slot: int, saved: bytes) -> bool:
        """Take over a saved state; False, and nothing is done, if another version of the kind has saved it."""
        version = self.kind.version()
        if saved[:8] != version or len(saved) != 8 * (1 + self._words):
            return False
        self._rows = grown(self._rows, slot, 0)
        self._rows[slot] = np.frombuffer(saved[8:], np.uint64)
        return True

    def forget(self, slots: Ints) -> None:
        """Begin anew with these slots."""
        self._rows[slots] = 0

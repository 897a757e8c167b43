"""What came again: the same content is a repeat, another one at the same key is a conflict."""

from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from hub.models import Batch, Columns, Event, Outcome


@dataclass(slots=True)
class Conflicts:
    """Readings that came for a time of their series with another value than one before; parallel arrays."""

    readings: Columns
    message: NDArray[np.int32]
    """Index of the message of each; -1: not known."""
    other: NDArray[np.float64]
    """The value that came before."""
    won: NDArray[np.bool_]
    """Whether it replaces that one; the others are not stored."""

    def __len__(self) -> int:
        return len(self.readings)

    @classmethod
    def empty(cls) -> "Conflicts":
        return cls(Columns.empty(), np.empty(0, np.int32), np.empty(0), np.empty(0, np.bool_))


class EventConflict(NamedTuple):
    """An event that came with the id and time of one before, and another content."""

    event: Event
    won: bool
    """Whether it replaces that one; if not, it is not stored."""


@dataclass(slots=True, eq=False)
class Repeats:
    """What came again, as found by the last commit attempt."""

    readings: Columns = field(default_factory=Columns.empty)
    """Stored with the same value; these are not stored again."""
    messages: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Index of the message of each of them; -1: not known."""
    conflicts: Conflicts = field(default_factory=Conflicts.empty)
    events: list[Event] = field(default_factory=list)
    """Stored with the same content."""
    event_conflicts: list[EventConflict] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.readings) + len(self.conflicts) + len(self.events) + len(self.event_conflicts)


class Doubles(Repeats):
    """What came again within a batch."""


@dataclass(slots=True, eq=False)
class Corrected:
    """What of a batch replaces something stored. Replaced by stages, never changed."""

    which: NDArray[np.bool_] | None = None
    """A mask of such readings; None: none."""
    events: frozenset[UUID] = frozenset()
    """Ids of such events."""
    amended: frozenset[int] = frozenset()
    """Places among the batch's events of those that say the same to rules: other attributes, or a lower level."""


class Repeated(set[int]):
    """Indices of messages that brought nothing but what was stored."""


class Conflicting(set[int]):
    """Indices of messages that brought another value or content for what was stored."""


def outcome_of(batch: Batch) -> Outcome:
    """What became of the messages of a committed batch."""
    refused = {index: letter for index, letter in batch.refused.items() if not letter.taken}
    return Outcome(refused, False, frozenset(batch.of(Repeated)), frozenset(batch.of(Conflicting)))

"""A file column as numbers, timestamps or labels, independent of the file format. Invalid cells are marked."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from hub.errors import HistoryRefused

NAT = np.iinfo(np.int64).min
"""Stands for a moment that cannot be read."""
UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}
"""Microseconds of the units in which a file may count its time."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FURTHEST = 250_000_000_000_000_000  # µs from 1970, some 7,900 years: beyond are no times
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moments:
    """Timestamps of a column: epoch microseconds, NAT where invalid; local where no zone is given."""

    def __init__(self, micros: NDArray[np.int64], local: NDArray[np.bool_]) -> None:
        self.micros, self.local = micros, local


class Column(Protocol):
    """One column of a block, of length n."""

    def numbers(self) -> NDArray[np.float64]:
        """NaN where there is no finite number."""

    def moments(self, unit: str | None) -> Moments:
        """`unit` applies to numeric timestamps; HistoryRefused when they occur without it."""

    def labels(self) -> tuple[list[str], NDArray[np.int64]]:
        """Distinct texts, and the index of each cell's text."""

    def blank(self) -> NDArray[np.bool_]:
        """Mask of empty cells."""

    def text(self, index: int) -> str:
        """The original text of a cell."""


class TextColumn:
    """A column of text cells."""

    def __init__(self, name: str, cells: Sequence[str]) -> None:
        self._name, self._cells = name, cells

    def numbers(self) -> NDArray[np.float64]:
        return np.array([_number(cell) for cell in self._cells], np.float64)

    def moments(self, unit: str | None) -> Moments:
        if unit is not None:
            return epoch_moments(self.numbers(), unit)
        read = [_moment(cell, self._name) for cell in self._cells]
        return Moments(np.array([micros for micros, _ in read], np.int64), np.array([local for _, local in read], bool))

    def labels(self) -> tuple[list[str], NDArray[np.int64]]:
        seen: dict[str, int] = {}
        codes = [seen.setdefault(cell.strip(), len(seen)) for cell in self._cells]
        return list(seen), np.array(codes, np.int64)

    def blank(self) -> NDArray[np.bool_]:
        return np.array([not cell.strip() for cell in self._cells], bool)

    def text(self, index: int) -> str:
        return self._cells[index]


class ConstantColumn:
    """A constant column, given by an option instead of the file."""

    def __init__(self, label: str, length: int) -> None:
        self._label, self._length = label, length

    def labels(self) -> tuple[list[str], NDArray[np.int64]]:
        return [self._label], np.zeros(self._length, np.int64)


def epoch_moments(counts: NDArray[np.float64], unit: str) -> Moments:
    """Convert epoch counts; float64 is exact to the microsecond until the year 2255."""
    with np.errstate(invalid="ignore", over="ignore"):
        micros = np.rint(counts * UNITS[unit])
        good = np.abs(micros) < _FURTHEST
    return Moments(np.where(good, np.where(good, micros, 0).astype(np.int64), NAT), np.zeros(len(counts), bool))


def _number(cell: str) -> float:
    text = cell.strip()
    if not _NUMBER.fullmatch(text):
        return {"true": 1.0, "false": 0.0}.get(text.lower(), math.nan)
    number = float(text)
    return number if math.isfinite(number) else math.nan


def _moment(cell: str, name: str) -> tuple[int, bool]:
    """Parse ISO 8601: microseconds (NAT if invalid), and whether it is local time."""
    text = cell.strip()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        if _NUMBER.fullmatch(text):
            refuse_guess(name)
        return NAT, False
    if _NUMBER.fullmatch(text):  # 20240101 is a day of ISO 8601, and a count of seconds as well
        refuse_guess(name)
    local = at.tzinfo is None
    passed = at.replace(tzinfo=UTC) - _EPOCH if local else at - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds, local


def refuse_guess(name: str) -> NoReturn:
    """Raise HistoryRefused: the unit of numeric timestamps is ambiguous."""
    raise HistoryRefused(
        f"the times in column {name!r} are numbers: say in what they count with --time-unit s, ms or us; "
        "nothing is guessed"
    )

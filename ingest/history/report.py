"""Error report of an import: line, column, problem and fix."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TextIO

MAX_LINES = 1_000_000
"""Lines of a report; protects the disk from a file in which everything is wrong."""


class Problem(NamedTuple):
    line: int
    """From 1, as editors count; of a Parquet file the row."""
    column: str
    wrong: str
    right: str


class Report:
    """Writes FILE.errors.csv; created with the first problem, removed when a new import has none."""

    def __init__(self, path: Path, resumed: bool) -> None:
        self.path, self._resumed = path, resumed
        self._out: TextIO | None = None
        self._lines = 0

    def __enter__(self) -> "Report":
        if not self._resumed:
            self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._out is not None:
            self._out.close()

    def write(self, problems: Sequence[Problem]) -> None:
        """Append problems, up to MAX_LINES; the caller counts the rest."""
        if not problems or self._lines >= MAX_LINES:
            return
        if self._out is None:
            fresh = not self.path.exists()
            self._out = self.path.open("a", encoding="utf-8", newline="")
            if fresh:
                csv.writer(self._out).writerow(["line", "column", "what is wrong", "what would be right"])
        csv.writer(self._out).writerows(problems)
        self._out.flush()
        self._lines += len(problems)

"""What an import has found and done, of a bounded size however much is wrong with a sheet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from devices.sheets.mistakes import Mistake

KEPT, KEPT_BYTES = 100_000, 16 << 20
"""Mistakes of one import that are told, and memory that they take, about; the rest is counted. The same of changes."""
_OBJECT = 500
"""Bytes of a mistake or a change beside its characters."""


@dataclass(slots=True)
class Result:
    """Result of an import; `done` is false when nothing was stored because of errors."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    done: bool = False
    errors: int = 0
    """Mistakes that are errors, those that are not kept too."""
    mistakes: list[Mistake] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    """Of a dry run: `line, code, action`, and for a changed device each column as it was and would be."""
    _mistakes_bytes: int = 0
    _changes_bytes: int = 0

    def add(self, found: Iterable[Mistake]) -> None:
        """Count mistakes and keep them."""
        for mistake in found:
            self.errors += mistake.grade == "error"
            self.keep(mistake)

    def keep(self, mistake: Mistake) -> bool:
        """Keep a mistake that is counted elsewhere; False when there is no more room for any."""
        if len(self.mistakes) >= KEPT or self._mistakes_bytes >= KEPT_BYTES:
            return False
        self.mistakes.append(mistake)
        self._mistakes_bytes += _OBJECT + sum(map(len, (mistake.code, mistake.wrong, mistake.right, mistake.value)))
        return True

    def change(self, change: dict[str, Any]) -> bool:
        """Keep a change; False when there is no more room for any."""
        if len(self.changes) >= KEPT or self._changes_bytes >= KEPT_BYTES:
            return False
        self.changes.append(change)
        self._changes_bytes += _OBJECT + 4 * len(repr(change))
        return True

"""How long a case may be in a stage: the most special line of the deadline table that fits it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Limit(NamedTuple):
    """How long something may take."""

    seconds: int
    working: bool
    """Whether working time counts (工作时), not all hours."""


class Line(NamedTuple):
    """A line of the deadline table; what is None is for all."""

    category_kind: str | None
    category: str | None
    level: int | None
    stage: str
    """A stage, or `case`: from filing (立案) to the end."""
    seconds: int
    working: bool


@dataclass(slots=True, frozen=True)
class Deadlines:
    """The newest deadline table, as far as it is about certain categories."""

    version: int | None
    """None: there is no table, and no deadline."""
    lines: Sequence[Line]
    parents: dict[tuple[str, str], str]
    """The category above another, by kind and code."""

    def limit(self, kind: str | None, category: str | None, level: int | None, stage: str) -> Limit | None:
        """The limit of a stage; a line of the category goes before one of the category above it, and those before one
        of all; then one of the level before one of all levels. None: the stage has no deadline."""
        found: dict[tuple[str | None, str | None, int | None], Limit] = {
            (line.category_kind, line.category, line.level): Limit(line.seconds, line.working)
            for line in self.lines
            if line.stage == stage
        }
        upwards = [(kind, code) for code in self._upwards(kind, category)]
        for of_kind, code in (*upwards, (kind, None), (None, None)):
            for of_level in (level, None):
                if (limit := found.get((of_kind, code, of_level))) is not None:
                    return limit
        return None

    def _upwards(self, kind: str | None, category: str | None) -> list[str]:
        codes: list[str] = []
        while kind is not None and category is not None and category not in codes:
            codes.append(category)
            category = self.parents.get((kind, category))
        return codes

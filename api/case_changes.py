"""What a table of cases changes of the one in force: lines that are added, changed, or gone. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from api.contract_types import LevelName
from hub.models import LEVEL_NAMES

SHOWN = 200
How = Literal["added", "changed", "removed"]


class CaseTableTerms(BaseModel):
    """What a line says: of a category its name and parent, of a deadline how long and by which time."""

    name: str | None = None
    parent: str | None = None
    seconds: int | None = None
    working: bool | None = None


class CaseTableChange(BaseModel):
    """A line that is other than in the table in force; what of it is null is for all."""

    change: How
    category_kind: Literal["part", "event"] | None
    category: str | None
    level: LevelName | None = None
    stage: str | None = Field(default=None, description="of a deadline")
    before: CaseTableTerms | None = Field(description="null: it was not there")
    after: CaseTableTerms | None = Field(description="null: it is gone")


class CaseTableChanges(BaseModel):
    """How many lines are other, and the first of them: what is gone, then what is changed, then what is added."""

    added: int
    changed: int
    removed: int
    same: int
    shown: list[CaseTableChange] = Field(description=f"{SHOWN} at most")


class TableLine(NamedTuple):
    """By which a line is known; of a category without level and stage."""

    category_kind: str | None
    category: str | None
    level: int | None = None
    stage: str | None = None


Lines = Mapping[TableLine, CaseTableTerms]


def categories_by_line(rows: Iterable[Mapping[str, Any]]) -> Lines:
    """Of rows with category_kind, code, parent and name."""
    return {
        TableLine(each["category_kind"], each["code"]): CaseTableTerms(name=each["name"], parent=each["parent"])
        for each in rows
    }


def deadlines_by_line(rows: Iterable[Mapping[str, Any]]) -> Lines:
    """Of rows with category_kind, category, level (1 to 4), stage, seconds and working."""
    return {
        TableLine(each["category_kind"], each["category"], each["level"], each["stage"]): CaseTableTerms(
            seconds=each["seconds"], working=each["working"]
        )
        for each in rows
    }


def changes(before: Lines, after: Lines) -> CaseTableChanges:
    """From one table to the next."""
    removed = [line for line in before if line not in after]
    changed = [line for line in before if line in after and before[line] != after[line]]
    added = [line for line in after if line not in before]
    told: list[tuple[How, TableLine]] = [("removed", line) for line in removed]
    told += [("changed", line) for line in changed]
    told += [("added", line) for line in added]
    return CaseTableChanges(
        added=len(added),
        changed=len(changed),
        removed=len(removed),
        same=len(before) - len(removed) - len(changed),
        shown=[_change(how, line, before.get(line), after.get(line)) for how, line in told[:SHOWN]],
    )


def _change(how: How, line: TableLine, before: CaseTableTerms | None, after: CaseTableTerms | None) -> CaseTableChange:
    level = None if line.level is None else LEVEL_NAMES[line.level - 1]
    told = {**line._asdict(), "level": level, "change": how, "before": before, "after": after}
    return CaseTableChange.model_validate(told)

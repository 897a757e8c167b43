"""One line of the inventory of what the hub stores (hub/access/inventory.py)."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.access.classification import DataClass, Level
from hub.access.permissions import Permission


@dataclass(slots=True, frozen=True)
class Table:
    """One table or view of the store."""

    data_class: DataClass
    why: str
    """What it holds and what for."""
    kept: str
    """What ends a row: a setting, a bound on the number of rows, or why it stays."""
    seen_by: Permission | None
    """Which permission shows it in the API; None: no route does."""
    levels: Mapping[str, Level]
    """Of each column."""


def table(data_class: DataClass, why: str, kept: str, seen_by: Permission | None, **columns: str) -> Table:
    """`columns` are names by level: l1="id code", l3="lon lat"."""
    levels = {name: Level[level.upper()] for level, names in columns.items() for name in names.split()}
    return Table(data_class, why, kept, seen_by, levels)

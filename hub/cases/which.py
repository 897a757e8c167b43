"""Which cases are counted, and into what groups."""

from dataclasses import dataclass
from typing import Literal

By = Literal["none", "region", "area", "organisation", "responsible", "category", "level", "month"]


@dataclass(slots=True, frozen=True)
class Which:
    """Which cases are counted; None: all."""

    region: str | None = None
    """The first digits of a division's code."""
    area: str | None = None
    organisation: str | None = None
    """Whose matter it is."""
    responsible: str | None = None
    """The organisation that handles it."""
    category_kind: str | None = None
    category: str | None = None
    """The first digits of a category's code."""
    level: int | None = None
    exact: bool = False
    """The category is this one, not one that begins so."""

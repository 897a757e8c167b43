"""Administrative divisions: 12-digit codes whose prefixes form the tree, with validity periods. Pure."""

from datetime import date
from importlib.resources import files
from typing import Literal, get_args

Level = Literal["province", "city", "county", "town", "village"]
LEVELS: tuple[Level, ...] = get_args(Level)
DIGITS = dict(zip(LEVELS, (2, 4, 6, 9, 12), strict=True))
"""How many digits of a code name a division of each level; zeros follow."""
EARLIEST, LATEST = date(1900, 1, 1), date.max
"""Always valid; the database's infinity is date.max here."""


def level_of(code: str) -> Level:
    """Level of a division, derived from its trailing zeros."""
    return next(level for level in LEVELS if level == "village" or set(code[DIGITS[level] :]) == {"0"})


def ancestors(code: str) -> list[str]:
    """Ancestor codes from the province down, without duplicates."""
    above = (code[:digits].ljust(12, "0") for digits in DIGITS.values())
    return [found for found in dict.fromkeys(above) if found != code]


def sample() -> str:
    """Sample data: real divisions of three provinces down to towns, as CSV for an import."""
    return (files("devices.places") / "regions_sample.csv").read_text(encoding="utf-8")

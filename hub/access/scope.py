"""Scope: which things a caller may see. Pure; the keys of a thing come from the SQL function scope_keys.

A thing has a key for each place that it belongs to, `organisation/place`, where either may be empty and the place is
the first digits of a division code or `@` and a named area. A grant is one key, and reaches what has it.
"""

from collections.abc import Collection
from dataclasses import dataclass

DIGITS = (2, 4, 6, 9, 12)
"""Of a division code, by level from the province down."""


@dataclass(slots=True, frozen=True)
class Scope:
    """The keys that a caller was granted; None: everything."""

    keys: frozenset[str] | None = None

    @property
    def everywhere(self) -> bool:
        """Whether nothing is out of reach."""
        return self.keys is None

    def sees(self, keys: Collection[str]) -> bool:
        """Whether a thing with these keys is in reach."""
        return self.keys is None or not self.keys.isdisjoint(keys)


EVERYWHERE = Scope()


def key_of(organisation: str | None, region: str | None, area: str | None) -> str:
    """The key of a grant: a region is given by its significant digits, and excludes an area."""
    return f"{organisation or ''}/{region or ('@' + area if area else '')}"

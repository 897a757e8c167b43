"""Scope: which things a caller may see. Pure; the keys of a thing come from the SQL function scope_keys.

A thing has a key for each place that it belongs to, `organisation/place`, where either may be empty and the place is
the first digits of a division code or `@` and a named area. A grant is one key, and reaches what has it.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

DIGITS = (2, 4, 6, 9, 12)
"""Of a division code, by level from the province down."""


class Share(NamedTuple):
    """What an organisation lets another see of its own."""

    id: UUID
    owner: str
    whole: bool
    """Whether it reaches all devices of the owner, with all that is of them; the store knows what the others reach."""


@dataclass(slots=True, frozen=True)
class Scope:
    """The keys that a caller was granted, and what is shared with him; no keys (None): everything."""

    keys: frozenset[str] | None = None
    shares: frozenset[Share] = frozenset()
    uncut: "Scope | None" = None
    """The part of it of which what is L3 and above is seen too; None: all of it."""

    @property
    def everywhere(self) -> bool:
        """Whether nothing is out of reach."""
        return self.keys is None

    @property
    def whole_keys(self) -> frozenset[str]:
        """The keys that reach all of a device."""
        return (self.keys or frozenset()) | {_of_owner(share) for share in self.shares if share.whole}

    @property
    def all_keys(self) -> frozenset[str]:
        """The keys that reach anything of a device."""
        return self.whole_keys | {_of_owner(share) for share in self.shares}

    def sees(self, keys: Collection[str]) -> bool:
        """Whether all of a thing with these keys is in reach."""
        return self.keys is None or not self.whole_keys.isdisjoint(keys)

    def sees_uncut(self, keys: Collection[str]) -> bool:
        """Whether of a thing in reach what is L3 and above is seen too."""
        return self.uncut is None or self.uncut.sees(keys)

    def with_shares(self, ids: Collection[UUID]) -> "Scope":
        """The scope without the other shares."""
        kept = frozenset(share for share in self.shares if share.id in ids)
        return replace(self, shares=kept, uncut=None if self.uncut is None else self.uncut.with_shares(ids))


def _of_owner(share: Share) -> str:
    return key_of(share.owner, None, None)


EVERYWHERE = Scope()
EVERYTHING = "/"
"""The key that each thing has: of a grant without limits that has a ceiling."""


def key_of(organisation: str | None, region: str | None, area: str | None) -> str:
    """The key of a grant: a region is given by its significant digits, and excludes an area."""
    return f"{organisation or ''}/{region or ('@' + area if area else '')}"

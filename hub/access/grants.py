"""Grants: a role, for everything or for an organisation, a division's subtree or a named area, for a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.access.classification import Level
from hub.access.permissions import Permission
from hub.access.roles import HUB_WIDE, PERMISSIONS, Role
from hub.access.scope import EVERYTHING, EVERYWHERE, Scope, Share, key_of


@dataclass(slots=True, frozen=True)
class Grant:
    """One grant. Several add up."""

    permissions: frozenset[Permission]
    key: str | None
    """What it reaches (hub/access/scope.py); None: everything."""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    role: Role | None = None
    share: Share | None = None
    """What another organisation shares; then `key` is of no account."""
    ceiling: Level = Level.L4
    """The highest level of data that is read by it."""

    @property
    def cuts(self) -> bool:
        """Whether it leaves something out: no route that takes a reader's permission shows what is above L3."""
        return self.ceiling < Level.L3

    def valid(self, now: datetime) -> bool:
        """Whether it counts at a time: from valid_from, up to and without valid_to."""
        return (self.valid_from is None or self.valid_from <= now) and (self.valid_to is None or now < self.valid_to)


def granted(
    role: Role,
    organisation: str | None = None,
    region: str | None = None,
    area: str | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    ceiling: Level = Level.L4,
) -> Grant:
    """The grant of a role; with a limit it gives nothing that concerns the whole hub."""
    if organisation is None and region is None and area is None:
        return Grant(PERMISSIONS[role], None, valid_from, valid_to, role, ceiling=ceiling)
    key = key_of(organisation, region, area)
    return Grant(PERMISSIONS[role] - HUB_WIDE, key, valid_from, valid_to, role, ceiling=ceiling)


def scope_of(grants: Iterable[Grant], needed: frozenset[Permission]) -> Scope:
    """What the grants that hold all that is needed reach, each thing up to the highest ceiling that reaches it."""
    held = [grant for grant in grants if needed <= grant.permissions]
    uncut = [grant for grant in held if not grant.cuts]
    if any(grant.key is None and grant.share is None for grant in uncut):
        return EVERYWHERE
    return _reach(held, None if len(uncut) == len(held) else _reach(uncut, None))


def _reach(held: Iterable[Grant], uncut: Scope | None) -> Scope:
    grants = list(held)
    keys = frozenset(grant.key or EVERYTHING for grant in grants if grant.share is None)
    return Scope(keys, frozenset(grant.share for grant in grants if grant.share is not None), uncut)

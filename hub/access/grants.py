"""Grants: a role, for everything or for an organisation, a division's subtree or a named area, for a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.access.permissions import Permission
from hub.access.roles import HUB_WIDE, PERMISSIONS, Role
from hub.access.scope import EVERYWHERE, Scope, Share, key_of


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
) -> Grant:
    """The grant of a role; with a limit it gives nothing that concerns the whole hub."""
    if organisation is None and region is None and area is None:
        return Grant(PERMISSIONS[role], None, valid_from, valid_to, role)
    return Grant(PERMISSIONS[role] - HUB_WIDE, key_of(organisation, region, area), valid_from, valid_to, role)


def scope_of(grants: Iterable[Grant], needed: frozenset[Permission]) -> Scope:
    """What the grants that hold all that is needed reach."""
    held = [grant for grant in grants if needed <= grant.permissions]
    keys = {grant.key for grant in held if grant.share is None}
    if None in keys:
        return EVERYWHERE
    shares = frozenset(grant.share for grant in held if grant.share is not None)
    return Scope(frozenset(key for key in keys if key is not None), shares)

"""The caller of a request: authenticated once, from its credentials, never from claims in its body."""

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from hub.access.classification import Level
from hub.access.grants import Grant, scope_of
from hub.access.permissions import Permission
from hub.access.scope import EVERYWHERE, Scope, key_of

Kind = Literal["person", "machine", "device", "broker", "local"]
"""local: a program on this machine, while no token is set."""


@dataclass(slots=True, frozen=True)
class Caller:
    """An authenticated caller and its permissions."""

    kind: Kind
    name: str
    """As messages name them: `api token`, `device air-1`, the name of an account."""
    permissions: frozenset[Permission] = frozenset()
    grants: tuple[Grant, ...] | None = None
    """Valid ones, of a person or a machine; None: what is permitted is permitted everywhere."""
    principal: UUID | None = None
    organisation: str | None = None
    """Code of the one that a person or a machine belongs to."""
    address: str | None = None
    """Where the request came from, as far as the hub can tell."""
    scope: Scope = EVERYWHERE
    """What the request may see: set by `within` once it is known what it needs."""

    @property
    def actor(self) -> str:
        """As the audit names them: an id, which outlives the name."""
        return self.name if self.principal is None else f"principal:{self.principal}"

    def within(self, needed: frozenset[Permission]) -> "Caller":
        """The caller for a request that needs these permissions, which it has."""
        return self if self.grants is None else replace(self, scope=scope_of(self.grants, needed))

    def scope_up_to(self, level: Level, needed: frozenset[Permission]) -> Scope:
        """What it may see of data of a level, for a request that needs these permissions."""
        if self.grants is None:
            return EVERYWHERE
        return scope_of([grant for grant in self.grants if grant.ceiling >= level], needed)

    def speaks_for(self, organisation: str, permission: Permission) -> bool:
        """Whether a permission was granted for all of an organisation, or for everything."""
        keys = {key_of(organisation, None, None), None}
        return self.grants is None or any(
            permission in grant.permissions and grant.share is None and grant.key in keys for grant in self.grants
        )

    def reads(self, level: Level, permission: Permission) -> bool:
        """Whether a permission was granted for data up to a level."""
        return self.grants is None or any(
            permission in grant.permissions and grant.ceiling >= level for grant in self.grants
        )


def principal(
    id_: UUID,
    kind: Literal["person", "machine"],
    name: str,
    grants: tuple[Grant, ...],
    organisation: str | None = None,
) -> Caller:
    """The caller that a person or a machine is, by its valid grants."""
    permissions = frozenset().union(*(grant.permissions for grant in grants))
    return Caller(kind, name, permissions, grants, id_, organisation)

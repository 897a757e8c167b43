"""Who calls: made once at the door from what was shown there, never from what a request claims in its body."""

from dataclasses import dataclass
from typing import Literal

from hub.access.permissions import Permission

Kind = Literal["person", "machine", "device", "broker", "local"]
"""local: a program on this machine, while no token is set."""


@dataclass(slots=True, frozen=True)
class Caller:
    """Who was recognised at the door, and what is open to them."""

    kind: Kind
    name: str
    """As the audit names them: `api token`, `device air-1`."""
    permissions: frozenset[Permission] = frozenset()
    organisation: str | None = None
    """Code of the one organisation whose things are visible; None: of all."""
    region: str | None = None
    """First digits of the division code below which things are visible; None: everywhere."""

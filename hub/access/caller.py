"""The caller of a request: authenticated once, from its credentials, never from claims in its body."""

from dataclasses import dataclass
from typing import Literal

from hub.access.permissions import Permission

Kind = Literal["person", "machine", "device", "broker", "local"]
"""local: a program on this machine, while no token is set."""


@dataclass(slots=True, frozen=True)
class Caller:
    """An authenticated caller and its permissions."""

    kind: Kind
    name: str
    """As the audit names them: `api token`, `device air-1`."""
    permissions: frozenset[Permission] = frozenset()
    organisation: str | None = None
    """Code of the one organisation whose things are visible; None: of all."""
    region: str | None = None
    """First digits of the division code below which things are visible; None: everywhere."""
    address: str | None = None
    """Where the request came from, as far as the hub can tell."""

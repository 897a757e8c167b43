"""Doors that need no token: for tests of what lies behind one."""

from collections.abc import Sequence
from uuid import uuid4

from starlette.requests import HTTPConnection

from hub.access.caller import Caller, principal
from hub.access.grants import granted
from hub.access.permissions import EVERYTHING
from hub.access.roles import Role
from hub.access.scope import Scope


class AlwaysDoor:
    """Takes everybody for the same caller, who has all permissions unless others are set."""

    def __init__(self) -> None:
        self.permissions = EVERYTHING

    async def caller(self, connection: HTTPConnection) -> Caller:
        """That one."""
        return Caller("person", "somebody", self.permissions)


async def nothing_outside(scope: Scope, codes: Sequence[str]) -> list[str]:
    """Of some devices those that a caller does not reach: none."""
    return []


class CallerDoor:
    """Lets in whoever is set."""

    def __init__(self) -> None:
        self.now = Caller("person", "all", EVERYTHING)

    async def caller(self, connection: HTTPConnection) -> Caller:
        return self.now

    def limited(self, role: Role, region: str | None) -> None:
        """Somebody with one grant."""
        self.now = principal(uuid4(), "person", "li.wei", (granted(role, region=region),))

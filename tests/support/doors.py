"""Doors that need no token: for tests of what lies behind one."""

from starlette.requests import HTTPConnection

from hub.access.caller import Caller
from hub.access.permissions import EVERYTHING


class AlwaysDoor:
    """Takes everybody for the same caller, who has all permissions unless others are set."""

    def __init__(self) -> None:
        self.permissions = EVERYTHING

    def caller(self, connection: HTTPConnection) -> Caller:
        """That one."""
        return Caller("person", "somebody", self.permissions)

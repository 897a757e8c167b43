"""What a process receives: by it the rules know when a hold time may end without another reading."""

from typing import Protocol

from analytics.rules.slots import LONG_AGO, NEVER
from hub.models import Micros


class Reception(Protocol):
    """Tells of which devices this process receives everything, and how far it has come."""

    def since(self) -> Micros | None:
        """Since when everything is received without a gap; None while it is not."""

    def until(self) -> Micros:
        """Everything that was received up to then is decided."""

    def owns(self, device: str) -> bool:
        """Whether this process, and no other, receives what the device of this code sends."""


class Everything(Reception):
    """Everything was always received, and is decided."""

    def since(self) -> Micros | None:
        return LONG_AGO

    def until(self) -> Micros:
        return NEVER

    def owns(self, device: str) -> bool:
        return True


class Nothing(Reception):
    """Nothing is received."""

    def since(self) -> Micros | None:
        return None

    def until(self) -> Micros:
        return LONG_AGO

    def owns(self, device: str) -> bool:
        return False

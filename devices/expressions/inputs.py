"""What an expression is calculated from: newest values of a device, of its gateway, and figures of its neighbours."""

from typing import Literal, NamedTuple

Scope = Literal["device", "gateway", "neighbours"]


class Input(NamedTuple):
    """A number that an expression names."""

    scope: Scope
    metric: str
    figure: str = ""
    """Of neighbours: count, max, mean, median or min of their newest values."""
    radius: float = 0.0
    """Of neighbours: how many metres around the device."""

    def __str__(self) -> str:
        if self.scope == "neighbours":
            return f"{self.figure}(neighbours({self.radius:g}).{self.metric})"
        return self.metric if self.scope == "device" else f"gateway.{self.metric}"

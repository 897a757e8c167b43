"""How a decision becomes a change of an alert: ids derived from the cause, and a title people understand."""

from hashlib import blake2b
from uuid import UUID

from hub.models import LEVEL_NAMES, Micros


def alert_id(rule: str, target: str, onset: Micros | UUID) -> UUID:
    """The same for the same rule code, target and onset (time of the first reading, or the event's id)."""
    return _derived(rule, target, str(onset))


def change_id(alert: UUID, kind: str, level: int, ts: Micros) -> UUID:
    """The same for the same step of the same alert: deciding twice is deciding once."""
    return _derived(str(alert), kind, str(level), str(ts))


def reading_title(
    device: str, metric: str, value: float, beyond: bool, above: bool, threshold: float | None, level: int
) -> str:
    """For example "River gauge 12: level 4.31 ≥ 4 (orange)": beyond a threshold, or back behind it."""
    sign = {(True, True): "≥", (True, False): "≤", (False, True): "<", (False, False): ">"}[beyond, above]
    compared = "" if threshold is None else f" {sign} {threshold:g}"
    return f"{device}: {metric} {value:.6g}{compared} ({_state(level)})"


def event_title(device: str, kind: str, level: int) -> str:
    """For example "Pole 7: smoke (red)"; level 0 is cleared."""
    return f"{device}: {kind} ({_state(level)})"


def _state(level: int) -> str:
    return LEVEL_NAMES[level - 1] if level else "cleared"


def _derived(*parts: str) -> UUID:
    # No part but the target may hold a slash or a colon, and none a zero byte: the join is unambiguous.
    return UUID(bytes=blake2b("\0".join(parts).encode(), digest_size=16).digest())

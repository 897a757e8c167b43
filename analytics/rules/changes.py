"""Alert changes from decisions: derived ids."""

from hashlib import blake2b
from uuid import UUID

from hub.models import Micros


def alert_id(rule: str, target: str, onset: Micros | UUID | str) -> UUID:
    """Deterministic id from rule code, target and onset (time of the first reading, or the event's id).

    Of a reading or event that replaces another one it is a text that tells the two apart.
    """
    return _derived(rule, target, str(onset))


def change_id(alert: UUID, kind: str, level: int, ts: Micros | str) -> UUID:
    """Deterministic id of an alert's step, so that decisions are idempotent."""
    return _derived(str(alert), kind, str(level), str(ts))


def _derived(*parts: str) -> UUID:
    # No part but the target may hold a slash or a colon, and none a zero byte: the join is unambiguous.
    return UUID(bytes=blake2b("\0".join(parts).encode(), digest_size=16).digest())

"""Alert changes from decisions: derived ids and human-readable titles."""

from hashlib import blake2b
from uuid import UUID

from hub.models import LEVEL_NAMES, Micros
from hub.words import Lang, text


def alert_id(rule: str, target: str, onset: Micros | UUID) -> UUID:
    """Deterministic id from rule code, target and onset (time of the first reading, or the event's id)."""
    return _derived(rule, target, str(onset))


def change_id(alert: UUID, kind: str, level: int, ts: Micros) -> UUID:
    """Deterministic id of an alert's step, so that decisions are idempotent."""
    return _derived(str(alert), kind, str(level), str(ts))


def reading_title(
    device: str,
    metric: str,
    value: float,
    beyond: bool,
    above: bool,
    threshold: float | None,
    level: int,
    lang: Lang = "en",
) -> str:
    """For example "River gauge 12: level 4.31 ≥ 4 (orange)": beyond a threshold, or back behind it."""
    sign = {(True, True): "≥", (True, False): "≤", (False, True): "<", (False, False): ">"}[beyond, above]
    measured = f"{value:.6g}" if threshold is None else f"{value:.6g} {sign} {threshold:g}"
    return text("alert.title.reading", lang, device=device, metric=metric, measured=measured, state=_state(level, lang))


def event_title(device: str, kind: str, level: int, delay: Micros = 0, lang: Lang = "en") -> str:
    """For example "Pole 7: smoke (red), 25 min late"; level 0 is cleared."""
    title = text("alert.title.event", lang, device=device, kind=kind, state=_state(level, lang))
    return text("alert.title.late", lang, title=title, minutes=str(delay // 60_000_000)) if delay else title


def _state(level: int, lang: Lang) -> str:
    return text(f"alert.state.{LEVEL_NAMES[level - 1] if level else 'cleared'}", lang)


def _derived(*parts: str) -> UUID:
    # No part but the target may hold a slash or a colon, and none a zero byte: the join is unambiguous.
    return UUID(bytes=blake2b("\0".join(parts).encode(), digest_size=16).digest())

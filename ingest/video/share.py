"""How many cameras a patrol opens at one time, so that it takes no more processor time than is its share.

It yields first: its share is what the steady analysis leaves of `video.cpu`, and LEAST of it while that itself is shed.
"""

from pathlib import Path

LEAST = 0.05
"""Of `video.cpu`, so that a round ends some day."""
FIRST = 20
"""At the begin."""
GROWS = 0.7
"""Below this share of what it may take, it opens more."""
_TICKS = 100
"""A second, in what Linux tells of processes (USER_HZ)."""


def share_of(total: float, steady: float, is_shed: bool) -> float:
    """Processors that it may take, when the steady analysis takes so many."""
    return LEAST * total if is_shed else max(total - steady, LEAST * total)


def at_once(now: int, spent: float, share: float, most: int) -> int:
    """How many from now on, when `now` of them took `spent` processors."""
    if spent > share:
        return max(1, now // 2)
    return min(most, 2 * now) if spent < GROWS * share else min(now, most)


def cpu_s(pid: int | None) -> float:
    """Seconds of processor time of a process so far; 0 of none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS

"""When what is polled is due: slots of an interval, spread over it by name, and none is caught up on. Pure."""

from hashlib import blake2b

from hub.models import Micros


def phase(name: str, every: Micros) -> Micros:
    """How far into its interval something is due: the same in each process, and spread evenly over many names."""
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
    return number * every >> 64


def next_slot(after: Micros, every: Micros, offset: Micros) -> Micros:
    """The first slot after a time."""
    return after + every - (after - offset) % every


def missed(due: Micros, now: Micros, every: Micros) -> int:
    """How many whole slots have gone by since one that was due."""
    return max(now - due, 0) // every

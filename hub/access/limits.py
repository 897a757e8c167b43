"""Rate limits: how many requests each caller may make, by its kind. In memory, of one process.

Without credentials an address is slowed down instead, before a request is read: api/http/addresses.py.
"""

import time
from collections.abc import Callable
from math import ceil

from fastapi import HTTPException

from hub.access.caller import Caller, Kind
from hub.access.token_bucket import TokenBuckets
from hub.limit_settings import Limits as Listed

CALLERS = 100_000
"""Of each kind that are remembered; each has credentials, and costs about 200 bytes."""
PERSON_AT_ONCE_S = 10.0
"""Seconds' worth that a person may ask for at once: a page with its lists, opened anew in several windows."""


class Limits:
    """Of one process; a broker, which asks for every client that connects to it, has none."""

    def __init__(self, listed: Listed, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        person, machine = listed.person_per_s, listed.machine_per_s
        of_machines = TokenBuckets(machine, CALLERS)
        self._rates: dict[Kind, tuple[float, TokenBuckets]] = {
            "person": (person, TokenBuckets(person, CALLERS, room=person * PERSON_AT_ONCE_S)),
            "machine": (machine, of_machines),
            "local": (machine, of_machines),
            "device": (listed.device_per_s, TokenBuckets(listed.device_per_s, CALLERS)),
        }

    def take(self, caller: Caller) -> None:
        """Count a request. HTTPException 429, with Retry-After, for one too many."""
        found = self._rates.get(caller.kind)
        if found is None:
            return
        rate, buckets = found
        if wait := buckets.take(caller.actor, self._clock()):
            detail = f"{caller.name} may make {rate:g} requests a second: try again in {ceil(wait)} s"
            raise HTTPException(429, detail, {"Retry-After": str(ceil(wait))})

"""How many requests a caller may make."""

import pytest
from fastapi import HTTPException

from hub.access.caller import Caller
from hub.access.limits import Limits
from hub.limit_settings import Limits as Listed


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def limits(clock: Clock) -> Limits:
    return Limits(Listed(person_per_s=2, machine_per_s=5, device_per_s=1), clock)


def taken(of: Limits, caller: Caller, requests: int) -> int:
    """How many of so many requests are let in."""
    let_in = 0
    for _ in range(requests):
        try:
            of.take(caller)
        except HTTPException:
            continue
        let_in += 1
    return let_in


@pytest.mark.parametrize(("kind", "at_once", "a_second"), [("person", 20, 2), ("machine", 5, 5), ("device", 1, 1)])
def test_a_caller_has_a_rate_of_its_kind(kind: str, at_once: int, a_second: int) -> None:
    clock = Clock()
    of, one, other = limits(clock), Caller(kind, "one"), Caller(kind, "other")  # type: ignore[arg-type]
    assert taken(of, one, 100) == at_once
    assert taken(of, other, 100) == at_once, "another caller has its own"
    with pytest.raises(HTTPException) as refused:
        of.take(one)
    assert (refused.value.status_code, refused.value.headers) == (429, {"Retry-After": "1"})
    clock.now += 1
    assert taken(of, one, 100) == a_second


def test_a_broker_has_none() -> None:
    assert taken(limits(Clock()), Caller("broker", "broker"), 10_000) == 10_000

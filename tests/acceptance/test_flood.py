"""Whoever reaches the API's port without a token: the hub holds little, answers others, and stores as before."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.broker import Mosquitto
from tests.support.flood import KINDS
from tests.support.hub import Hub
from tests.support.numbered import Numbers, check, register, resident_mb, wait_for
from tests.support.process import wait_until

GROWTH_MB = 130
"""Far below what 400 bodies of the largest size would take, 400 MB; what the first requests load is in it."""


@contextmanager
def flood(port: int, kind: str, connections: int) -> Iterator[dict[str, int]]:
    """Clients that send without an end; afterwards what they sent."""
    command = [sys.executable, "-m", "tests.support.flood", str(port), kind, "--connections", str(connections)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    told: dict[str, int] = {}
    try:
        yield told
        out, _ = process.communicate(timeout=30)
        told |= json.loads(out)
    finally:
        process.kill()
        process.wait()


def answered(port: int, seconds: float) -> None:
    """/healthz answers new connections, one after the other, in a few seconds at most of a quiet machine."""

    def healthy() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
        except httpx.TimeoutException:
            return False

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        wait_until(healthy, "an answer", 10)
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("kinds", "connections", "seconds"),
    [
        pytest.param(("requests", "header", "trailer", "body"), 50, 0.5, id="50"),
        pytest.param(tuple(each for each in KINDS if each != "logins"), 400, 4.0, id="400", marks=pytest.mark.heavy),
    ],
)
def test_a_flood_fills_no_memory_and_others_are_answered(
    closed_hub: Hub, kinds: tuple[str, ...], connections: int, seconds: float
) -> None:
    """One hub for all kinds of flood: what one leaves behind is seen in the next."""
    answered(closed_hub.port, 0.5)
    before = resident_mb(closed_hub.pid)
    for kind in kinds:
        with flood(closed_hub.port, kind, connections) as told:
            answered(closed_hub.port, seconds)
        assert told["sent"] > 0, kind
        assert resident_mb(closed_hub.pid, "VmHWM") < before + GROWTH_MB, kind


def test_a_flood_does_not_stop_what_is_stored(closed_hub: Hub, database: str, mosquitto: Mosquitto) -> None:
    count = 20_000
    register(closed_hub)
    with flood(closed_hub.port, "requests", 50) as told, Numbers(mosquitto.port, count):
        wait_for(database, count)
    assert told["sent"] > 0
    check(database, count)

"""Passwords: hashes at one time."""

import asyncio
import threading
import time
from contextlib import suppress

import pytest

from hub.access import passwords
from hub.access.passwords import AT_ONCE, Passwords


async def test_who_leaves_in_the_middle_makes_no_room_for_another_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def slow(kept: str, password: str) -> bool:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return False

    monkeypatch.setattr(passwords, "_verified", slow)
    kept = Passwords()
    for number in range(20):
        leaving = asyncio.create_task(kept.verified(None, "x", str(number)))
        await asyncio.sleep(0.005)
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
    assert await kept.verified(None, "x", "last") is False
    assert most == AT_ONCE

"""The past of watched things: told while shipped rules are off, whatever earlier runs have left behind."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator import past
from simulator.past import await_past, retire_earlier, shipped_rules_off
from simulator.registration import RefusedError
from simulator.runner import register
from simulator.watched import watched, watched_things
from tests.support.served_api import api_context, client_of, served

NOW = 1_790_000_000_000_000


@pytest.fixture
async def hub(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    monkeypatch.setattr(past, "EFFECTIVE_S", 0.0)
    monkeypatch.setattr("simulator.runner.EFFECTIVE_S", 0.0)
    async with api_context(database) as context, client_of(context) as client, served(context) as base:
        things = [thing for thing, _ in watched_things(NOW, 1)]
        await asyncio.to_thread(register, base, None, things, None)
        yield base, client


async def _shipped(client: httpx.AsyncClient) -> dict[str, str]:
    sets = (await client.get("/rule-sets")).raise_for_status().json()["items"]
    return {rule["code"]: rule["state"] for one in sets for rule in one["rules"] if rule["state"] != "absent"}


async def _devices(client: httpx.AsyncClient, state: str) -> int:
    return len(
        (await client.get("/devices", params={"state": state, "limit": 1000})).raise_for_status().json()["items"]
    )


async def test_shipped_rules_are_off_while_the_past_is_told_in_each_run(hub: tuple[str, httpx.AsyncClient]) -> None:
    base, client = hub

    def run(fails: bool) -> None:
        with shipped_rules_off(base, None):
            seen.append(asyncio.run_coroutine_threadsafe(_shipped(client), loop).result())
            if fails:
                raise RefusedError("the broker is away")

    loop, seen = asyncio.get_running_loop(), list[dict[str, str]]()
    await asyncio.to_thread(run, False)
    first = await _shipped(client)
    assert seen == [{}], "none is there before the first run"
    assert set(first.values()) == {"on"}
    assert "pole-voltage-excess" in first
    with pytest.raises(RefusedError):
        await asyncio.to_thread(run, True)
    assert seen[1] == dict.fromkeys(first, "off")
    assert await _shipped(client) == first, "on again, though the past was not told"
    before: dict[str, Any] = (await client.get("/rules/pole-voltage-excess")).json()
    assert (before["thresholds"], before["clear_s"], before["signal"]) == ({"blue": 2, "yellow": 3}, 7200, "unshared")


async def test_things_of_earlier_runs_are_retired_and_all_others_stay(hub: tuple[str, httpx.AsyncClient]) -> None:
    base, client = hub
    (await client.put("/devices/air-001", json={"name": "air", "profile": "air-station"})).raise_for_status()
    assert await asyncio.to_thread(retire_earlier, base, None) == 14
    assert (await _devices(client, "active"), await _devices(client, "retired")) == (1, 14)
    assert await asyncio.to_thread(retire_earlier, base, None) == 0


async def test_a_past_that_never_comes_is_an_error_that_names_its_device(hub: tuple[str, httpx.AsyncClient]) -> None:
    base, _ = hub
    known = watched(watched_things(NOW, 1), NOW, 1)
    with pytest.raises(RefusedError, match=f"the past of {known[0].life.thing.code} for 0.2 s"):
        await asyncio.to_thread(await_past, base, None, known, threading.Event(), 0.2)

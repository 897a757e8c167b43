"""Cameras of the simulator that a hub asks: what it fetched of them is their truth, and nothing is left lasting."""

import asyncio
import re
import threading

import httpx

from simulator.cameras.asked import PASSWORD, USERNAME, Asked, free_port
from simulator.cameras.isapi import STREAM
from simulator.messages import Message
from tests.support.process import eventually


async def listen(port: int, heard: bytearray) -> None:
    """Read a stream until it ends."""
    login, url = httpx.DigestAuth(USERNAME, PASSWORD), f"http://127.0.0.1:{port}{STREAM}"
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
        client.stream("GET", url, auth=login) as answer,
    ):
        async for block in answer.aiter_raw():
            heard += block


async def test_what_was_fetched_is_the_truth_and_ends() -> None:
    port, still = free_port(), threading.Event()
    taken, heard = list[Message](), bytearray()

    async def told(least: int) -> bool:
        return len(taken) >= least

    async with Asked("isapi", ["gate"], [port], taken.append) as asked:
        running = asyncio.create_task(asked.run(still, 0.1))
        await asyncio.sleep(0)
        assert taken == [], "nobody listens yet"
        listening = asyncio.create_task(listen(port, heard))
        await eventually(lambda: told(1), "something is there")
        still.set()
        await running
        assert await asked.end(5) == 0
    await asyncio.gather(listening, return_exceptions=True)
    states = [message.events[0].state for message in taken]
    assert states[-1] == "inactive"
    assert states == ["active", "inactive"] * (len(states) // 2)
    alerts = re.findall(rb"<dateTime>([^<]+)<.*?fielddetection.*?<eventState>(\w+)<", bytes(heard), re.DOTALL)
    assert [state.decode() for _, state in alerts] == states

"""The connection for what goes down, on a real mosquitto that goes away and comes back."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from devices.broker import BrokerLink
from hub.errors import BrokerUnavailable
from hub.settings import Mqtt
from ingest.mqtt.control import MAX_WAITING, ControlLink
from tests.support.broker import Mosquitto
from tests.support.process import eventually


async def _is(condition: object, what: str) -> None:
    async def met() -> bool:
        return bool(condition())  # type: ignore[operator]

    await eventually(met, what)


@pytest.fixture
async def link(mosquitto: Mosquitto) -> AsyncIterator[ControlLink]:
    made = ControlLink(Mqtt(port=mosquitto.port))
    running = asyncio.create_task(made.run())
    await _is(lambda: made.connected, "connected")
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_it_publishes_and_hears(link: ControlLink) -> None:
    down: BrokerLink = link
    async with down.heard("a/+/reply", "b/#") as messages:
        await down.publish("a/1/reply", b"one")
        await down.publish("a/1/command", b"of no interest")
        await down.publish("b", b"x" * 3_000_000)
        assert await anext(messages) == ("a/1/reply", b"one")
        assert await anext(messages) == ("b", b"x" * 3_000_000)


async def test_publish_returns_once_the_broker_has_it(link: ControlLink, mosquitto: Mosquitto) -> None:
    os.kill(mosquitto.pid, signal.SIGSTOP)
    sent = asyncio.create_task(link.publish("a", b"1"))
    done, _ = await asyncio.wait({sent}, timeout=0.3)
    os.kill(mosquitto.pid, signal.SIGCONT)
    assert not done, "a PUBACK from a stopped broker"
    await asyncio.wait_for(sent, 5)


async def test_what_was_given_up_is_not_sent_when_the_line_is_free_again() -> None:
    sizes: list[int] = []
    first, freed, drained = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x20\x02\x00\x00")
        if not first.is_set():
            first.set()
            await freed.wait()
        with suppress(ConnectionError):
            sizes.append(len(await reader.read()))
        drained.set()
        writer.close()

    server = await asyncio.start_server(broker, "127.0.0.1", 0, limit=1 << 16)
    link = ControlLink(Mqtt(port=server.sockets[0].getsockname()[1]))
    running = asyncio.create_task(link.run())
    await _is(lambda: link.connected, "connected")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await link.publish("a", bytes(50_000_000))  # more than the system keeps
    await _is(lambda: not link.connected, "the connection is given up")
    freed.set()
    await asyncio.wait_for(drained.wait(), 10)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    server.close()
    assert sum(sizes) < 50_000_000


async def test_a_broker_that_went_and_came_back(link: ControlLink, mosquitto: Mosquitto) -> None:
    async with link.heard("a/#") as messages:
        os.kill(mosquitto.pid, signal.SIGSTOP)
        waiting = asyncio.create_task(link.publish("a/lost", b"never to arrive"))
        await asyncio.sleep(0)
        mosquitto.kill()
        with pytest.raises(BrokerUnavailable, match="before the broker confirmed"):
            await waiting
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable, match="not connected"):
            await link.publish("a/lost", b"at once")
        with pytest.raises(BrokerUnavailable):
            async with link.heard("b"):
                pass
        assert time.monotonic() - began < 1
        mosquitto.start()
        await _is(lambda: link.connected, "connected again")
        await link.publish("a/back", b"here")
        assert await asyncio.wait_for(anext(messages), 5) == ("a/back", b"here")  # and nothing of before


async def test_a_slow_reader_loses_the_oldest(link: ControlLink, mosquitto: Mosquitto) -> None:
    async with link.heard("a") as messages, link.heard("last") as last:
        await asyncio.to_thread(mosquitto.publish, [("a", b"%d" % n) for n in range(MAX_WAITING + 5)])
        await link.publish("last", b"")
        await anext(last)
        assert link.let_go == 5
        assert await anext(messages) == ("a", b"5")


async def test_who_left_hears_nothing_and_the_other_still_does(link: ControlLink) -> None:
    async with link.heard("a") as stays:
        async with link.heard("a", "b") as leaves:
            await link.publish("b", b"1")
            assert await anext(leaves) == ("b", b"1")
        await link.publish("b", b"2")
        await link.publish("a", b"3")
        assert await asyncio.wait_for(anext(stays), 5) == ("a", b"3")

"""Ports that devices connect to: both or none, tried again while one is taken, and told of once."""

import asyncio
import logging
import socket

import pytest

from ingest.ports import Ports, place_of
from tests.support.process import eventually

log = logging.getLogger("ports")


def taken() -> tuple[socket.socket, str]:
    held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    held.bind(("127.0.0.1", 0))
    return held, f"127.0.0.1:{held.getsockname()[1]}"


async def connects(where: str) -> bool:
    try:
        _, writer = await asyncio.open_connection(*place_of(where))
    except OSError:
        return False
    writer.close()
    return True


async def test_neither_is_open_while_one_is_taken_and_that_it_is_over_is_told(caplog: pytest.LogCaptureFixture) -> None:
    held, where = taken()
    ports = Ports("meters", log, where, where)

    async def told() -> bool:
        return bool(caplog.messages)

    with caplog.at_level(logging.WARNING, "ports"):
        opening = asyncio.create_task(ports.open(asyncio.Protocol, asyncio.DatagramProtocol))
        await eventually(told, "it is told")
        assert (await connects(where), ports.bound, "meters cannot connect" in caplog.text) == (False, False, True)
        held.close()
        await opening
    assert (await connects(where), ports.bound, caplog.messages[1:]) == (True, True, ["meters can connect"])
    ports.stop()
    await ports.until_stopped()
    assert (await connects(where), ports.bound) == (False, False)
    ports.close()


async def test_a_stop_ends_the_waiting_for_a_port() -> None:
    held, where = taken()
    ports = Ports("meters", log, None, where)
    opening = asyncio.create_task(ports.open(asyncio.Protocol, asyncio.DatagramProtocol))
    await asyncio.sleep(0)
    ports.stop()
    await opening
    assert not ports.bound
    held.close()

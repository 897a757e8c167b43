"""What a connection of MQTT 5 tells of its end, and what it asks of the broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from hub.errors import BrokerUnavailable
from hub.settings import Mqtt
from ingest.mqtt.connection import MqttConnection
from ingest.mqtt.control import open_link
from ingest.mqtt.frames import Publish
from tests.support.process import eventually

CONNACK, SUBACK = b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x01"
MESSAGE = b"\x32\x07\x00\x01a\x00\x07\x00!"


@asynccontextmanager
async def broker(*answers: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A broker that gives an answer to each packet; its port, and the packets."""
    asked: list[bytes] = []
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            asked.append(await reader.read(1_000))
            writer.write(answer)
        await reader.read(1_000)
        writer.close()
        await writer.wait_closed()
        served.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], asked
        await served.wait()


async def _is(condition: Callable[[], bool]) -> bool:
    return condition()


async def _read_on(connection: MqttConnection) -> None:
    while True:
        await connection.read()


@pytest.mark.parametrize(("reason", "taken_over"), [(0x8E, True), (0x8B, False)])
async def test_the_reason_of_the_end_is_told(reason: int, taken_over: bool) -> None:
    heard: list[Publish] = []
    async with broker(CONNACK, SUBACK + MESSAGE + b"\xe0\x01" + bytes([reason])) as (port, asked):
        connection = MqttConnection(Mqtt(port=port, version="5"), ["a"], heard.extend, "one")
        await connection.connect()
        with pytest.raises(BrokerUnavailable, match="the broker ended the connection: S"):
            await _read_on(connection)
        connection.close()
    assert connection.taken_over is taken_over
    assert connection.thrown_out
    assert heard == [Publish("a", b"!", 7, False)]
    assert b"\x11\xff\xff\xff\xff" in asked[0], "the session is never to expire"


async def test_messages_behind_an_answer_in_one_read_are_handed_on_and_acknowledged() -> None:
    messages = b"\x32\x06\x00\x01a\x00\x07!\x32\x06\x00\x01a\x00\x08?"
    told = (b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01", b"\x40\x02\x00\x02" + messages, b"")
    async with broker(*told) as (port, asked), open_link(Mqtt(port=port), "one", "what it sends") as link:
        async with asyncio.timeout(5):
            await eventually(partial(_is, lambda: link.connected), "connected", 5)
            async with link.heard("a") as heard:
                await link.publish("b", b"")
                assert [await anext(heard), await anext(heard)] == [("a", b"!"), ("a", b"?")]
                await eventually(partial(_is, lambda: len(asked) == 4), "they are acknowledged", 5)
    assert asked[3].startswith(b"\x40\x02\x00\x07\x40\x02\x00\x08"), "else they fill the window of the broker"


async def test_a_ping_is_answered_though_another_one_follows_behind_a_full_window() -> None:
    more = b"\x32\x07\x00\x01a\x00\x08\x00?"
    async with broker(CONNACK, SUBACK + MESSAGE, more + b"\xd0\x00", *[b""] * 2) as (port, asked):
        heard: list[Publish] = []
        connection = MqttConnection(Mqtt(port=port, version="5"), ["a"], heard.extend, "one")
        await connection.connect()
        async with asyncio.timeout(5):
            while not heard:
                await connection.read()
            connection.ping()
            connection.acknowledge([heard[0].packet_id])
            await connection.read()
            assert connection.answered
            await eventually(partial(_is, lambda: b"".join(asked[2:]).count(b"\xc0\x00") == 2), "it is asked again", 5)
        connection.close()

"""An official warning that was taken reaches its consumer by the hub itself, after kill -9 too, with one id."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import psycopg

from tests.support.hub import Hub
from tests.support.process import eventually
from tests.support.warning_samples import CITY, national
from tests.support.webhooks import Receiver


async def test_what_was_taken_is_told_after_a_kill(hub: Hub, database: str) -> None:
    receiver = Receiver()
    await receiver.start()
    try:
        await asyncio.to_thread(partial(hub.put, "/consumers/desk", url=receiver.url(), warnings=True))
        receiver.answer = lambda got: None  # silence: the answer never comes
        document = national(sent=datetime.now(UTC).isoformat(" ")).encode()
        post = partial(hub.api.post, "/api/v1/warnings", content=document)
        assert len((await asyncio.to_thread(post)).json()["stored"]) == 1
        await eventually(_received(receiver, 1), "the first attempt")
        hub.kill()
        receiver.answer = lambda got: 200
        with psycopg.connect(database, autocommit=True) as conn:  # instead of waiting for the lease
            conn.execute("update warning_delivery set next_at = now()")
        await asyncio.to_thread(hub.start)
        await eventually(_received(receiver, 2), "it goes out again", 60)
        assert (await asyncio.to_thread(post)).json()["repeated"] == 1
    finally:
        await receiver.stop()
    assert len(set(receiver.ids())) == 1
    event = json.loads(receiver.received[-1].body)
    assert (event["type"], event["data"]["identifier"]) == ("ganzhi.warning.issued", CITY)


def _received(receiver: Receiver, count: int) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return len(receiver.received) >= count

    return reached

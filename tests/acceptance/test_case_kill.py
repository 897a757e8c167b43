"""A step of a case that was taken reaches its consumer by the hub itself, after kill -9 too, with one id."""

import asyncio
import json
from functools import partial

import psycopg

from tests.acceptance.test_warning_kill import _received
from tests.support.hub import Hub
from tests.support.process import eventually
from tests.support.webhooks import Receiver


async def test_what_was_taken_is_told_after_a_kill(hub: Hub, database: str) -> None:
    async with Receiver() as receiver:
        receiver.answer = lambda got: None  # silence: the answer never comes
        await asyncio.to_thread(partial(hub.put, "/consumers/ops", url=receiver.url(), filters=[], cases={}))
        reported = {"title": "Rubbish", "region": "330106001002"}
        case = (await asyncio.to_thread(partial(hub.api.post, "/api/v1/cases", json=reported))).json()["id"]
        await eventually(_received(receiver, 1), "the first attempt")
        step = partial(hub.api.post, f"/api/v1/cases/{case}/steps", json={"to": "accepted"})
        assert (await asyncio.to_thread(step)).is_success
        hub.kill()  # the second step is committed, and nobody has tried to tell it
        receiver.answer = lambda got: 200
        with psycopg.connect(database, autocommit=True) as conn:  # instead of waiting for the lease
            assert conn.execute("update case_delivery set next_at = now() where state = 'pending'").rowcount == 2
        await asyncio.to_thread(hub.start)
        await eventually(_received(receiver, 3), "both go out", 60)
        assert receiver.ids() == [f"{case}.1", f"{case}.1", f"{case}.2"]
        types = [json.loads(got.body)["type"] for got in receiver.received]
        assert types[1:] == ["ganzhi.case.reported", "ganzhi.case.accepted"]

"""Channels watch themselves, on a real store with real receivers: what does not accept is told over another channel."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from api.push.channel import Channel
from api.push.heartbeats import Heartbeats
from api.push.http_call import open_calls
from api.push.outbox import DeliveryWorker, Limits
from api.push.signature import verify
from api.push.webhook import Webhook
from api.push.wecom import WeCom
from hub.alerts.channel_watch import watch_channels
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.alarms import SECRET, Alarms
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of
from tests.support.webhooks import LOCAL, PLAIN, Receiver

QUICK = Limits(poll_s=0.05, waits_s=(0.05,), holds_s=(0.05,))
REVOKED = b'{"errcode": 93000, "errmsg": "invalid webhook url"}'
TAKEN = b'{"errcode": 0, "errmsg": "ok"}'


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database, pool_size=16)) as pool:
        made = Alarms(pool)
        await made.seed()
        await made.consumer("desk", min_level=3)
        yield made


@pytest.fixture
async def peer() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@asynccontextmanager
async def delivering(alarms: Alarms, beating: int = 1) -> AsyncIterator[None]:
    """A delivery worker, and what sends heartbeats and proofs of so many processes."""
    async with AsyncExitStack() as stack:
        calls = await stack.enter_async_context(open_calls(LOCAL))
        channels: Mapping[str, Channel] = {"webhook": Webhook(calls, PLAIN), "wecom": WeCom(calls, PLAIN)}
        works = [Heartbeats(alarms.pool, channels).run() for _ in range(beating)]
        works.append(DeliveryWorker(alarms.pool, channels, QUICK).run())
        tasks = [asyncio.create_task(work, name="sending") for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def robot(alarms: Alarms, peer: Receiver) -> None:
    await alarms.run(
        """insert into consumer (code, kind, url, query, secret, filters, lang, prove_due)
           values ('robot', 'wecom', %(url)s, 'key=0123456789abcdef', '', '[{}]', 'zh', now())""",
        url=peer.url(),
    )


async def watched(alarms: Alarms) -> list[str]:
    """What is told to be degraded, after a look."""
    async with alarms.pool.connection() as conn:
        await watch_channels(conn)
    found = await alarms.run(
        "select target from alert where origin = 'hub' and cleared_at is null and event_kind = 'channel_degraded'"
    )
    return sorted(target.removeprefix("channel_degraded:") for (target,) in found)


async def became(alarms: Alarms, column: str, code: str) -> None:
    async def met() -> bool:
        return await alarms.run(f"select 1 from consumer where code = '{code}' and {column} is not null") != []

    await eventually(met, f"{code}: {column}")


async def got(alarms: Alarms, code: str) -> list[str]:
    """The changes about channels that a consumer gets."""
    found = await alarms.run(
        """select h.kind from outbox o join consumer c on c.id = o.consumer_id join alert_change h on h.id = o.change_id
           where c.code = %(code)s and h.picture ->> 'event_kind' = 'channel_degraded' order by h.cursor""",
        code=code,
    )
    return [kind for (kind,) in found]


async def test_a_robot_whose_key_is_revoked_is_told_of_to_others_before_an_alert_needs_it(
    alarms: Alarms, peer: Receiver
) -> None:
    peer.said = REVOKED
    await robot(alarms, peer)
    async with delivering(alarms):
        await became(alarms, "degraded_at", "robot")
        assert await watched(alarms) == ["robot"]
        assert await watched(alarms) == ["robot"], "it is told once"
        assert await got(alarms, "desk") == ["raised"]

        async def again() -> bool:
            soon = "select prove_due < now() + interval '6 minutes' from consumer where code = 'robot'"
            return await alarms.run(soon) == [(True,)]

        await eventually(again, "it is tried again while it fails")
        peer.said = TAKEN
        await alarms.run("update consumer set prove_due = now() where code = 'robot'")
        await became(alarms, "proven_at", "robot")
        assert await watched(alarms) == []
    assert await got(alarms, "desk") == ["raised", "cleared"]
    assert "通道自检" in json.loads(peer.received[0].body)["markdown"]["content"]


async def test_where_nobody_else_hears_the_fallback_is_told_and_how_it_goes_on(alarms: Alarms) -> None:
    await alarms.run("update consumer set filters = '[]'")
    await alarms.run(
        "insert into consumer (code, url, secret, filters, fallback) values ('duty', 'u', 's', '[]', true)"
    )
    for code in ("one", "two"):
        await alarms.consumer(code)
    await alarms.run("update consumer set degraded_at = now() where code in ('one', 'two')")
    assert await watched(alarms) == ["one", "two"]
    assert await got(alarms, "duty") == ["raised", "raised"], "one was told of by two, which is degraded itself"
    await alarms.run("update consumer set degraded_at = null")
    await alarms.run("update consumer set filters = '[{}]' where code = 'desk'")
    assert await watched(alarms) == []
    assert await got(alarms, "duty") == ["raised", "raised", "cleared", "cleared"]


@pytest.mark.parametrize(
    ("what", "degraded"),
    [
        ("proven_at = now() - interval '25 hours'", True),
        ("proven_at = now() - interval '23 hours'", False),
        ("proven_at = now() - interval '25 hours', prove_within_h = 0", False),
        ("proven_at = now() - interval '25 hours', enabled = false", False),
        ("enabled = false, degraded_at = now()", True),
        ("failing_since = now(), degraded_at = now() + interval '1 minute'", False),
        ("kind = 'kafka', proven_at = now() - interval '1 hour'", False),
    ],
)
async def test_what_counts_as_degraded(alarms: Alarms, what: str, degraded: bool) -> None:
    await alarms.consumer("other", region="44")
    await alarms.run(f"update consumer set {what} where code = 'other'")
    assert await watched(alarms) == (["other"] if degraded else [])


async def test_what_waits_and_is_not_accepted_is_known_after_minutes_whoever_should_deliver(alarms: Alarms) -> None:
    await alarms.raised(level=3)
    assert await watched(alarms) == []
    await alarms.run("update consumer set watched_since = now() - interval '1 hour'")
    await alarms.run(
        "update outbox set created_at = created_at - interval '3 min', next_at = now() + interval '1 hour'"
    )
    assert await watched(alarms) == [], "it is kept back, and has not been tried"
    await alarms.run("update outbox set attempts = 1")
    assert await watched(alarms) == ["desk"]


async def test_an_alert_that_is_refused_or_given_up_says_it_and_one_that_is_accepted_ends_it(
    alarms: Alarms, peer: Receiver
) -> None:
    await alarms.run("update consumer set url = %(url)s", url=peer.url())
    peer.answer = lambda got: 401
    async with delivering(alarms):
        await alarms.raised(level=3)
        await became(alarms, "degraded_at", "desk")
        assert await watched(alarms) == ["desk"]
        peer.answer = lambda got: 200
        await became(alarms, "proven_at", "desk")
        assert await watched(alarms) == []
        peer.answer = lambda got: 410
        await alarms.raised(level=3)
        await became(alarms, "degraded_at", "desk")
        assert await watched(alarms) == ["desk"], "it is switched off, and that is told"


async def test_a_heartbeat_is_signed_sent_once_and_missed_where_it_cannot(alarms: Alarms, peer: Receiver) -> None:
    await alarms.run("update consumer set url = %(url)s, heartbeat_s = 30", url=peer.url())
    await alarms.raised(level=3)
    await alarms.run("delete from outbox")
    peer.answer = lambda got: 500
    async with delivering(alarms, beating=3):
        await became(alarms, "failing_since", "desk")
        peer.answer = lambda got: 200
        await asyncio.sleep(1.5)
        assert len(peer.received) == 1, "three processes send it once, and none again"
        await alarms.run("update consumer set heartbeat_due = now() - interval '40 s'")
        await became(alarms, "proven_at", "desk")
    [_, beat] = peer.received
    stamp = beat.headers["webhook-timestamp"]
    verify(SECRET, beat.id, stamp, beat.headers["webhook-signature"], beat.body, float(stamp))
    event = json.loads(beat.body)
    assert (event["type"], event["id"], event["subject"]) == ("ganzhi.heartbeat", beat.id, "desk")
    assert event["data"] == {"consumer": "desk", "heartbeat_s": 30, "active_alerts": 1, "last_round": None}
    [(left,)] = await alarms.run("select extract(epoch from heartbeat_due - now())::int from consumer")
    assert 0 < left <= 21, "it stays on its grid"


async def test_a_test_is_a_proof_too_and_the_api_tells_what_is_known(alarms: Alarms, database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        url = {"url": "https://desk.example.org/a"}
        made = (await client.put("/consumers/new", json={**url, "heartbeat_s": 60, "prove_at": ["08:30"]})).json()
        known = {name: made[name] for name in ("heartbeat_s", "prove_within_h", "prove_at", "proven_at", "degraded")}
        expected = {"heartbeat_s": 60, "prove_within_h": 24, "prove_at": ["08:30"], "proven_at": None}
        assert known == {**expected, "degraded": False}
        await alarms.run("update consumer set degraded_at = now() where code = 'new'")
        await watched(alarms)
        assert (await client.get("/consumers/new")).json()["degraded"] is True
        status = (await client.get("/status")).json()
        assert (status["degraded_channels"], status["path_broken"]) == (["new"], None)
        await client.put("/consumers/new", json={**url, "enabled": False})
        assert await watched(alarms) == []
        for wrong in ({"heartbeat_s": 29}, {"prove_at": ["24:00"]}, {"prove_within_h": -1}):
            assert (await client.put("/consumers/new", json={**url, **wrong})).status_code == 422
        robots = {"kind": "wecom", "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x", "heartbeat_s": 60}
        assert (await client.put("/consumers/group", json=robots)).status_code == 422

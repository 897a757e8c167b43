"""The delivery_worker on a real store with real receivers: in order, at least once, nobody starved."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.push.channel import Accepted, Answer, Channel, Consumer, Delivery
from api.push.deliveries import Deliveries
from api.push.outbox import DeliveryWorker, Limits
from api.push.pace import Pace
from api.push.signature import verify
from api.push.windows import FIRST, Room
from hub.access.outgoing import Outgoing
from hub.alerts.recipients import SQL as RECIPIENTS
from hub.errors import StoreUnavailable
from hub.limit_settings import Outgoing as Listed
from hub.settings import Database, Settings
from hub.store.listen import listen
from hub.store.pool import Pool, open_pool
from hub.words.sentence import stored, told
from tests.support.alarms import SECRET, Alarms
from tests.support.deliveries import FakeChannel
from tests.support.process import Process, eventually
from tests.support.webhooks import LOCAL, PLAIN, Received, Receiver, open_webhook

QUICK = Limits(poll_s=0.05, waits_s=(0.05, 0.1, 0.2), holds_s=(0.05, 0.1, 0.2))


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database, pool_size=16)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


@pytest.fixture
async def desk() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@asynccontextmanager
async def delivery_worker(
    pool: Pool,
    limits: Limits = QUICK,
    channel: Channel | None = None,
    timeout_s: float = 10,
    page: str | None = None,
) -> AsyncIterator[DeliveryWorker]:
    """A running delivery_worker; at the end it is killed, not stopped."""
    async with open_webhook(LOCAL, PLAIN, timeout_s=timeout_s) as webhook:
        made = DeliveryWorker(pool, {"webhook": channel or webhook}, limits, page)
        task = asyncio.create_task(made.run(), name="delivery_worker")
        try:
            yield made
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], what: str) -> None:
    async def met() -> bool:
        return condition()

    await eventually(met, what)


async def settled(alarms: Alarms, code: str, *states: str) -> list[tuple[str, int]]:
    """Wait until all that is for a consumer is in these states; (state, attempts) of each."""

    async def met() -> bool:
        return [state for state, _ in await alarms.outbox(code)] == list(states)

    await eventually(met, f"{code}: {states}")
    return await alarms.outbox(code)


async def test_a_delivery_is_cut_to_the_ceiling_of_its_consumer(alarms: Alarms, desk: Receiver) -> None:
    await alarms.run("update device set lon = 120.13, lat = 30.27")
    for code in ("desk", "robot"):
        await alarms.consumer(code, desk.url(f"/{code}"))
    await alarms.run("update consumer set ceiling = 'L1' where code = 'robot'")
    alert = await alarms.raised()
    async with delivery_worker(alarms.pool, page="https://ganzhi.example.org"):
        for code in ("desk", "robot"):
            await settled(alarms, code, "delivered")
    told = {got.path: got.body for got in desk.received}
    [(picture,)] = await alarms.run("select picture from alert_change")
    data = json.loads(told["/desk"])["data"]
    assert data.pop("guidance")["respond_s"] == 60, "the hub's own, for smoke"
    del picture["guidance"]
    assert data == picture | {"link": f"https://ganzhi.example.org/#alert-{alert}"}, "L4: all that is general"
    assert not any(cut in told["/robot"] for cut in (b"gauge-1", b"River gauge", b"120.13", b"30.27", b"001002"))
    robot = json.loads(told["/robot"])
    assert (robot["subject"], robot["source"]) == (str(alert), "ganzhi/330106001000")
    kept = {name: robot["data"][name] for name in ("level", "event_kind", "region", "link")}
    assert kept == {"level": "orange", "event_kind": "smoke", "region": "330106001000", "link": data["link"]}


async def test_a_delivery_is_a_signed_cloudevent(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    alert = await alarms.raised()
    async with delivery_worker(alarms.pool):
        assert await settled(alarms, "desk", "delivered") == [("delivered", 1)]
    (got,) = desk.received
    event = json.loads(got.body)
    assert got.id == event["id"] == f"{alert}.1"
    assert (event["type"], event["subject"]) == ("ganzhi.alert.raised", "gauge-1")
    assert event["data"]["alert"] == str(alert)
    headers = got.headers
    signed = headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]
    verify(SECRET, *signed, got.body, now=time.time())


async def test_a_notification_wakes_the_courier(alarms: Alarms, desk: Receiver, database: str) -> None:
    await alarms.consumer("desk", desk.url())
    listening = asyncio.Event()
    async with delivery_worker(alarms.pool, replace(QUICK, poll_s=3600)) as made:

        def heard(channel: str, payload: str) -> None:
            listening.set()
            made.wake()

        task = asyncio.create_task(listen(database, ["ganzhi_alert"], heard), name="listen")
        async with asyncio.timeout(20):
            await listening.wait()
        alert = await alarms.raised()
        await until(lambda: len(desk.received) == 1, "the delivery")
        assert desk.ids() == [f"{alert}.1"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_without_notifications_it_looks_by_itself(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    async with delivery_worker(alarms.pool):
        alert = await alarms.raised()
        await settled(alarms, "desk", "delivered")
    assert desk.ids() == [f"{alert}.1"]


async def test_changes_of_an_alert_arrive_in_order_though_the_first_needs_several_attempts(
    alarms: Alarms, desk: Receiver
) -> None:
    await alarms.consumer("desk", desk.url())
    alert = await alarms.raised()
    for level in (1, 2, 4):
        await alarms.apply(alert, "updated", level=level)
    desk.answer = lambda got: 200 if len(desk.received) > 3 else 503
    async with delivery_worker(alarms.pool):
        attempts = await settled(alarms, "desk", *["delivered"] * 4)
    assert desk.ids() == [f"{alert}.{seq}" for seq in (1, 1, 1, 1, 2, 3, 4)]
    assert [count for _, count in attempts] == [4, 1, 1, 1]


async def test_one_alert_that_is_not_accepted_does_not_hold_up_others(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    bad = await alarms.raised()
    desk.answer = lambda got: 500 if got.id.startswith(str(bad)) else 200
    others = [await alarms.raised() for _ in range(5)]
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "pending", *["delivered"] * 5)
    assert {f"{alert}.1" for alert in others} <= set(desk.ids())


async def test_a_receiver_that_is_down_gets_everything_once_it_is_up(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    await desk.stop()
    alerts = [await alarms.raised() for _ in range(5)]

    async def tried() -> bool:
        return max(attempts for _, attempts in await alarms.outbox("desk")) >= 2

    async with delivery_worker(alarms.pool):
        await eventually(tried, "a second attempt")
        reasons = await alarms.run("select last_error from outbox where last_error is not null")
        await desk.start()
        await settled(alarms, "desk", *["delivered"] * 5)
    assert reasons[0][0].endswith(": Connection refused")
    assert sorted(desk.ids()) == sorted(f"{alert}.1" for alert in alerts)


async def test_two_couriers_do_not_deliver_the_same(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    alerts = [await alarms.raised() for _ in range(40)]
    for alert in alerts:
        await alarms.apply(alert, "updated", level=4)
    limits = replace(QUICK, at_once=8)
    async with delivery_worker(alarms.pool, limits), delivery_worker(alarms.pool, limits):
        await settled(alarms, "desk", *["delivered"] * 80)
    assert len(desk.ids()) == len(set(desk.ids())) == 80
    for alert in alerts:
        assert [id_ for id_ in desk.ids() if id_.startswith(str(alert))] == [f"{alert}.1", f"{alert}.2"]


async def test_silent_consumers_do_not_delay_another_though_together_they_could_take_all_places(
    alarms: Alarms, desk: Receiver
) -> None:
    silent = [f"silent-{number}" for number in range(3)]
    for code in (*silent, "desk"):
        await alarms.consumer(code, desk.url(f"/{code}"))
    desk.answer = lambda got: None if "silent" in got.path else 200
    for _ in range(30):
        await alarms.raised()
    async with delivery_worker(alarms.pool, replace(QUICK, at_once=24, at_once_per_consumer=16)):
        await settled(alarms, "desk", *["delivered"] * 30)
        assert [desk.most_open[f"/{code}"] for code in silent] == [FIRST] * 3, "3 x 16 are more than 24"
        for code in silent:
            assert not [state for state, _ in await alarms.outbox(code) if state == "delivered"]


async def test_a_consumer_that_fails_is_tried_with_one_parcel_at_a_time(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("silent", desk.url("/silent"))
    desk.answer = lambda got: None
    for _ in range(4):
        await alarms.raised()
    limits = replace(QUICK, at_once_per_consumer=2)
    async with delivery_worker(alarms.pool, limits, timeout_s=0.3):
        await until(lambda: len(desk.received) >= 3, "the first two and one more")
        desk.most_open.clear()
        await until(lambda: len(desk.received) >= 6, "further attempts")
    assert desk.most_open["/silent"] == 1


async def test_a_consumer_that_is_not_there_is_left_alone_and_gets_everything_once_it_is(
    alarms: Alarms, desk: Receiver
) -> None:
    await alarms.consumer("desk", desk.url())
    desk.answer = lambda got: 500
    alerts = [await alarms.raised() for _ in range(40)]

    async def held() -> bool:
        assert len(desk.received) <= 17, "those of the beginning, and one that tries"
        return await alarms.run("select held_until > now() + interval '50 minutes' from consumer") == [(True,)]

    async with delivery_worker(alarms.pool, replace(QUICK, holds_s=(0.2, 3600))):
        await eventually(held, "the second hold")
        desk.answer = lambda got: 200
        await alarms.run("update consumer set held_until = now()")
        await settled(alarms, "desk", *["delivered"] * 40)
    assert {f"{alert}.1" for alert in alerts} <= set(desk.ids())


async def test_what_a_consumer_does_not_like_about_one_alert_holds_nothing(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    bad = await alarms.raised()
    desk.answer = lambda got: 422 if got.id.startswith(str(bad)) else 200
    async with delivery_worker(alarms.pool, replace(QUICK, holds_s=(3600,))):
        await until(lambda: len(desk.received) >= 2, "a second attempt")
        await alarms.raised()
        await settled(alarms, "desk", "pending", "delivered")
    assert await alarms.run("select held_until from consumer") == [(None,)]


async def test_gone_switches_the_consumer_off_and_gives_up_what_waits(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    alert = await alarms.raised()
    await alarms.apply(alert, "updated", level=4)
    desk.answer = lambda got: 410
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "given_up", "given_up")
    assert await alarms.run("select enabled from consumer") == [(False,)]
    assert await alarms.run("select distinct last_error from outbox") == [("answered 410 Said: thank you",)]
    await alarms.raised()
    assert len(await alarms.outbox("desk")) == 2


async def test_after_a_day_a_delivery_is_given_up_with_its_reason_and_the_next_one_is_tried(
    alarms: Alarms, desk: Receiver
) -> None:
    await alarms.consumer("desk", desk.url())
    alert = await alarms.raised()
    await alarms.run("update outbox set created_at = now() - interval '24 hours'")
    await alarms.apply(alert, "updated", level=4)
    desk.answer = lambda got: 200 if got.id.endswith(".2") else 500
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "given_up", "delivered")
    reasons = await alarms.run("select last_error, settled_at is not null from outbox order by id")
    assert reasons[0] == ("not accepted for 24 h; at last: answered 500 Said: thank you", True)


async def test_what_can_never_be_signed_is_given_up_at_once(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.run("update consumer set secret = 'whsec_?'")
    await alarms.raised()
    async with delivery_worker(alarms.pool):
        assert await settled(alarms, "desk", "given_up") == [("given_up", 1)]
    assert await alarms.run("select failure from outbox") == [("secret",)]
    assert desk.received == []


async def test_an_address_that_cannot_be_called_loses_nothing_and_is_named_once(
    alarms: Alarms, desk: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await alarms.consumer("desk", "ftp://desk/")
    await alarms.raised()
    async with delivery_worker(alarms.pool):

        async def tried_twice() -> bool:
            return await alarms.run("select attempts >= 2 from outbox") == [(True,)]

        await eventually(tried_twice, "a second attempt")
        why = "write it like https://desk.example.org/alerts"
        assert await alarms.run("select state, last_error, failure from outbox") == [("pending", why, "address")]
        await alarms.run(f"update consumer set url = '{desk.url()}'")
        await settled(alarms, "desk", "delivered")
    assert caplog.text.count("(address)") == 1


async def test_what_may_not_be_called_waits_for_its_line_in_the_settings_and_loses_nothing(
    alarms: Alarms, desk: Receiver
) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.raised()
    # The first worker may be killed in the middle of an attempt: what it had claimed is free again after the lease.
    quick = replace(QUICK, lease_s=1)
    async with open_webhook(Outgoing(Settings()), PLAIN) as channel, delivery_worker(alarms.pool, quick, channel):

        async def tried() -> bool:
            return await alarms.run("select attempts >= 2 from outbox") == [(True,)]

        await eventually(tried, "a second attempt")
    [(state, why, failure)] = await alarms.run("select state, last_error, failure from outbox")
    assert (state, failure, desk.received) == ("pending", "address", [])
    entry = desk.url().split("/")[2]
    assert f'webhook = ["{entry}"]' in why
    allowed = Outgoing(Settings(outgoing=Listed(webhook=(entry,))))
    async with open_webhook(allowed, PLAIN) as channel, delivery_worker(alarms.pool, channel=channel):
        await settled(alarms, "desk", "delivered")


async def test_a_consumer_that_is_switched_off_gets_its_alerts_within_the_day_or_never(
    alarms: Alarms, desk: Receiver
) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.raised()
    await alarms.run("update outbox set created_at = now() - interval '25 hours'")
    late = await alarms.raised()
    await alarms.run("update consumer set enabled = false")
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "given_up", "pending")
        await alarms.run("update consumer set enabled = true")
        await settled(alarms, "desk", "given_up", "delivered")
    assert desk.ids() == [f"{late}.1"]


async def test_a_consumer_that_asks_for_a_pause_gets_nothing_until_it_is_over(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.raised()
    desk.answer = lambda got: 429 if len(desk.received) == 1 else 200
    desk.extra = "retry-after: 3600\r\n"
    async with delivery_worker(alarms.pool):

        async def held() -> bool:
            return await alarms.run("select held_until > now() + interval '59 minutes' from consumer") == [(True,)]

        await eventually(held, "the pause in the store")
        await alarms.raised()  # of another alert: the pause is the consumer's
        await alarms.consumer("other", desk.url("/other"))
        await alarms.raised()
        await settled(alarms, "other", "delivered")
        assert len(desk.ids()) == 1
    async with delivery_worker(alarms.pool):  # as another process, which has not seen the answer
        await alarms.raised()
        await settled(alarms, "other", "delivered", "delivered")
        assert len(desk.ids()) == 1
        await alarms.run("update consumer set held_until = now()")
        await settled(alarms, "desk", *["delivered"] * 4)


async def test_a_place_goes_to_who_has_least_under_way(alarms: Alarms) -> None:
    slow = await alarms.consumer("slow")
    await alarms.consumer("other")
    for _ in range(4):
        await alarms.raised()
    await alarms.consumer("desk", min_level=4)
    await alarms.raised(level=4)
    claimed = await Deliveries(alarms.pool).claim(3, 4, {slow: Room(4, 2)}, 30)
    assert sorted(each.consumer.code for each in claimed) == ["desk", "other", "other"], "the newest, too"


class Slow(FakeChannel):
    """Takes a while."""

    def __init__(self, told: list[str], takes_s: float = 0.1) -> None:
        self._told, self._takes_s = told, takes_s

    async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
        await asyncio.sleep(self._takes_s)
        self._told.append(consumer.code)
        return Accepted()


class Counting(Slow):
    """Its receivers count messages."""

    pace = Pace(20, 3.0, 50)


async def test_what_is_due_again_for_who_counts_messages_does_not_wait_until_others_have_theirs(alarms: Alarms) -> None:
    counting = await alarms.consumer("counting", min_level=4)
    await alarms.consumer("desk")
    await alarms.run("update consumer set kind = 'wecom' where code = 'counting'")
    for level in [3] * 40 + [4]:
        await alarms.raised(level=level)
    put_off = "update outbox set next_at = now() + interval '0.5 s' where consumer_id = %(consumer)s"
    await alarms.run(put_off, consumer=counting)
    told = list[str]()
    limits = replace(QUICK, poll_s=0.3, at_once_per_consumer=2)
    worker = DeliveryWorker(alarms.pool, {"webhook": Slow(told), "wecom": Counting(told, 0)}, limits)
    running = asyncio.create_task(worker.run())
    await until(lambda: len(told) == 42, "all")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert told[-1] == "desk"


async def test_who_puts_a_delivery_off_locks_its_consumer_first(alarms: Alarms) -> None:
    """As who switches it off does: else the two wait for each other."""
    consumer, alert = await alarms.consumer("desk"), await alarms.raised()
    deliveries = Deliveries(alarms.pool)
    [claimed] = await deliveries.claim(1, 1, {}, 30)
    async with alarms.pool.connection() as conn, conn.transaction():
        await conn.execute("select 1 from consumer where id = %s for update", [consumer])
        later = asyncio.create_task(deliveries.later(claimed, 1, "why", "connection", 1, 5))
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%with held as%'"

        async def waiting() -> bool:
            return await alarms.run(waits) != [(0,)]

        await eventually(waiting, "it waits for the consumer")
        await conn.execute("select 1 from outbox where alert_id = %s for update nowait", [alert])
    await later


async def test_what_is_known_to_be_accepted_is_not_claimed_again_though_its_lease_is_over(alarms: Alarms) -> None:
    """Noting it takes long: its consumer is being changed."""
    consumer, _ = await alarms.consumer("desk"), await alarms.raised()
    deliveries = Deliveries(alarms.pool)
    [claimed] = await deliveries.claim(1, 1, {}, 0)
    async with alarms.pool.connection() as conn, conn.transaction():
        await conn.execute("select 1 from consumer where id = %s for update", [consumer])
        noting = asyncio.create_task(deliveries.delivered(claimed, "thank you", 1))
        waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%reached as%'"

        async def waiting() -> bool:
            return await alarms.run(waits) != [(0,)]

        await eventually(waiting, "it waits for the consumer")
        assert await deliveries.claim(1, 1, {}, 0) == []
    await noting
    assert await alarms.outbox("desk") == [("delivered", 2)]


async def test_what_could_not_be_noted_is_noted_before_the_next_claim(alarms: Alarms) -> None:
    await alarms.consumer("desk")
    await alarms.raised()
    deliveries = Deliveries(alarms.pool)
    [claimed] = await deliveries.claim(1, 1, {}, 0)
    await alarms.run("alter table consumer rename to away")
    with pytest.raises(StoreUnavailable):
        await deliveries.delivered(claimed, "thank you", 1)
    await alarms.run("alter table away rename to consumer")
    assert await deliveries.claim(1, 1, {}, 0) == []
    assert await alarms.outbox("desk") == [("delivered", 1)]


async def test_who_was_told_is_read_from_one_row(alarms: Alarms) -> None:
    """2,000 changes for 100 consumers were 200,000 deliveries, read at each further change under the lock."""
    for code in ("desk", "night"):
        await alarms.consumer(code)
    alert = await alarms.raised()
    await alarms.apply(alert, "updated", level=4)
    assert await alarms.run("select cardinality(consumers) from alert_told") == [(2,)]
    explained, values = f"explain {RECIPIENTS.places}", {"ids": [alert], "border_m": 0}
    async with alarms.pool.connection() as conn:
        plan = "\n".join(line for (line,) in await (await conn.execute(explained.encode(), values)).fetchall())
        assert "alert_told" in plan
        assert "outbox" not in plan
        assert "alert_change" not in plan


async def test_titles_are_in_the_language_of_the_consumer(alarms: Alarms, desk: Receiver) -> None:
    for code in ("zh", "en", "stored"):
        await alarms.consumer(code, desk.url(f"/{code}"))
        await alarms.run(
            "update consumer set lang = %(code)s where code = %(code)s", code=code if code != "stored" else ""
        )
    await alarms.raised()
    async with delivery_worker(alarms.pool):
        await until(lambda: len(desk.received) == 3, "three deliveries")
    titles = {got.path: json.loads(got.body)["data"]["title"] for got in desk.received}
    assert titles == {
        "/zh": "River gauge 1：烟雾（橙色）",
        "/en": "River gauge 1: smoke (orange)",
        "/stored": "a title",
    }
    assert len({got.id for got in desk.received}) == 1


async def test_a_mail_gets_the_place_by_name_and_the_readings_around_the_change(alarms: Alarms) -> None:
    got: list[Delivery] = []

    class Recording(FakeChannel):
        async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
            got.append(delivery)
            return Accepted()

    await alarms.consumer("desk", "smtp://127.0.0.1")
    await alarms.run("update consumer set kind = 'mail'")
    for code, name, level in (("330000000000", "浙江省", "province"), ("330106001002", "某社区", "village")):
        await alarms.run(
            "insert into region (code, name, level) values (%(code)s, %(name)s, %(level)s)",
            code=code, name=name, level=level,
        )  # fmt: skip
    await alarms.raised()
    await alarms.run("insert into series (device_id, metric) select id, 'level' from device")
    await alarms.run("select ensure_partition('2026-01-01'), ensure_partition('2025-12-01')")
    await alarms.run(
        "insert into reading (series_id, ts, value) select s.id, a.changed_at - n * interval '1 hour', n "
        "from series s, alert a, generate_series(0, 5) n"
    )
    await alarms.run("update alert set series_id = (select id from series)")
    await alarms.run("update alert_change set picture = picture || '{\"value\": 1.5}'")
    worker = DeliveryWorker(alarms.pool, {"mail": Recording()}, QUICK)
    task = asyncio.create_task(worker.run(), name="delivery_worker")
    await settled(alarms, "desk", "delivered")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    [delivery] = got
    assert delivery.place == "浙江省某社区"
    assert [value for _, value in delivery.readings] == [3, 2, 1, 0]


async def test_each_way_to_fail_is_logged_once(
    alarms: Alarms, desk: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.raised()
    answers = iter([500, 502, 401, 500, 401, 200])
    desk.answer = lambda got: next(answers)
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "delivered")
    logged = [record.getMessage() for record in caplog.records if record.name == "api.push.outbox"]
    assert [text.split(": ")[0] for text in logged] == [
        "consumer desk does not accept (failing)",
        "consumer desk does not accept (login)",
        "consumer desk accepts again",
    ]


async def test_a_failure_can_be_told_in_chinese(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.raised()
    desk.answer = lambda got: 410
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "given_up")
    [(reason, words)] = await alarms.run("select last_error, last_error_words from outbox")
    assert told(stored(reason, words), "zh") == "接收方应答 410 Said: thank you"


async def test_a_channel_that_breaks_its_contract_stops_nothing_and_is_traced_once(
    alarms: Alarms, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeChannel):
        tried = 0

        async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
            Broken.tried += 1
            if Broken.tried <= 3:
                raise ValueError("a mistake")
            return Accepted()

    await alarms.consumer("desk", "http://127.0.0.1:1/")
    await alarms.raised()
    async with delivery_worker(alarms.pool, channel=Broken()):
        assert await settled(alarms, "desk", "delivered") == [("delivered", 4)]
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_stop_settles_what_is_under_way(alarms: Alarms, desk: Receiver) -> None:
    await alarms.consumer("desk", desk.url())
    await alarms.raised()
    async with open_webhook(LOCAL, PLAIN) as webhook:
        made = DeliveryWorker(alarms.pool, {"webhook": webhook}, QUICK)

        def stopping(got: Received) -> int:
            made.stop()
            return 200

        desk.answer = stopping
        async with asyncio.timeout(20):
            await made.run()
    assert await alarms.outbox("desk") == [("delivered", 1)]


async def test_it_ends_when_it_is_cancelled_just_as_it_is_woken(alarms: Alarms) -> None:
    for wakes in range(4):
        made = DeliveryWorker(alarms.pool, {}, replace(QUICK, poll_s=3600))
        task = asyncio.create_task(made.run(), name="delivery_worker")
        async with alarms.pool.connection() as conn:
            await conn.execute("select pg_sleep(0.05)")  # it has looked by now and waits
        made.wake()
        for _ in range(wakes):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=20)
        assert done


PROCESS = """
import asyncio, sys
from dataclasses import replace
from api.push.deliveries import Deliveries
from api.push.outbox import DeliveryWorker, Limits
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.webhooks import LOCAL, PLAIN, open_webhook

async def main():
    async with open_pool(Database(url=sys.argv[1])) as pool, open_webhook(LOCAL, PLAIN) as webhook:
        await DeliveryWorker(pool, {"webhook": webhook}, Limits(poll_s=0.05, lease_s=1)).run()

asyncio.run(main())
"""


async def test_a_kill_between_sending_and_marking_sends_again_with_the_same_id(
    alarms: Alarms, desk: Receiver, database: str, tmp_path: Path
) -> None:
    await alarms.consumer("desk", desk.url())
    alert = await alarms.raised()
    await alarms.apply(alert, "updated", level=4)
    desk.answer = lambda got: None if len(desk.received) == 1 else 200
    root = Path(__file__).parents[2]
    process = Process([sys.executable, "-c", PROCESS, database], tmp_path / "delivery_worker.log", cwd=root)
    with process:
        await until(lambda: len(desk.received) == 1, "the first attempt")
        process.kill()
    assert await alarms.outbox("desk") == [("pending", 1), ("pending", 0)]
    async with delivery_worker(alarms.pool):
        await settled(alarms, "desk", "delivered", "delivered")
    assert desk.ids() == [f"{alert}.1", f"{alert}.1", f"{alert}.2"]

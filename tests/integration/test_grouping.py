"""Storms on a real store with a real receiver: first reds singly, each change once, in order, whatever dies."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.push.outbox import DeliveryWorker, Limits
from hub.alerts.summaries import summarise
from hub.models import AlertChange, now_micros
from hub.settings import Database
from hub.store.pool import connect, open_pool
from tests.support.alarms import Alarms
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of
from tests.support.webhooks import LOCAL, PLAIN, Received, Receiver, open_webhook

QUICK = Limits(poll_s=0.05, waits_s=(0.05, 0.1), holds_s=(0.05, 0.1))
GROUPING = '{"after": 3, "within_s": 3600, "every_s": 1}'


class Storms(Alarms):
    """Changes of alerts, and what a consumer was told of them."""

    url: str

    async def desk(self, code: str, url: str, grouping: str | None = GROUPING) -> None:
        await self.consumer(code, url)
        await self.run(
            "update consumer set grouping = %(grouping)s where code = %(code)s", grouping=grouping, code=code
        )

    async def change(self, *changes: tuple[UUID, str, int]) -> None:
        """Alert, kind and level of each, in one transaction."""
        now = now_micros()
        await self.commit(
            [
                AlertChange(uuid4(), alert, kind, now, 1, f"gauge-1/{alert}", 1, None, level, f"alert {alert}")
                for alert, kind, level in changes
            ]
        )

    async def summaries(self) -> None:
        """Make those that are due, as if their time had come; two leaders at once."""
        await self.run("update alert_grouping set due_at = now() where due_at is not null")
        async with await connect(self.url) as conn, await connect(self.url) as other:
            await asyncio.gather(summarise(conn), summarise(other))

    async def waiting(self) -> int:
        [(count,)] = await self.run(
            """select (select count(*) from outbox where state = 'pending')
                      + (select count(*) from alert_grouping where due_at is not null)"""
        )
        return int(count)


@pytest.fixture
async def storms(database: str) -> AsyncIterator[Storms]:
    async with open_pool(Database(url=database, pool_size=8)) as pool:
        made = Storms(pool)
        made.url = database
        await made.seed()
        yield made


@pytest.fixture
async def desk() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


async def delivered(storms: Storms, limits: Limits = QUICK) -> None:
    """Make the summaries that are due, and deliver until nothing waits."""
    async with open_webhook(LOCAL, PLAIN) as webhook:
        worker = DeliveryWorker(storms.pool, {"webhook": webhook}, limits)
        task = asyncio.create_task(worker.run(), name="delivery_worker")

        async def all_told() -> bool:
            await storms.summaries()
            return not await storms.waiting()

        try:
            await eventually(all_told, "everything at the desk")
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def told(got: Sequence[Received]) -> list[tuple[str, list[str]]]:
    """Type of each message, and the ids of the changes that it tells of; repetitions are dropped as a receiver does."""
    events = {each.id: json.loads(each.body) for each in got}
    return [
        (event["type"].removeprefix("ganzhi."), [each["id"] for each in event["data"].get("alerts", [event])])
        for event in events.values()
    ]


def in_order(changes: Sequence[str]) -> bool:
    last: dict[str, int] = {}
    for each in changes:
        alert, _, seq = each.rpartition(".")
        if last.get(alert, 0) >= int(seq):
            return False
        last[alert] = int(seq)
    return True


async def test_beyond_the_count_a_storm_is_told_in_one_summary_and_each_first_red_singly(
    storms: Storms, desk: Receiver
) -> None:
    await storms.desk("desk", desk.url())
    alerts = [uuid4() for _ in range(12)]
    await storms.change(*[(alert, "raised", 4 if alert == alerts[9] else 3) for alert in alerts[:10]])
    await storms.change((alerts[4], "updated", 4), (alerts[5], "cleared", 3), (alerts[10], "raised", 2))
    assert [state for state, _ in await storms.outbox("desk")] == ["pending"] * 6, "3, a red, and a rise with its raise"
    assert await storms.run("select state, count(*) from outbox group by 1") == [("pending", 6)]
    await delivered(storms)
    found = told(desk.received)
    single = {ids[0] for kind, ids in found if kind != "alerts.summary"}
    assert single == {f"{alert}.1" for alert in (*alerts[:3], alerts[4], alerts[9])} | {f"{alerts[4]}.2"}
    [named] = [ids for kind, ids in found if kind == "alerts.summary"]
    assert named == [f"{alert}.1" for alert in (alerts[3], *alerts[5:9])] + [f"{alerts[5]}.2", f"{alerts[10]}.1"]
    assert in_order([each for _, ids in found for each in ids])
    summary = next(json.loads(each.body) for each in desk.received if b"alerts.summary" in each.body)["data"]
    assert (summary["count"], summary["levels"]) == (7, {"orange": 6, "yellow": 1})
    assert summary["event_kinds"] == {"smoke": 7}
    assert summary["regions"] == {"330106001002": 7}
    assert len(summary["titles"]) == 7
    await storms.change((alerts[11], "raised", 3))
    assert (await storms.outbox("desk"))[-1][0] == "delivered", "the storm goes on: it waits for the next summary"
    await delivered(storms)
    assert told(desk.received)[-1] == ("alerts.summary", [f"{alerts[11]}.1"])


async def test_consumers_without_grouping_and_quiet_times_are_told_singly(storms: Storms, desk: Receiver) -> None:
    await storms.desk("grouped", desk.url("/grouped"), '{"after": 3, "within_s": 1, "every_s": 1}')
    await storms.desk("single", desk.url("/single"), None)
    await storms.change(*[(uuid4(), "raised", 3) for _ in range(5)])
    await storms.run("update alert_grouping set recent = array(select unnest(recent) - interval '2 s')")
    await storms.change(*[(uuid4(), "raised", 3) for _ in range(2)])
    await delivered(storms)
    assert [kind for kind, _ in told([each for each in desk.received if each.path == "/single"])] == [
        "alert.raised"
    ] * 7
    kinds = [kind for kind, _ in told([each for each in desk.received if each.path == "/grouped"])]
    assert sorted(kinds) == ["alert.raised"] * 5 + ["alerts.summary"]


async def test_a_summary_that_is_not_taken_is_sent_singly_and_nothing_waits_behind_it(
    storms: Storms, desk: Receiver
) -> None:
    await storms.desk("desk", desk.url())
    desk.answer = lambda got: 400 if b"alerts.summary" in got.body else 200
    alerts = [uuid4() for _ in range(6)]
    await storms.change(*[(alert, "raised", 3) for alert in alerts])
    await storms.summaries()
    await storms.change((alerts[5], "updated", 4))
    await delivered(storms)
    taken = [ids for kind, ids in told(desk.received) if kind != "alerts.summary"]
    assert sorted(taken) == sorted([[f"{alert}.1"] for alert in alerts] + [[f"{alerts[5]}.2"]])
    assert in_order([each for ids in taken for each in ids])
    [(reason,)] = await storms.run("select last_error from outbox where until_cursor is not null")
    assert "sent singly" in reason


async def test_a_change_waits_for_the_summary_that_names_an_earlier_one_and_the_other_way_round(
    storms: Storms, desk: Receiver
) -> None:
    await storms.desk("desk", desk.url())
    alerts = [uuid4() for _ in range(6)]
    first = f"{alerts[0]}.1"
    await storms.change(*[(alert, "raised", 3) for alert in alerts])
    await storms.change((alerts[0], "cleared", 3))
    await storms.summaries()
    assert (await storms.outbox("desk"))[3] == ("pending", 0), "cleared behind its raise, which has not been accepted"
    await storms.change((alerts[5], "updated", 4))
    tries = 0

    def answer(got: Received) -> int:
        nonlocal tries
        tries += got.id == first or b"alerts.summary" in got.body
        return 503 if tries in (1, 2, 3) and (got.id == first or b"alerts.summary" in got.body) else 200

    desk.answer = answer
    await delivered(storms)
    accepted = list(dict.fromkeys(each for kind, ids in told(desk.received) for each in ids))
    assert sorted(accepted) == sorted([f"{alert}.1" for alert in alerts] + [f"{alerts[0]}.2", f"{alerts[5]}.2"])
    assert in_order(accepted)


async def test_where_grouping_is_switched_off_in_a_storm_nothing_overtakes_what_waits(
    storms: Storms, desk: Receiver
) -> None:
    await storms.desk("desk", desk.url())
    alerts = [uuid4() for _ in range(8)]
    await storms.change(*[(alert, "raised", 3) for alert in alerts[:6]])
    await storms.summaries()
    await storms.change(*[(alert, "raised", 3) for alert in alerts[6:]])
    async with api_context(storms.url) as context, client_of(context) as client:
        body = {"url": "https://desk.example.org/", "filters": [{}]}
        (await client.put("/consumers/desk", json=body)).raise_for_status()
    await storms.run("update consumer set url = %(url)s", url=desk.url())
    await storms.change(*[(alert, "cleared", 3) for alert in alerts])
    assert await storms.run("select due_at from alert_grouping") == [(None,)]
    await delivered(storms)
    accepted = list(dict.fromkeys(each for _, ids in told(desk.received) for each in ids))
    assert sorted(accepted) == sorted(f"{alert}.{seq}" for alert in alerts for seq in (1, 2))
    assert in_order(accepted)
    assert [kind for kind, _ in told(desk.received)].count("alerts.summary") == 1


async def test_a_consumer_that_follows_the_log_from_now_on_leaves_no_summary_behind(
    storms: Storms, desk: Receiver
) -> None:
    await storms.desk("desk", desk.url())
    await storms.change(*[(uuid4(), "raised", 3) for _ in range(8)])
    await storms.summaries()
    await storms.change(*[(uuid4(), "raised", 3) for _ in range(2)])
    assert await storms.waiting() > 3, "single ones, a summary, and what waits for one"
    async with api_context(storms.url) as context, client_of(context) as client:
        (await client.put("/consumers/desk", json={"kind": "mqtt", "filters": [{}]})).raise_for_status()
        await storms.summaries()
        assert await storms.waiting() == 0
        assert (await client.get("/consumers/desk")).json()["pending"] == 0


REFUSED = """
create or replace function refused() returns trigger language plpgsql as $$ begin raise 'the store is full'; end $$;
create trigger refused before {} for each statement execute function refused()
"""


@pytest.mark.parametrize("step", ["insert on outbox", "update of position on alert_grouping"])
async def test_what_breaks_while_summaries_are_made_loses_and_doubles_nothing(
    storms: Storms, desk: Receiver, step: str
) -> None:
    for code in ("desk", "other"):
        await storms.desk(code, desk.url(f"/{code}"))
    alerts = [uuid4() for _ in range(6)]
    await storms.change(*[(alert, "raised", 3) for alert in alerts])
    await storms.run(REFUSED.format(step))
    await storms.run("update alert_grouping set due_at = now()")
    async with await connect(storms.url) as conn:
        with pytest.raises(psycopg.errors.RaiseException):
            await summarise(conn)
    await storms.run(f"drop trigger refused on {step.rpartition(' ')[2]}")
    await delivered(storms)
    for path in ("/desk", "/other"):
        found = [each for _, ids in told([got for got in desk.received if got.path == path]) for each in ids]
        assert sorted(found) == sorted(f"{alert}.1" for alert in alerts)


async def test_what_waits_for_a_summary_is_shown_with_its_alert_and_its_consumer(storms: Storms) -> None:
    async with api_context(storms.url) as context, client_of(context) as client:
        body = {"url": "https://8.8.8.8/x", "grouping": {"after": 1}}
        made = (await client.put("/consumers/desk", json=body)).raise_for_status().json()
        assert made["grouping"] == {"after": 1, "within_s": 60, "every_s": 60}
        for wrong in ({"after": 0}, {"every_s": 0}, {"more": 1}):
            assert (await client.put("/consumers/desk", json=body | {"grouping": wrong})).status_code == 422, wrong
        followed = await client.put("/consumers/bus", json={"kind": "mqtt", "grouping": {}})
        assert (followed.status_code, "told singly" in followed.text) == (422, True)
        alerts = [uuid4() for _ in range(3)]
        await storms.change(*[(alert, "raised", 3) for alert in alerts])
        assert (await client.get("/consumers/desk")).json()["pending"] == 3
        states = []
        for _ in range(2):
            found = [(await client.get(f"/alerts/{alert}")).json()["deliveries"] for alert in alerts]
            states.append([(each["state"], each["summary"] is not None) for [each] in found])
            await storms.summaries()
        assert states == [[("pending", False), ("grouped", False), ("grouped", False)],
                          [("pending", False), ("pending", True), ("pending", True)]]  # fmt: skip
        assert (await client.get("/consumers/desk")).json()["pending"] == 2, "a delivery and a summary"


CHILD = """
import asyncio, sys
from api.push.outbox import DeliveryWorker, Limits
from hub.alerts.summaries import summarise
from hub.settings import Database
from hub.store.pool import connect, open_pool
from tests.support.webhooks import LOCAL, PLAIN, open_webhook

async def main(url):
    async with open_pool(Database(url=url)) as pool, open_webhook(LOCAL, PLAIN) as webhook, await connect(url) as conn:
        worker = DeliveryWorker(pool, {"webhook": webhook}, Limits(poll_s=0.05, lease_s=2.0))
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            while True:
                await summarise(conn)
                await asyncio.sleep(0.05)

asyncio.run(main(sys.argv[1]))
"""


async def begun(storms: Storms) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, storms.url)


async def ended(child: asyncio.subprocess.Process) -> None:
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()


async def more(desk: Receiver, seen: int) -> bool:
    return len(desk.received) > seen


async def killed(storms: Storms, desk: Receiver, alerts: int, kills: int) -> None:
    """A storm during which the process that makes and delivers summaries is killed again and again."""
    for number in range(2):
        await storms.desk(f"desk-{number}", desk.url(f"/{number}"))
    reds, changes = set[str](), set[str]()
    child = await begun(storms)
    for number in range(alerts):
        if number % (alerts // kills) == alerts // kills - 1:
            seen = len(desk.received)
            await eventually(lambda seen=seen: more(desk, seen), "a delivery under way")  # type: ignore[misc]
            await ended(child)
            child = await begun(storms)
        alert = uuid4()
        await storms.change((alert, "raised", 4 if number % 7 == 0 else 2))
        changes.add(f"{alert}.1")
        reds |= {f"{alert}.1"} if number % 7 == 0 else set()
        if number % 5 == 0:
            await storms.change((alert, "updated", 4), (alert, "cleared", 4))
            changes |= {f"{alert}.2", f"{alert}.3"}
            reds.add(f"{alert}.2")

    async def all_told() -> bool:
        return not await storms.waiting()

    try:
        await eventually(all_told, "everything at the desks")
    finally:
        await ended(child)
    for path in ("/0", "/1"):
        got = [each for each in desk.received if each.path == path]
        bodies: dict[str, Any] = {}
        for each in got:
            assert bodies.setdefault(each.id, each.body) == each.body, "a repetition has the same contents"
        found = told(got)
        each_once = [id_ for _, ids in found for id_ in ids]
        assert sorted(each_once) == sorted(changes), "each change once: singly, or named in a summary"
        assert in_order(each_once)
        assert {ids[0] for kind, ids in found if kind != "alerts.summary"} >= reds, "each red by itself"
        assert any(kind == "alerts.summary" for kind, _ in found)


async def test_killed_once_in_a_storm_it_loses_and_doubles_nothing(storms: Storms, desk: Receiver) -> None:
    await killed(storms, desk, alerts=30, kills=2)


@pytest.mark.heavy
async def test_killed_again_and_again_in_a_storm_it_loses_and_doubles_nothing(storms: Storms, desk: Receiver) -> None:
    await killed(storms, desk, alerts=600, kills=12)

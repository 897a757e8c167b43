"""apply, the one way by which an alert changes."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from hub.alerts.alert import Change, Result, Step
from hub.alerts.apply import apply
from hub.alerts.transitions import ENDED, HANDLINGS, KINDS
from hub.models import AlertChange
from hub.settings import Database
from hub.store.pool import connect, open_pool
from tests.support.alarms import Alarms
from tests.support.process import eventually


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        yield made


async def test_a_change_that_is_known_changes_nothing(alarms: Alarms) -> None:
    await alarms.consumer("desk", "http://127.0.0.1:1/")
    alert, change = uuid4(), uuid4()
    assert await alarms.apply(alert, "raised", change=change, level=2)
    assert not await alarms.apply(alert, "raised", change=change, level=2)
    update = uuid4()
    assert await alarms.apply(alert, "updated", change=update, level=4)
    assert not await alarms.apply(alert, "updated", change=update, level=4)
    assert await alarms.run("select seq, level, peak_level from alert") == [(2, 4, 4)]
    assert await alarms.run("select seq, kind from alert_change order by cursor") == [(1, "raised"), (2, "updated")]
    assert await alarms.outbox("desk") == [("pending", 0)] * 2


async def test_there_is_at_most_one_active_alert_for_a_rule_and_target(alarms: Alarms) -> None:
    first, second = uuid4(), uuid4()
    assert await alarms.apply(first, "raised", target="t", level=1)
    assert not await alarms.apply(second, "raised", target="t", level=1)
    assert await alarms.apply(uuid4(), "raised", target="other", level=1)
    assert await alarms.apply(first, "cleared", target="t")
    assert await alarms.apply(second, "raised", target="t", level=1)
    assert not await alarms.apply(first, "raised", target="t", level=1)
    assert await alarms.run("select count(*) from alert") == [(3,)]


async def test_raising_at_once_from_many_sessions_makes_one_alert(alarms: Alarms) -> None:
    done = await asyncio.gather(*[alarms.apply(uuid4(), "raised", target="t", level=1) for _ in range(8)])
    assert sorted(done) == [False] * 7 + [True]


async def test_changes_at_once_are_numbered_without_a_gap(alarms: Alarms) -> None:
    alert = await alarms.raised()
    assert all(await asyncio.gather(*[alarms.apply(alert, "updated", level=n % 4 + 1) for n in range(8)]))
    numbers = await alarms.run("select seq from alert_change order by cursor")
    assert [seq for (seq,) in numbers] == list(range(1, 10))


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["cleared"], "cleared"),
        (["acknowledged", "cleared"], "acknowledged"),
        (["acknowledged", "dispatched", "handled", "verified", "closed", "cleared"], "closed"),
        (["false_alarm", "cleared"], "false_alarm"),
        (["cleared", "closed"], "closed"),
    ],
)
async def test_clearing_ends_the_condition_and_not_the_case(alarms: Alarms, steps: list[str], state: str) -> None:
    alert = await alarms.raised()
    for step in steps:
        assert await alarms.apply(alert, step)
    assert await alarms.run("select state, cleared_at is not null, seq from alert") == [(state, True, len(steps) + 1)]


async def test_what_has_cleared_neither_changes_its_level_nor_clears_again(alarms: Alarms) -> None:
    alert = await alarms.raised()
    assert await alarms.apply(alert, "cleared")
    assert not await alarms.apply(alert, "updated", level=4)
    assert not await alarms.apply(alert, "cleared")
    assert not await alarms.apply(uuid4(), "cleared")
    assert await alarms.run("select level, seq from alert") == [(3, 2)]


async def test_an_ended_alert_makes_room_for_the_next_and_may_still_clear(alarms: Alarms) -> None:
    first, second = uuid4(), uuid4()
    await alarms.apply(first, "raised", target="t")
    for step in ("acknowledged", "closed"):
        assert await alarms.apply(first, step)
    assert (await alarms.result(first, "updated", level=4)).reason == (
        "from closed to updated; possible from here: cleared"
    )
    assert await alarms.apply(second, "raised", target="t")
    assert not await alarms.apply(uuid4(), "raised", target="t")
    assert await alarms.apply(first, "cleared")
    assert await alarms.run("select state, cleared_at is null from alert order by raised_at") == [
        ("closed", False),
        ("open", True),
    ]


async def test_an_ending_while_the_condition_lasts_is_noted_for_the_stage_that_decides(alarms: Alarms) -> None:
    closed, cleared, going_on = [await alarms.raised() for _ in range(3)]
    await alarms.apply(cleared, "cleared")
    for alert in (closed, cleared, going_on):
        await alarms.apply(alert, "acknowledged")
    for alert in (closed, cleared):
        await alarms.apply(alert, "closed")
    query = "select c.alert_id, c.kind from alert_ending e join alert_change c on c.id = e.change_id"
    assert await alarms.run(query) == [(closed, "closed")]


async def test_a_batch_is_applied_in_order_with_a_picture_and_a_delivery_for_each_change(alarms: Alarms) -> None:
    await alarms.consumer("desk", "http://127.0.0.1:1/")
    await alarms.consumer("red", "http://127.0.0.1:1/", min_level=4)
    first, second = uuid4(), uuid4()

    def change(alert: UUID, kind: str, level: int, second: int) -> AlertChange:
        return AlertChange(uuid4(), alert, kind, second * 1_000_000, 1, "t", 1, None, level, f"title {second}", 1.5)

    course: list[Change] = [
        change(first, "raised", 2, 1),
        change(first, "updated", 4, 2),
        Step(uuid4(), first, "acknowledged", "desk 2", "on the way"),
        change(first, "cleared", 4, 4),
        change(second, "raised", 3, 5),
        change(second, "raised", 3, 6),
    ]
    results = await alarms.commit([*course, course[0]])
    assert [result.outcome for result in results] == ["applied"] * 5 + ["refused", "repeated"]
    rows = await alarms.run(
        """select alert_id, seq, kind, actor, note, picture ->> 'level', picture ->> 'state', picture ->> 'condition',
                  picture ->> 'title' from alert_change order by cursor"""
    )
    assert rows == [
        (first, 1, "raised", None, None, "yellow", "open", "active", "title 1"),
        (first, 2, "updated", None, None, "red", "open", "active", "title 2"),
        (first, 3, "acknowledged", "desk 2", "on the way", "red", "acknowledged", "active", "title 2"),
        (first, 4, "cleared", None, None, "red", "acknowledged", "cleared", "title 4"),
        (second, 1, "raised", None, None, "orange", "open", "active", "title 5"),
    ]
    owed = "select c.code, o.alert_id, o.seq from outbox o join consumer c on c.id = o.consumer_id order by o.id"
    assert await alarms.run(owed) == [
        ("desk", first, 1),
        *[(code, first, seq) for seq in (2, 3, 4) for code in ("desk", "red")],
        ("desk", second, 1),
    ]


async def test_a_batch_in_which_nothing_is_applied_sends_no_notification(alarms: Alarms, database: str) -> None:
    alert = await alarms.raised()
    async with await connect(database) as listening:
        await listening.execute("listen ganzhi_alert")
        assert not await alarms.apply(alert, "closed")
        assert await alarms.commit([]) == []
        heard = [told async for told in listening.notifies(timeout=0.2)]
        assert heard == []
        await alarms.commit([Step(uuid4(), alert, kind, "desk") for kind in ("acknowledged", "closed")])
        heard = [told async for told in listening.notifies(timeout=0.5)]
        assert [(told.channel, told.payload) for told in heard] == [("ganzhi_alert", "")]


async def test_outside_a_transaction_nothing_is_applied(alarms: Alarms) -> None:
    alert = await alarms.raised()
    async with alarms.pool.connection() as conn:
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await apply(conn, [Step(uuid4(), alert, "acknowledged", "desk")])
    assert await alarms.run("select state from alert") == [("open",)]


async def test_the_constraints_of_the_store_say_what_the_table_of_transitions_says(alarms: Alarms) -> None:
    async def words(query: str) -> set[str]:
        [(text,)] = await alarms.run(query)
        return set(re.findall(r"'(\w+)'", text))

    constraint = "select pg_get_constraintdef(oid) from pg_constraint where conname = "
    assert await words(constraint + "'alert_handling'") == set(HANDLINGS)
    assert await words(constraint + "'alert_change_kind'") == set(KINDS)
    assert await words("select pg_get_indexdef('alert_active'::regclass)") == ENDED


async def test_desks_and_batches_at_once_get_through_in_whatever_order_they_name_alerts(alarms: Alarms) -> None:
    alerts = [await alarms.raised() for _ in range(12)]
    picks = random.Random(11)

    async def batches() -> list[Result]:
        results: list[Result] = []
        for second in range(12):
            chosen = picks.sample(alerts, 8)
            async with alarms.pool.connection() as conn, conn.transaction():
                await conn.execute("insert into audit (actor, action, subject) values ('test', 'batch', '')")
                results += await apply(
                    conn,
                    [
                        # Of one level: a rise would end an acknowledgement.
                        AlertChange(uuid4(), alert, "updated", second, 1, "t", 1, None, 3, f"title {picks.random()}")
                        for alert in chosen
                    ],
                )
                await asyncio.sleep(picks.random() / 200)
        return results

    async def desk(mine: list[UUID]) -> list[Result]:
        return [
            result
            for alert in mine
            for kind in ("acknowledged", "dispatched", "handled")
            for result in await alarms.commit([Step(uuid4(), alert, kind, "desk")])
        ]

    async with asyncio.timeout(60):
        found = await asyncio.gather(*(batches() for _ in range(4)), *(desk(alerts[n::3]) for n in range(3)))
    assert {result.outcome for results in found for result in results} == {"applied"}
    counts = await alarms.run("select alert_id, count(*), max(seq) from alert_change group by 1")
    assert all(count == last for _, count, last in counts)
    assert sum(count for _, count, _ in counts) == 12 + 4 * 12 * 8 + 12 * 3


def test_nothing_else_writes_alerts() -> None:
    root = Path(__file__).parents[2]
    writes = re.compile(
        r"(insert\s+into|update|delete\s+from|merge\s+into|truncate|copy)\s+(public\.)?alert(_change)?\b", re.IGNORECASE
    )
    sources = [path for folder in ("hub", "devices", "ingest", "analytics", "api", "app")
               for path in (root / folder).rglob("*") if path.suffix in (".py", ".sql")]  # fmt: skip
    found = {str(path.relative_to(root)) for path in sources if writes.search(path.read_text(encoding="utf-8"))}
    # What released migrations did once; a function that would write later may not be left in the schema.
    assert found == {
        "app/serve/path_watch.sql",  # forgets the hub's own rounds, which nobody else reads
        "hub/alerts/apply.sql",
        "hub/alerts/areas.sql",  # places those without a device anew, under the lock
        "hub/alerts/expiry.sql",
        "hub/store/migrations/0001_core.sql",
        "hub/store/migrations/0011_alerts.sql",
        "hub/store/migrations/0052_alert_ends.sql",
        "hub/store/migrations/0054_ceilings.sql",
    }


async def test_no_function_or_trigger_of_the_schema_writes_alerts(alarms: Alarms) -> None:
    bodies = await alarms.run(
        "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace and prosrc is not null"
    )
    writes = re.compile(r"(insert\s+into|update|delete\s+from)\s+(alert|alert_change|outbox)\b", re.IGNORECASE)
    assert [name for name, body in bodies if writes.search(body)] == []
    triggers = "select tgname from pg_trigger where tgrelid = 'alert'::regclass and not tgisinternal"
    assert await alarms.run(triggers) == []


async def test_a_consumer_that_is_deleted_meanwhile_fails_no_batch(alarms: Alarms) -> None:
    await alarms.consumer("going", "http://127.0.0.1:1/")
    await alarms.consumer("staying", "http://127.0.0.1:1/")
    waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"

    async def waits() -> bool:
        return bool(await alarms.run(waiting))

    async with alarms.pool.connection() as conn:
        async with conn.transaction():
            await conn.execute("delete from consumer where code = 'going'")
            raising = asyncio.create_task(alarms.raised(), name="raising")
            await eventually(waits, "the alert waits for the consumer")
        await raising
    assert await alarms.outbox("staying") == [("pending", 0)]
    assert await alarms.run("select count(*) from outbox") == [(1,)]


async def test_consumers_get_what_reached_their_level_in_their_region(alarms: Alarms) -> None:
    for code, level, region in [("all", 1, None), ("red", 4, None), ("near", 1, "3301"), ("far", 1, "3302")]:
        await alarms.consumer(code, min_level=level, region=region)
    await alarms.consumer("off", "http://127.0.0.1:1/")
    await alarms.run("update consumer set enabled = false where code = 'off'")
    alert = await alarms.raised(level=2)
    await alarms.apply(alert, "updated", level=4)
    await alarms.apply(alert, "updated", level=1)
    await alarms.apply(alert, "cleared")
    counts = {code: len(await alarms.outbox(code)) for code in ("all", "red", "near", "far", "off")}
    assert counts == {"all": 4, "red": 3, "near": 4, "far": 0, "off": 0}


async def test_a_consumer_gets_what_is_in_its_area_while_that_is_valid(alarms: Alarms) -> None:
    await alarms.run(
        """insert into area (code, name, ring, valid_from)
           values ('basin', 'b', '(120,30),(120.2,30),(120.2,30.2),(120,30.2)', '2019-01-01')"""
    )
    await alarms.consumer("both", area="basin")
    told: list[int] = []
    for lon, valid_to in [(120.1, None), (121.0, None), (120.1, "2020-01-01"), (120.1, "2120-01-01")]:
        await alarms.run("update device set lon = %(lon)s, lat = 30.1", lon=lon)
        await alarms.run("update area set valid_to = %(valid_to)s", valid_to=valid_to)
        await alarms.raised(f"t{len(told)}")
        told.append(len(await alarms.outbox("both")))
    assert told == [1, 1, 1, 2]


async def test_consumers_get_what_their_organisation_and_category_are_about(alarms: Alarms) -> None:
    await alarms.run(
        "insert into organisation (code, name) values ('fire-brigade', 'Fire brigade'), ('water', 'Water')"
    )
    await alarms.run("update device set organisation = 'fire-brigade'")
    await alarms.run("update profile set category = 'fire'")
    for code, organisation, category in [("both", "fire-brigade", "fire"), ("water", "water", None)]:
        await alarms.consumer(code, organisation=organisation, category=category)
    alert = await alarms.raised()
    await alarms.run("update profile set category = 'lamp'")
    await alarms.apply(alert, "cleared")
    assert [len(await alarms.outbox(code)) for code in ("both", "water")] == [1, 0]


async def test_a_change_that_is_rolled_back_leaves_nothing(alarms: Alarms) -> None:
    await alarms.consumer("desk", "http://127.0.0.1:1/")
    async with alarms.pool.connection() as conn, conn.transaction(force_rollback=True):
        await apply(conn, [AlertChange(uuid4(), uuid4(), "raised", 0, 1, "t", 1, None, 1, "a title")])
        assert await (await conn.execute("select count(*) from outbox")).fetchone() == (1,)
    assert await alarms.outbox("desk") == []
    assert await alarms.run("select count(*) from alert") == [(0,)]


async def test_the_picture_tells_what_a_consumer_needs(alarms: Alarms) -> None:
    alert = await alarms.raised("gauge-1/smoke", level=2)
    await alarms.apply(alert, "updated", level=4)
    picture = (await alarms.run("select picture from alert_change order by cursor desc limit 1"))[0][0]
    expected = {
        "alert": str(alert),
        "seq": 2,
        "rule": "smoke",
        "device": "gauge-1",
        "device_name": "River gauge 1",
        "event_kind": "smoke",
        "region": "330106001002",
        "level": "red",
        "peak_level": "red",
        "state": "open",
        "condition": "active",
        "handling": "open",
        "title": "a title",
        "cleared_at": None,
    }
    assert picture | expected == picture

"""Alerts that are raised and cleared again and again: one stays open, whatever the batches are, after any restart."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

import pytest

from analytics.rules.flaps import BEHIND, SQL, Limits
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.endings import Ending
from hub.alerts.titles import title_in
from hub.models import Batch, Event
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.rule_city import NOW, SEED, City, S, telling

LIMITS = Limits(3, 60 * S, 100 * S)
HOWS = ["one batch", "each by itself", "killed after each"]
FLAPS = [(0, 4.0), (5, 1.0), (10, 4.0), (15, 1.0), (20, 4.0), (25, 1.0), (30, 4.0), (31, 1.0), (50, 4.0), (70, 1.0)]
TOLD = [(0, "raised"), (5, "cleared"), (10, "raised"), (15, "cleared"), (20, "raised")]


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool, LIMITS)
        await city.run(SEED)
        await city.run("""update rule set thresholds = '{"yellow": 3, "orange": 5, "red": 7}' where code = 'flood'""")
        await city.run(
            "insert into rule (code, name, event_kind, event_level) values ('doors', 'Doors', 'door_open', 2)"
        )
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


async def told(city: City) -> list[tuple[int, str]]:
    return await city.run(
        """select (extract(epoch from (picture ->> 'changed_at')::timestamptz) - %s)::int, kind
           from alert_change order by cursor""", NOW // S,
    )  # fmt: skip


def said(*some: tuple[int, bool], kind: str = "door_open") -> Batch:
    events = [
        Event(uuid5(UUID(int=0), f"{at}"), 4, "cam-1", NOW + at * S, NOW + at * S, kind, "active" if on else "inactive")
        for at, on in some
    ]
    return Batch([raw_of("test", "here", b"", each.received) for each in events], events=events)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("what", ["readings", "events"])
async def test_the_third_alert_within_a_minute_stays_open_until_it_was_quiet(city: City, what: str, how: str) -> None:
    for some in [FLAPS] if how == "one batch" else [[each] for each in FLAPS]:
        await city.take(city.readings(*some) if what == "readings" else said(*((at, value > 3) for at, value in some)))
        if how.startswith("killed"):
            await city.restart()
    assert await told(city) == TOLD
    await city.at(169)
    assert await told(city) == TOLD
    await city.at(170)
    await city.restart()
    assert await told(city) == [*TOLD, (170, "cleared")]
    since = f"{datetime.fromtimestamp(NOW // S, UTC) + timedelta(hours=8):%Y-%m-%d %H:%M}"
    [(raised,)] = await city.run(
        "select picture ->> 'title' from alert_change where kind = 'raised' order by cursor desc limit 1"
    )
    assert raised.endswith(f", flapping: 3 times since {since}")
    [(cleared,)] = await city.run("select picture ->> 'title' from alert_change order by cursor desc limit 1")
    assert cleared.endswith(f", flapping: 5 times since {since}")
    assert await city.run("select count(*) from rule_flap") == [(0,)]


async def test_a_reading_after_a_quiet_time_finds_the_alert_cleared(city: City) -> None:
    await city.take(city.readings(*FLAPS, (171, 4.0), (400, 1.0)))
    assert await told(city) == [*TOLD, (170, "cleared"), (171, "raised"), (400, "cleared")]


async def test_what_is_graver_is_told_and_what_is_not_is_not(city: City) -> None:
    await city.take(city.readings(*FLAPS, (80, 6.0)))
    await city.restart()
    await city.take(city.readings((81, 4.0), (82, 6.0), (83, 1.0), (84, 6.0)))
    assert await told(city) == [*TOLD, (80, "updated")]
    await city.at(300)
    assert len(await told(city)) == 6, "it is not quiet"
    await city.take(city.readings((301, 1.0)))
    await city.at(401)
    assert (await told(city))[6:] == [(401, "cleared")]


async def test_red_is_told_each_time_and_ends_the_flap(city: City) -> None:
    await city.take(city.readings(*FLAPS, (80, 8.0), (81, 1.0)))
    await city.restart()
    await city.take(city.readings((82, 8.0), (83, 1.0), (84, 8.0), (85, 1.0)))
    ups = [(80, "updated"), (81, "cleared"), (82, "raised"), (83, "cleared"), (84, "raised"), (85, "cleared")]
    assert await told(city) == TOLD + ups


@pytest.mark.parametrize("what", ["readings", "events"])
async def test_what_comes_after_a_desk_has_closed_a_flapping_alert_is_told(city: City, what: str) -> None:
    def take(*some: tuple[int, float]) -> Batch:
        return city.readings(*some) if what == "readings" else said(*((at, value > 3) for at, value in some))

    await city.take(take(*FLAPS[:6]))
    await city.take(telling(await end(city)))
    await city.restart()
    await city.take(take((90, 4.0), (91, 1.0)))
    kinds = [kind for _, kind in await told(city)]
    assert kinds == [*(kind for _, kind in TOLD), "false_alarm", "cleared", "raised", "cleared"]
    assert await city.run("select count(*) from rule_flap") == [(0,)]


async def end(city: City) -> Ending:
    """A desk closes the active alert."""
    [(alert, rule, device, series, peak)] = await city.run(
        "select id, rule_id, device_id, series_id, peak_level from alert where cleared_at is null"
    )
    async with city.pool.connection() as conn, conn.transaction():
        await apply(conn, [Step(uuid4(), alert, "false_alarm", "desk")])
    return Ending(alert, rule, device, series, "false_alarm", peak, NOW)


@pytest.mark.parametrize("what", ["rule", "device"])
async def test_one_whose_rule_or_device_is_gone_is_forgotten_and_asks_for_nothing(city: City, what: str) -> None:
    await city.take(said(*((at, value > 3) for at, value in FLAPS)))
    gone = {
        "rule": "update rule set enabled = false where code = 'doors'",
        "device": "update device set state = 'retired' where code = 'cam-1'",
    }
    await city.run(gone[what])
    assert await city.run("select count(*) from rule_flap") == [(0,)]
    await city.refresh()
    await city.at(400)
    await city.take(said((401, False)))
    assert await city.run("select count(*) from rule_flap") == [(0,)]


@pytest.mark.parametrize("kind", ["cover_open", "intrusion", "tilt"])
async def test_each_time_of_danger_is_told(city: City, kind: str) -> None:
    await city.run("update rule set event_kind = %s where code = 'doors'", kind)
    await city.refresh()
    await city.take(said(*((at, value > 3) for at, value in FLAPS), kind=kind))
    assert [each for _, each in await told(city)].count("raised") == 5


async def test_three_in_a_longer_time_do_not_flap_nor_does_danger(city: City) -> None:
    await city.take(city.readings((0, 4.0), (5, 1.0), (30, 4.0), (35, 1.0), (61, 4.0), (65, 1.0)))
    await city.take(said(*((at, value > 3) for at, value in FLAPS), kind="smoke"))
    kinds = [kind for _, kind in await told(city)]
    assert (kinds.count("raised"), kinds.count("cleared")) == (3 + 5, 3 + 5)


async def test_a_start_reads_the_alerts_of_the_last_time_and_no_others(city: City) -> None:
    await city.take(city.readings(*FLAPS[:3]))
    async with city.pool.connection() as conn:
        await conn.execute("set enable_seqscan = off")
        explained = f"explain {SQL.raised}".encode()
        plan = await (await conn.execute(explained, {"within": BEHIND})).fetchall()
        found = await (await conn.execute(SQL.raised, {"within": BEHIND})).fetchall()
    assert "alert_raised_at_id_idx" in str(plan)
    assert [len(times) for *_, times in found] == [2]


def test_the_title_is_told_in_both_languages() -> None:
    title = "Camera 1: door_open (yellow), since 2026-11-22 03:12, flapping: 6 times since 2026-11-22 03:14"
    alert = {
        "title": title, "origin": "device", "level": "yellow", "cleared_at": None, "device_name": "Camera 1",
        "event_kind": "door_open", "value": None,
    }  # fmt: skip
    expected = "Camera 1：门打开（黄色），自 2026-11-22 03:12 起，反复触发：自 2026-11-22 03:14 起 6 次"
    assert title_in("zh", alert, {}, {"name": "门打开"}) == expected
    assert title_in("en", alert, {}, {"name_en": "door_open"}) == title

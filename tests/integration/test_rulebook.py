"""The rule book on a real store: decided, committed, adopted; killed at each point; kept fresh."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import msgspec
import pytest

from analytics.rules.rulebook import RuleBook
from analytics.rules.slots import NEVER
from app.serve.reception import OwnReception
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.publisher import clear_retired
from hub.errors import StoreRefused
from hub.models import Batch
from hub.quality import Quality
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.rule_city import HELD, NEW_DEVICE, NOW, SEED, City, S, telling
from tests.support.writers import Committer


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


async def test_an_alert_is_raised_changes_its_level_and_clears(city: City) -> None:
    await city.take(city.readings((0, 1.0), (1, 3.0)), city.readings((2, 5.25), (3, 4.0), (4, 2.0), (5, 3.5)))
    level = "gauge-1/level"
    assert await city.told() == [
        (level, "raised", "yellow"),
        (level, "updated", "red"),
        (level, "updated", "yellow"),
        (level, "cleared", "yellow"),
        (level, "raised", "yellow"),
    ]
    first, second = await city.run("select title, state, peak_level, value, threshold from alert order by opened_at")
    assert first == ("River gauge 1: 水位 2 < 3 (cleared)", "cleared", 4, 2.0, 3.0)
    assert second == ("River gauge 1: 水位 3.5 ≥ 3 (yellow)", "open", 2, 3.5, 3.0)


async def test_an_alert_names_the_version_of_its_rule_that_raised_it(city: City) -> None:
    await city.take(city.readings((0, 4.0)))
    await city.run("""update rule set thresholds = '{"yellow": 2}' where code = 'flood'""")
    await city.refresh()
    await city.take(city.readings((1, 2.5), gauge=2), await city.events((2, "active")))
    pictures = "select picture ->> 'target', picture -> 'rule_version' from alert_change order by cursor"
    assert await city.run(pictures) == [("gauge-1/level", 1), ("gauge-2/level", 2), ("cam-1/smoke", 1)]
    assert await city.run("select version, body ->> 'thresholds' from rule_version order by rule_id, version") == [
        (1, '{"red": 5, "yellow": 3}'), (2, '{"yellow": 2}'), (1, None),
    ]  # fmt: skip


async def test_a_refused_commit_leaves_the_state_and_its_halves_are_decided_anew(city: City) -> None:
    whole = city.readings((0, 1.0), (1, 6.0), (2, 1.0), (3, 6.0))
    city.decide(whole)
    await city.take(city.readings((0, 1.0), (1, 6.0)))
    refused = Batch([raw_of("test", "here", b"", NOW)])
    city.decide(city.readings((2, 1.0), (3, 6.0)))
    city.book.adopt(refused)
    await city.take(city.readings((2, 1.0), (3, 6.0)))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "cleared", "raised"]


@pytest.mark.parametrize("latest_kept", [False, True])
async def test_a_kill_between_commit_and_acknowledgement_pages_nobody_twice(city: City, latest_kept: bool) -> None:
    def stream() -> list[Batch]:
        return [city.readings((0, 6.0), (1, 1.0), (2, 4.0)), city.readings((3, 1.0), (4, 1.5), (5, 1.0))]

    await city.take(*stream())
    before = await city.told()
    if latest_kept:
        await city.keep_latest(*stream())
    await city.restart()
    await city.take(*stream())
    await city.take(city.readings((2, 4.0), (5, 1.0)))
    assert await city.told() == before
    await city.take(city.readings((6, 3.0)))
    assert len(await city.told()) == len(before) + 1


async def test_the_same_cause_decided_twice_has_the_same_ids(city: City) -> None:
    first, second = city.readings((0, 6.0), (1, 1.0)), city.readings((0, 6.0), (1, 1.0))
    city.decide(first)
    city.decide(second)
    assert [change.id for change in first.changes] == [change.id for change in second.changes]
    await city.writer.commit(first)
    await city.writer.commit(second)
    assert len(await city.told()) == 2


async def test_an_open_alert_is_still_open_after_a_restart_and_clears(city: City) -> None:
    await city.take(city.readings((0, 6.0)))
    await city.restart()
    await city.take(city.readings((1, 6.0)), city.readings((2, 4.0)), city.readings((3, 1.0)))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "updated", "cleared"]
    assert await city.run("select count(*) from alert") == [(1,)]


async def test_a_hold_goes_on_across_a_restart(city: City) -> None:
    await city.run(HELD)
    await city.restart()
    stored = [city.readings((0, 1.0), (1, 6.0), (6, 6.0)), city.readings((2, 6.0), (4, 1.0), (6, 4.0), gauge=2)]
    await city.take(*stored)
    await city.keep_latest(*stored)
    await city.restart()
    await city.take(city.readings((10, 6.0)), city.readings((14, 4.0), gauge=2))
    assert await city.told() == []
    await city.take(city.readings((11, 6.0)), city.readings((16, 4.0), gauge=2))
    assert await city.told() == [("gauge-1/level", "raised", "red"), ("gauge-2/level", "raised", "yellow")]


async def test_a_pending_escalation_goes_on_across_a_restart(city: City) -> None:
    await city.run(HELD)
    await city.restart()
    stored = city.readings((0, 4.0), (5, 6.0), (10, 6.0), (12, 6.0))
    await city.take(stored)
    await city.keep_latest(stored)
    await city.restart()
    await city.take(city.readings((14, 6.0)), city.readings((15, 6.0)))
    assert [(kind, level) for _, kind, level in await city.told()] == [("raised", "yellow"), ("updated", "red")]


async def test_events_raise_and_clear_and_a_redelivery_after_a_kill_does_neither(city: City) -> None:
    stream = [(0, "active"), (0, "inactive"), (1, "active"), (2, "active")]
    await city.take(await city.events(*stream))
    await city.restart()
    await city.take(await city.events(*stream[:2]), await city.events(*stream))
    await city.take(await city.events((3, "inactive")))
    await city.restart()
    await city.take(await city.events((3, "inactive")), await city.events((1, "active")))
    assert [(target, kind) for target, kind, _ in await city.told()] == [
        ("cam-1/smoke", kind) for kind in ("raised", "cleared", "raised", "cleared")
    ]
    assert await city.run("select distinct title from alert") == [("Camera 1: smoke (cleared)",)]


async def test_smoke_that_a_gateway_held_back_pages_and_says_how_late_it_is(city: City) -> None:
    late_s = 1500
    await city.run("insert into consumer (code, url, secret) values ('desk', 'http://127.0.0.1:9/', 'whsec_AAAA')")
    batch = await city.events((-late_s, "active"))
    batch.events = [replace(event, received=NOW) for event in batch.events]
    await city.take(batch)
    [(title, opened)] = await city.run("select title, extract(epoch from opened_at)::bigint from alert")
    assert (title, opened) == (f"Camera 1: smoke (orange), {late_s // 60} min late", NOW // S - late_s)
    older = await city.events((-late_s - 1, "active"))
    older.events = [replace(event, received=NOW + S) for event in older.events]
    await city.take(older)
    await city.take(await city.events((2, "inactive")))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "cleared"]
    assert await city.run("select count(*) from outbox") == [(2,)]


async def test_what_is_stored_but_never_pages(city: City) -> None:
    await city.take(city.readings((0, 1.0)))
    await city.take(city.readings((-5, 9.0)))
    await city.take(city.readings((1, 9.0), quality=Quality.OUT_OF_RANGE))
    history = city.readings((2, 9.0))
    history.raws[0] = history.raws[0]._replace(received=NOW + 903 * S)
    await city.take(history)
    assert await city.told() == []
    assert await city.run("select count(*) from reading") == [(4,)]


async def test_new_devices_and_new_rules_are_watched_after_a_refresh(city: City) -> None:
    await city.take(city.readings((0, 4.0)))
    await city.run(NEW_DEVICE.format(4))
    await city.run(
        """insert into rule (code, name, profile_id, metric, direction, thresholds)
           select 'dry', 'Dry', id, 'level', 'below', '{"blue": 1}' from profile where code = 'gauge'"""
    )
    city.series[4] = (await city.run("select max(id) from series"))[0][0]
    await city.take(city.readings((1, 6.0), gauge=4))
    await city.refresh()
    await city.take(city.readings((2, 6.0), gauge=4), city.readings((2, 0.5)), city.readings((3, 4.0)))
    assert await city.told() == [
        ("gauge-1/level", "raised", "yellow"),
        ("gauge-4/level", "raised", "red"),
        ("gauge-1/level", "cleared", "yellow"),
        ("gauge-1/level", "raised", "blue"),
        ("gauge-1/level", "raised", "yellow"),
        ("gauge-1/level", "cleared", "blue"),
    ]


async def test_a_refresh_between_deciding_and_committing_does_not_move_the_ground(city: City) -> None:
    batch = city.readings((0, 6.0), gauge=3)
    city.decide(batch)
    await city.run(NEW_DEVICE.format(0))
    await city.run("update rule set thresholds = '{\"red\": 5}' where code = 'flood'")
    await city.refresh()
    await city.writer.commit(batch)
    city.book.adopt(batch)
    await city.take(city.readings((1, 4.0), gauge=3))
    assert [(kind, level) for _, kind, level in await city.told()] == [("raised", "red"), ("cleared", "red")]


async def test_a_disabled_rule_says_nothing_and_takes_up_its_alerts_when_it_comes_back(city: City) -> None:
    await city.take(city.readings((0, 6.0)), await city.events((0, "active")))
    await city.run("update rule set enabled = false")
    await city.refresh()
    await city.take(city.readings((1, 1.0)), await city.events((1, "inactive")), city.readings((1, 9.0), gauge=2))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "raised"]
    await city.run("update rule set enabled = true")
    await city.refresh()
    await city.take(city.readings((2, 1.0)), await city.events((2, "inactive")))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "raised", "cleared", "cleared"]


async def test_a_device_that_changes_its_profile_is_no_longer_watched_by_the_old_one(city: City) -> None:
    await city.take(city.readings((0, 6.0)))
    camera = "select id from profile where code = 'camera'"
    await city.run(f"update device set profile_id = ({camera}) where code = 'gauge-1'")
    await city.refresh()
    await city.take(city.readings((1, 1.0)), city.readings((1, 6.0), gauge=2))
    assert await city.told() == [("gauge-1/level", "raised", "red"), ("gauge-2/level", "raised", "red")]


async def test_a_renamed_device_has_its_new_name_in_the_next_title(city: City) -> None:
    await city.run("update device set name = '三号水尺' where code = 'gauge-3'")
    await city.refresh()
    await city.take(city.readings((0, 6.0), gauge=3))
    assert await city.run("select title from alert") == [("三号水尺: 水位 6 ≥ 5 (red)",)]


async def test_a_hold_ends_at_its_time_without_another_reading_and_once(city: City) -> None:
    await city.run(HELD)
    await city.refresh()
    await city.take(city.readings((0, 1.0), (1, 4.0)), city.readings((2, 4.0), (3, 1.0), gauge=2))
    assert city.book.due(NOW) == NOW + 11 * S
    await city.at(10.9)
    assert await city.told() == []
    await city.at(11)
    await city.at(60)
    await city.take(city.readings((70, 4.5)))
    assert await city.told() == [("gauge-1/level", "raised", "yellow")]
    opened, value = (await city.run("select extract(epoch from opened_at)::float8, value from alert"))[0]
    assert (opened, value) == (NOW / S + 11, 4.0), "at the time that its hold ended, with the value of the reading"


@pytest.mark.parametrize("latest_kept", [False, True])
async def test_a_hold_that_is_under_way_is_so_after_a_restart(city: City, latest_kept: bool) -> None:
    await city.run(HELD)
    await city.refresh()
    stored = city.readings((0, 1.0), (1, 4.0), (2, 6.0))
    await city.take(stored)
    if latest_kept:
        await city.keep_latest(stored)
    await city.restart()
    assert city.book.due(NOW) == NOW + 11 * S
    await city.at(20)
    await city.restart()
    await city.at(90)
    assert [(kind, level) for _, kind, level in await city.told()] == [("raised", "yellow"), ("updated", "red")]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_rule_on_flagged_readings_goes_on_across_a_restart_and_says_which_flags(
    city: City, restarted: bool
) -> None:
    await city.run("update rule set flagged = true, hold_s = 10 where code = 'flood'")
    await city.refresh()

    async def come(second: int, value: float, quality: int, gauge: int = 1) -> None:
        if restarted:
            await city.restart()
        await city.take(city.readings((second, value), quality=quality, gauge=gauge))

    await come(0, 1.0, Quality.GOOD)
    await come(1, 4.0, Quality.CALIBRATION)
    await come(5, 9.0, Quality.OUT_OF_RANGE)
    await come(12, 4.5, Quality.FAULT)
    await come(13, 1.0, Quality.GOOD)
    level = "gauge-1/level"
    assert await city.told() == [(level, "raised", "yellow"), (level, "cleared", "yellow")]
    await come(20, 4.0, Quality.CALIBRATION)
    await city.run("update rule set flagged = false where code = 'flood'")
    await city.refresh()
    if restarted:
        await city.restart()
    await city.at(60)
    assert len(await city.told()) == 2, "what pended of flagged readings is over with that"
    await city.run("update rule set flagged = true, hold_s = 0 where code = 'flood'")
    await city.refresh()
    await come(70, 4.0, Quality.CALIBRATION | Quality.SUSPECT, gauge=2)
    why = "select details -> 'why' from alert_change where kind = 'raised' order by cursor desc limit 1"
    [(told,)] = await city.run(why)
    assert told["quality"] == Quality.CALIBRATION | Quality.SUSPECT
    await city.run("update rule set hold_s = 10 where code = 'flood'")
    await city.refresh()
    await come(80, 4.0, Quality.TEST, gauge=3)
    await city.at(91)
    [(told,)] = await city.run(why)
    assert told["quality"] == Quality.TEST, "also where its hold time ends without another reading"
    assert (told["rule"]["by"], told["rule"]["hold_s"], told["rule"]["version"]) == (1.0, 10.0, 5)


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_reading_of_when_a_time_ended_counts_after_a_restart(city: City, restarted: bool) -> None:
    """The clock has ended a hold, or a clear time; then a reading of that very moment comes, or of a moment before."""
    await city.run("update rule set hold_s = 10, clear_s = 10 where code = 'flood'")
    await city.refresh()
    level = "gauge-1/level"

    async def ended(by: int, at: int, value: float) -> None:
        await city.at(by)
        if restarted:
            await city.restart()
        await city.take(city.readings((at, value)))

    await city.take(city.readings((1, 4.0)))
    await ended(11, 11, 1.0)
    assert await city.told() == [(level, "raised", "yellow")]
    await ended(21, 21, 4.0)
    assert await city.told() == [(level, "raised", "yellow"), (level, "cleared", "yellow")]
    await ended(31, 30, 6.0)
    await city.at(40)
    assert [kind for _, kind, _ in await city.told()] == ["raised", "cleared", "raised", "updated"]


async def test_a_hold_waits_until_all_that_came_before_its_end_is_decided(city: City) -> None:
    heard, since = NOW, NOW + 21 * S
    city.book = RuleBook(city.registry, reception=OwnReception(lambda: since, lambda: heard))
    city.writer = Committer(city.pool, deciding=[city.book])
    await city.run(HELD)
    await city.load()
    await city.take(city.readings((1, 4.0)))
    assert city.book.due(NOW + 2 * S) == NOW + 31 * S, "after a gap what was sent meanwhile may be on its way"
    await city.take(Batch([], now=NOW + 40 * S))
    assert await city.told() == []
    due = city.book.due(NOW + 40 * S)
    assert due is not None
    assert due > NOW + 40 * S, "it asks again"
    heard = NOW + 40 * S
    await city.at(40)
    assert [kind for _, kind, _ in await city.told()] == ["raised"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_stays_beyond_after_a_desk_ended_its_alert_is_no_new_onset(city: City, restarted: bool) -> None:
    await city.take(city.readings((0, 4.0)))
    ending = await city.end()
    if restarted:
        await city.restart()
    else:
        await city.take(telling(ending))
    await city.take(city.readings((1, 4.5)), city.readings((2, 2.6)), city.readings((3, 3.0)))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "false_alarm"]
    await city.take(city.readings((4, 6.0)), city.readings((5, 1.0)), city.readings((6, 3.0)))
    assert [(kind, level) for _, kind, level in await city.told()][2:] == [
        ("cleared", "yellow"),
        ("raised", "red"),
        ("cleared", "red"),
        ("raised", "yellow"),
    ]


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_rose_while_an_alert_was_closed_is_told_once_it_is_open_again(city: City, restarted: bool) -> None:
    await city.take(city.readings((0, 6.0)), city.readings((1, 3.0)))
    ending = await city.end()
    assert ending is not None
    await city.take(telling(ending), city.readings((2, 6.0)))
    assert [(kind, level) for _, kind, level in await city.told()][1:] == [
        ("updated", "yellow"),
        ("false_alarm", "yellow"),
    ]
    async with city.pool.connection() as conn, conn.transaction():
        [result] = await apply(conn, [Step(uuid4(), ending.alert_id, "reopened", "desk")])
    assert result.outcome == "applied"
    if restarted:
        await city.restart()
    else:
        await city.take(telling(msgspec.structs.replace(ending, kind="reopened")))
    await city.take(city.readings((3, 6.1)), city.readings((4, 1.0)))
    told = [(kind, level) for _, kind, level in await city.told()][3:]
    assert told == [("reopened", "yellow"), ("updated", "red"), ("cleared", "red")]


async def test_an_ending_that_comes_with_readings_goes_before_them(city: City) -> None:
    await city.take(city.readings((0, 4.0)))
    ending = await city.end()
    await city.take(telling(ending, city.readings((1, 1.0), (2, 4.0))))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "false_alarm", "cleared", "raised"]


async def test_a_change_that_the_store_refuses_is_not_adopted(city: City) -> None:
    await city.take(city.readings((0, 4.0)))
    await city.end()
    batch = city.readings((1, 6.0))
    await city.commit(batch)
    with pytest.raises(StoreRefused):
        city.book.adopt(batch)
    await city.load()
    await city.take(city.readings((2, 6.0)))
    assert [kind for _, kind, _ in await city.told()] == ["raised", "false_alarm", "cleared", "raised"]


async def test_the_alerts_of_a_retired_device_are_forgotten_and_of_a_suspended_one_kept(city: City) -> None:
    await city.take(city.readings((0, 4.0)), city.readings((0, 4.0), gauge=2))
    await city.run("update device set state = 'retired' where code = 'gauge-1'")
    await city.run("update device set state = 'suspended' where code = 'gauge-2'")
    await city.refresh()
    await city.take(Batch([], now=NOW + S))
    async with city.pool.connection() as conn:
        assert await clear_retired(conn) == 1
    await city.run("update device set state = 'active'")
    await city.refresh()
    await city.take(city.readings((2, 4.0)), city.readings((2, 1.0), gauge=2))
    told = [(target[:7], kind) for target, kind, _ in await city.told()]
    assert told == [
        ("gauge-1", "raised"), ("gauge-2", "raised"), ("gauge-1", "cleared"), ("gauge-1", "raised"),
        ("gauge-2", "cleared"),
    ]  # fmt: skip


async def test_no_hold_ends_by_itself_where_not_everything_is_received(city: City) -> None:
    """A worker that has some of the devices, a hub that waits for another one, a broker that is away."""
    since: list[int | None] = [None]
    city.book = RuleBook(city.registry, reception=OwnReception(lambda: since[0], lambda: NEVER))
    city.writer = Committer(city.pool, deciding=[city.book])
    await city.run(HELD)
    await city.load()
    await city.take(city.readings((1, 4.0)))
    for second in (12, 60):
        due = city.book.due(NOW + second * S)
        assert due is not None
        assert due > NOW + second * S, "it looks again"
        await city.take(Batch([], now=NOW + second * S))
    assert await city.told() == []
    since[0] = NOW + 60 * S
    await city.at(69)
    assert await city.told() == []
    await city.at(70)
    assert [kind for _, kind, _ in await city.told()] == ["raised"]


async def test_a_hold_of_a_device_with_a_slow_clock_lasts_as_long_as_it_says(city: City) -> None:
    await city.run(HELD)
    await city.refresh()
    batch = city.readings((1, 4.0))
    batch.raws = [raw_of("test", "here", b"", NOW + 301 * S)]
    await city.take(batch)
    assert city.book.due(NOW + 302 * S) == NOW + 311 * S
    await city.run("insert into device_seen select id, now(), -300 from device where code = 'gauge-1'")
    await city.restart()
    assert city.book.due(NOW + 302 * S) == NOW + 311 * S
    await city.at(310)
    assert await city.told() == []
    calm = city.readings((9, 1.0))
    calm.raws = [raw_of("test", "here", b"", NOW + 309 * S)]
    await city.take(calm)
    await city.at(400)
    assert await city.told() == []

"""What is withheld: told once, at its own time, by the rules, windows and devices as they are then."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid5

import pytest

from hub.models import Batch, Event
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.rule_city import NOW, SEED, City, S


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        await city.run(
            "insert into rule (code, name, event_kind, event_level) values ('doors', 'Doors', 'door_open', 2)"
        )
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


async def work(city: City, device: str, *windows: tuple[int, int]) -> None:
    """Somebody works on a device, between so many seconds from NOW."""
    for begin, end in windows:
        await city.run(
            """insert into maintenance (device_id, from_at, to_at, note)
               values ((select id from device where code = %s), to_timestamp(%s), to_timestamp(%s), 'works')""",
            device,
            NOW // S + begin,
            NOW // S + end,
        )
    await city.refresh()


async def door(city: City, *said: tuple[int, bool]) -> Batch:
    """(seconds from NOW, whether it is open) of the door at the camera."""
    device = (await city.run("select id from device where code = 'cam-1'"))[0][0]
    events = [
        Event(uuid5(UUID(int=0), f"{at}"), device, "cam-1", NOW + at * S, NOW + at * S, "door_open", state)
        for at, state in ((at, "active" if is_open else "inactive") for at, is_open in said)
    ]
    return Batch([raw_of("test", "here", b"", event.received) for event in events], events=events)


async def told(city: City) -> list[tuple[int, str, str]]:
    """(seconds from NOW, kind, level) of each change, in the order of their commit."""
    return [
        (at, kind, level)
        for at, kind, level in await city.run(
            """select (extract(epoch from (picture ->> 'changed_at')::timestamptz) - %s)::int, kind, picture ->> 'level'
               from alert_change order by cursor""",
            NOW // S,
        )
    ]


@pytest.mark.parametrize("device", ["gauge-1", "cam-1"])
async def test_what_begins_while_an_earlier_one_is_over_in_the_same_batch_is_told_at_its_own_time(
    city: City, device: str
) -> None:
    await work(city, device, (-60, 100), (200, 700))
    if device == "gauge-1":
        await city.take(city.readings((50, 4.0)), city.readings((150, 1.0), (250, 4.0)))
    else:
        await city.take(await door(city, (50, True)), await door(city, (150, False), (250, True)))
    assert [each[:2] for each in await told(city)] == [(100, "raised"), (150, "cleared")]
    await city.at(701)
    assert [each[:2] for each in await told(city)] == [(100, "raised"), (150, "cleared"), (700, "raised")]


SILENT = """insert into rule (code, name, profile_id, metric, signal, direction, thresholds)
            select 'silent', 'Silent', id, 'level', 'silence', 'above', '{"orange": 600}'
            from profile where code = 'gauge'"""
AT_NIGHT = """update rule set schedule = jsonb_build_object('days', array['every'], 'hours',
              to_char(to_timestamp(%s) at time zone 'Asia/Shanghai', 'HH24:MI') || '-' ||
              to_char(to_timestamp(%s) at time zone 'Asia/Shanghai', 'HH24:MI')) where code = %s"""
"""It counts from a time to another one."""


async def count(city: City, rule: str, begin: int, end: int) -> None:
    await city.run(AT_NIGHT, NOW // S + begin, NOW // S + end, rule)
    await city.refresh()


@pytest.mark.parametrize("rule", ["silent", "flood"])
async def test_who_lets_people_be_told_tells_them_with_the_next_batch(city: City, rule: str) -> None:
    await city.run(
        SILENT if rule == "silent" else """update rule set thresholds = '{"yellow": 3}' where code = 'flood'"""
    )
    await count(city, rule, 36_000, 39_600)
    await city.take(city.readings((1, 1.0 if rule == "silent" else 4.0)))
    await city.at(800)
    await city.run("update rule set schedule = null where code = %s", rule)
    await city.refresh()
    await city.take(Batch([], now=NOW + 3000 * S))
    assert await told(city) == [(3000, "raised", "orange" if rule == "silent" else "yellow")]


async def test_silence_that_was_withheld_over_an_outage_is_told_without_a_reading(city: City) -> None:
    await city.run(SILENT)
    await count(city, "silent", 3600, 36_000)
    before = city.readings((1, 1.0))
    await city.keep_latest(before)
    await city.take(before)
    await city.at(700)
    await city.restart()
    await city.at(9000)
    opens = (NOW // S + 3600) // 60 * 60 - NOW // S
    assert await told(city) == [(opens, "raised", "orange")]


@pytest.mark.parametrize("device", ["gauge-1", "cam-1"])
async def test_after_an_outage_nothing_is_told_where_its_rule_does_not_count_again(city: City, device: str) -> None:
    await work(city, device, (-60, 100), (5000, 9000))
    await city.take(city.readings((50, 4.0)) if device == "gauge-1" else await door(city, (50, True)))
    await city.restart()
    await city.take(city.readings((5100, 4.0)) if device == "gauge-1" else Batch([], now=NOW + 5100 * S))
    assert await told(city) == []
    await city.take(*([city.readings((8999, 4.0))] if device == "gauge-1" else []))
    await city.at(9001)
    assert [each[:2] for each in await told(city)] == [(9000, "raised")]


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize(
    "what",
    [
        "update rule set event_kind = 'fire' where code = 'doors'",
        "update rule set region = '44' where code = 'doors'",
        "update device set state = 'retired' where id = 4; update device set state = 'active' where id = 4",
        "update rule set enabled = false where code = 'doors'; update rule set enabled = true where code = 'doors'",
    ],
)
async def test_a_door_that_its_rule_is_not_about_any_more_is_not_told(city: City, what: str, killed: bool) -> None:
    await work(city, "cam-1", (-60, 100))
    await city.take(await door(city, (50, True)))
    for step in what.split("; "):
        await city.run(step)
        if not killed:
            await city.refresh()
            await city.take(Batch([], now=NOW + 60 * S))
    if killed:
        await city.restart()
    await city.at(101)
    await city.take(Batch([], now=NOW + 102 * S))
    assert await told(city) == [] == await city.run("select rule_id from rule_withheld")


@pytest.mark.parametrize("killed", [False, True])
async def test_a_level_goes_by_the_thresholds_of_now(city: City, killed: bool) -> None:
    await work(city, "gauge-1", (-60, 100))
    await city.take(city.readings((50, 4.0)))
    await city.run("""update rule set thresholds = '{"yellow": 30, "red": 50}' where code = 'flood'""")
    await (city.restart if killed else city.refresh)()
    await city.at(101)
    assert await told(city) == []
    await city.take(city.readings((110, 40.0)), city.readings((120, 60.0)))
    assert await told(city) == [(110, "raised", "yellow"), (120, "updated", "red")]

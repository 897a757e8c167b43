"""Rules that count at some times only: random histories with kills and restarts, and what is told at which time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from analytics.rules.definitions import ThresholdRule
from devices.vocabulary import PROMPT
from hub.models import LEVEL_NAMES, Batch, Event
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.plain_rules import Plain, Row
from tests.support.plain_schedules import MINUTE, PlainSchedule, cut
from tests.support.rule_city import NEW_DEVICE, NOW, SEED, City, S, telling

RULE = ThresholdRule(1, "flood", 1, "level", "level", True, (None, 3.0, 5.0, None), 0.5, 90 * S, 60 * S)
ORANGE = """thresholds = '{"yellow": 3, "orange": 5}'"""
"""Red has no schedule."""
GAUGES = count(10)
ZONE = "Asia/Kathmandu"
"""A quarter of an hour off whole hours."""

Step = tuple[str, int, float]
"""What happens, after how many seconds, and a value where there is one."""
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reading", "reading", "reading", "killed", "nothing", "restart"]),
        st.sampled_from([30, 60, 90, 200, 450, 800]),
        st.sampled_from([1.0, 2.6, 4.0, 4.0, 6.0]),
    ),
    min_size=4,
    max_size=14,
)
SPANS = st.tuples(st.integers(-40, 40), st.sampled_from([3, 20, 45, 1420]))
"""When the schedule begins, in minutes from now, and how long it lasts."""


def clock(at: int) -> str:
    return f"{at % 1440 // 60:02}:{at % 60:02}"


def schedule_from(begin: int, minutes: int) -> PlainSchedule:
    local = datetime.fromtimestamp(NOW // S, UTC) + timedelta(hours=5, minutes=45 + begin)
    first = local.hour * 60 + local.minute
    return PlainSchedule(["every"], f"{clock(first)}-{clock(first + minutes)}", ZONE, {})


class History:
    """A gauge of a city whose rule has a schedule, and the plain model of it."""

    def __init__(self, city: City, gauge: int, schedule: PlainSchedule) -> None:
        self.city, self.gauge, self.schedule = city, gauge, schedule
        self.plain, self.now = Plain(RULE), 0

    async def live(self, steps: Sequence[Step]) -> None:
        for what, seconds, value in [*steps, *[("nothing", 600, 0.0)] * 6]:
            self.now += seconds
            if what in ("reading", "killed"):
                self.plain.take(Row(1, NOW + self.now * S, value))
                batch = self.city.readings((self.now, value), gauge=self.gauge)
                await (self.city.take(batch) if what == "reading" else self.city.commit(batch))
            if what in ("killed", "restart"):
                await self.city.restart()
            await self.city.at(self.now)
        self.plain.let_pass(NOW + self.now * S)

    async def check(self) -> None:
        rows = await self.city.run(
            """select (extract(epoch from (c.picture ->> 'changed_at')::timestamptz) * 1000000)::bigint, c.kind,
                      array_position(%s, c.picture ->> 'level')
               from alert_change c join alert a on a.id = c.alert_id where a.target = %s order by c.cursor""",
            list(LEVEL_NAMES), f"gauge-{self.gauge}/level",
        )  # fmt: skip
        expected = cut(self.plain.found, self.schedule, NOW + self.now * S)
        assert rows == expected


async def scheduled(city: City, schedule: PlainSchedule) -> int:
    if not await city.run("select 1 from profile where code = 'gauge'"):
        await city.run(SEED)
        await city.run(f"update rule set {ORANGE}, hold_s = 90, clear_s = 60 where code = 'flood'")
    await city.run(
        "update rule set schedule = jsonb_build_object('hours', %s::text) where code = 'flood'", schedule.hours
    )
    gauge = next(GAUGES)
    await city.run(NEW_DEVICE.format(gauge))
    await city.run(f"update device set zone = '{ZONE}' where code = 'gauge-{gauge}'")
    city.series[gauge] = (await city.run("select max(id) from series"))[0][0]
    await city.load()
    return gauge


@given(STEPS, SPANS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_told_is_what_the_plain_rule_says_cut_by_the_schedule(
    database: str, steps: list[Step], span: tuple[int, int]
) -> None:
    async def run() -> None:
        async with open_pool(Database(url=database)) as pool:
            city, schedule = City(pool), schedule_from(*span)
            history = History(city, await scheduled(city, schedule), schedule)
            await history.live(steps)
            await history.check()

    asyncio.run(run())


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        await city.run(f"update rule set {ORANGE} where code = 'flood'")
        await city.run(
            "insert into rule (code, name, event_kind, event_level) values ('doors', 'Doors', 'door_open', 2)"
        )
        rows = await city.run("select s.id, d.code from series s join device d on d.id = s.device_id")
        city.series = {int(code.removeprefix("gauge-")): series for series, code in rows}
        await city.load()
        yield city


async def told(city: City) -> list[tuple[int, str, str]]:
    return await city.run(
        """select (extract(epoch from (picture ->> 'changed_at')::timestamptz) - %s)::int, kind, picture ->> 'level'
           from alert_change order by cursor""", NOW // S,
    )  # fmt: skip


async def put(city: City, schedule: dict[str, Any] | None) -> None:
    """Every rule that may have one gets this schedule."""
    await city.run("update rule set schedule = %s where code <> 'smoke'", None if schedule is None else Jsonb(schedule))
    await city.refresh()


def from_now(begin: int, minutes: int = 600) -> dict[str, Any]:
    """A schedule in the zone of devices that are given none, from so many minutes after the next whole one."""
    local = datetime.fromtimestamp(NOW // S, UTC) + timedelta(hours=8, minutes=1 + begin)
    first = local.hour * 60 + local.minute
    return {"hours": f"{clock(first)}-{clock(first + minutes)}"}


def minute(after: int) -> int:
    """Seconds from NOW to that minute."""
    return (NOW // MINUTE + 1 + after) * 60 - NOW // S


def door(at: int, state: str | None) -> Batch:
    event = Event(uuid5(UUID(int=0), f"{at} {state}"), 4, "cam-1", NOW + at * S, NOW + at * S, "door_open", state)
    return Batch([raw_of("test", "here", b"", event.received)], events=[event])


async def test_what_a_rule_finds_before_it_counts_is_told_then_once_with_its_onset(city: City) -> None:
    await put(city, from_now(5))
    await city.take(city.readings((1, 4.0)), city.readings((2, 6.0), gauge=2), door(3, "active"))
    await city.take(city.readings((4, 1.0), gauge=2))
    assert await told(city) == []
    await city.restart()
    await city.at(minute(5) - 1)
    assert await told(city) == []
    await city.at(minute(5))
    await city.restart()
    await city.at(minute(5) + 1)
    assert await told(city) == [(minute(5), "raised", "yellow"), (minute(5), "raised", "yellow")]
    since = datetime.fromtimestamp(NOW // S + 1, UTC) + timedelta(hours=8)
    titles = await city.run("select title from alert order by series_id")
    assert titles[0] == (f"River gauge 1: 水位 4 ≥ 3 (yellow), since {since:%Y-%m-%d %H:%M}",)
    assert await city.run("select count(*) from rule_withheld") == [(0,)]


async def test_what_comes_before_the_timer_does_finds_it_told(city: City) -> None:
    await put(city, from_now(5))
    await city.take(city.readings((1, 4.0)), door(2, "active"))
    await city.take(city.readings((minute(5) + 3, 1.0)), door(minute(5) + 4, "inactive"))
    assert [(at, kind) for at, kind, _ in await told(city)] == [
        (minute(5), "raised"), (minute(5) + 3, "cleared"), (minute(5), "raised"), (minute(5) + 4, "cleared"),
    ]  # fmt: skip


async def test_an_open_alert_stays_when_the_schedule_ends_and_clears_at_any_time(city: City) -> None:
    await put(city, from_now(-60, 65))
    await city.take(city.readings((1, 4.0)), door(2, "active"))
    after = minute(5) + 1
    await city.at(after)
    await city.take(city.readings((after, 6.0)), city.readings((after + 1, 4.0)), city.readings((after + 2, 6.0)))
    assert [kind for _, kind, _ in await told(city)] == ["raised", "raised"], "it does not rise meanwhile"
    await city.restart()
    await city.take(city.readings((after + 3, 1.0)), door(after + 4, "inactive"))
    assert [kind for _, kind, _ in await told(city)][2:] == ["cleared", "cleared"]
    assert await city.run("select count(*) from rule_withheld") == [(0,)]


@pytest.mark.parametrize("what", ["schedule", "zone", "calendar"])
@pytest.mark.parametrize("how", ["refreshed", "restarted"])
async def test_what_changes_takes_effect_at_the_next_batch(city: City, what: str, how: str) -> None:
    local = datetime.fromtimestamp(NOW // S, UTC) + timedelta(hours=8)
    works = local.weekday() < 5
    schedules = {
        "schedule": from_now(5),
        "zone": from_now(120),
        "calendar": {"days": ["holiday" if works else "workday"]},
    }
    await put(city, schedules[what])
    await city.take(city.readings((1, 4.0)))
    assert await told(city) == []
    match what:
        case "schedule":
            await city.run("update rule set schedule = null")
        case "zone":
            await city.run("update device set zone = 'Asia/Tokyo'; update device set zone = 'Pacific/Auckland'")
        case _:
            for day in (-1, 0, 1):
                await city.run(
                    "insert into calendar_day values (%s, %s, '调休')", (local + timedelta(days=day)).date(), not works
                )
    await (city.refresh() if how == "refreshed" else city.restart())
    await city.take(Batch([], now=NOW + 2 * S))
    assert await told(city) == [(2 if how == "refreshed" else 1, "raised", "yellow")]


async def test_an_event_that_only_happens_is_not_told_later(city: City) -> None:
    await put(city, from_now(5))
    await city.take(door(1, None))
    await city.at(minute(5) + 1)
    assert await told(city) == []
    await city.take(door(minute(5) + 2, None))
    assert [kind for _, kind, _ in await told(city)] == ["raised"]


async def test_a_process_that_was_away_for_long_asks_the_next_reading(city: City) -> None:
    for gauge in (1, 2):
        await put(city, from_now(5))
        await city.take(city.readings((1, 4.0), gauge=gauge))
    later = minute(5) + 1000
    await city.restart()
    await city.at(later)
    await city.take(Batch([], now=NOW + later * S))
    assert await told(city) == []
    await city.take(city.readings((later + 1, 1.0)), city.readings((later + 1, 4.5), gauge=2))
    assert await told(city) == [(later + 1, "raised", "yellow")]


async def test_an_alert_that_a_desk_has_ended_rises_above_its_peak_only_when_its_rule_counts(city: City) -> None:
    await city.take(city.readings((1, 4.0)))
    ending = await city.end()
    await put(city, from_now(5))
    await city.take(telling(ending), city.readings((2, 6.0)))
    assert len(await told(city)) == 2
    await city.restart()
    await city.at(minute(5))
    assert [(at, kind) for at, kind, _ in await told(city)][2:] == [(minute(5), "cleared"), (minute(5), "raised")]


async def test_danger_and_red_have_no_schedule_whoever_writes_it(city: City) -> None:
    for code, red in (("flood", "thresholds = '{\"red\": 5}'"), ("doors", "event_level = 4")):
        with pytest.raises(psycopg.errors.CheckViolation, match="rule_schedule_red"):
            await city.run(f"update rule set schedule = '{{}}', {red} where code = '{code}'")
    for kind in sorted(PROMPT):
        with pytest.raises(psycopg.errors.CheckViolation, match="rule_schedule_prompt"):
            await city.run(
                "insert into rule (code, name, event_kind, event_level, schedule) values ('x', 'X', %s, 4, '{}')", kind
            )

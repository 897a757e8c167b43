"""Rules that count events, or pause after an alert: whatever the batches are, and after a restart at any moment."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest

from analytics.rules.stored import Repeated, read_repeated
from analytics.rules.trial import of_events
from devices.vocabulary import PROMPT
from hub.models import Batch, Event
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.rule_city import NOW, SEED, City, S

DOORS = """
insert into rule (code, name, event_kind, event_level, count, within_s, cooldown_s)
    values ('doors', 'Doors', 'door_open', 2, %s, %s, %s)"""
OFTEN = (3, 10.0, 0.0)
"""Three within ten seconds."""
SELDOM = (1, None, 60.0)
"""At most one alert in a minute."""
BOTH = (2, 10.0, 60.0)
OPEN, SHUT = "active", "inactive"
Said = tuple[int, str]


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        yield city


def event(at: int, state: str, received: int | None = None) -> Event:
    came = at if received is None else received
    name = uuid5(UUID(int=0), f"{at} {state} {came}")
    return Event(name, 4, "cam-1", NOW + at * S, NOW + came * S, "door_open", state)


def batch(*some: Event) -> Batch:
    return Batch([raw_of("test", "here", b"", each.received) for each in some], events=list(some))


async def changes(city: City) -> list[tuple[int, str]]:
    told = """select (extract(epoch from (picture ->> 'changed_at')::timestamptz) - %s)::int, kind
              from alert_change order by cursor"""
    return [(at, kind) for at, kind in await city.run(told, NOW // S)]


STREAMS: list[tuple[str, tuple[int, float | None, float], list[Said], int, list[tuple[int, str]]]] = [
    (
        "the third within ten seconds",
        OFTEN,
        [(0, OPEN), (1, SHUT), (9, OPEN), (11, OPEN), (12, SHUT), (13, OPEN), (20, SHUT), (40, OPEN), (41, OPEN)],
        60,
        [(13, "raised"), (20, "cleared")],
    ),
    (
        "what lasts is told when the pause is over",
        SELDOM,
        [(0, OPEN), (1, SHUT), (5, OPEN), (6, SHUT), (20, OPEN)],
        100,
        [(0, "raised"), (1, "cleared"), (60, "raised")],
    ),
    (
        "what was over before is not",
        SELDOM,
        [(0, OPEN), (1, SHUT), (5, OPEN), (6, SHUT), (61, OPEN), (62, SHUT)],
        200,
        [(0, "raised"), (1, "cleared"), (61, "raised"), (62, "cleared")],
    ),
    (
        "what goes on beyond the pause, by a later event",
        SELDOM,
        [(0, OPEN), (1, SHUT), (5, OPEN), (70, SHUT), (71, OPEN)],
        200,
        [(0, "raised"), (1, "cleared"), (60, "raised"), (70, "cleared"), (120, "raised")],
    ),
    (
        "both",
        BOTH,
        [(0, OPEN), (1, OPEN), (2, SHUT), (5, OPEN), (6, OPEN), (30, SHUT), (70, OPEN), (75, OPEN)],
        200,
        [(1, "raised"), (2, "cleared"), (75, "raised")],
    ),
]


@pytest.mark.parametrize("how", ["one batch", "each by itself", "killed after each"])
@pytest.mark.parametrize(("what", "rule", "said", "until", "expected"), STREAMS)
async def test_events_are_counted_and_alerts_paused(
    city: City,
    what: str,
    rule: tuple[object, ...],
    said: list[Said],
    until: int,
    expected: list[tuple[int, str]],
    how: str,
) -> None:
    await city.run(DOORS, *rule)
    [(camera,)] = await city.run("select id from device where code = 'cam-1'")
    assert camera == 4
    await city.load()
    stream = [event(at, state) for at, state in said]
    for some in [stream] if how == "one batch" else [[each] for each in stream]:
        if how != "one batch":
            await city.at((some[0].ts - NOW) / S - 0.5)
        await city.take(batch(*some))
        if how.startswith("killed"):
            await city.restart()
    await city.at(until)
    await city.restart()
    await city.at(until)
    assert await changes(city) == expected
    definition = next(each for each in city.book._set.rules.values() if each.code == "doors")
    would = of_events(definition, stream, 900 * S, NOW + until * S)  # type: ignore[arg-type]
    assert [(alert.at - NOW) // S for alert in would] == [at for at, kind in expected if kind == "raised"]


async def test_what_came_late_or_out_of_order_does_not_count(city: City) -> None:
    await city.run(DOORS, *OFTEN)
    await city.load()
    await city.take(batch(event(5, OPEN)), batch(event(3, OPEN, 6)), batch(event(6, OPEN)))
    await city.restart()
    await city.take(batch(event(-2000, OPEN, 7)), batch(event(2, OPEN, 8)))
    assert await changes(city) == []
    await city.take(batch(event(9, OPEN)))
    assert await changes(city) == [(9, "raised")]


async def test_a_rule_that_comes_to_count_knows_what_was_before(city: City) -> None:
    await city.run(DOORS, 1, None, 0.0)
    await city.run("update rule set enabled = false where code = 'doors'")
    await city.load()
    await city.take(batch(event(0, OPEN), event(1, OPEN)))
    await city.run("update rule set enabled = true, count = 3, within_s = 10 where code = 'doors'")
    await city.refresh()
    await city.take(batch(event(2, OPEN)))
    assert await changes(city) == [(2, "raised")]


@pytest.mark.parametrize("rule", [(3, 10.0, 0.0), (1, None, 3600.0)])
async def test_what_is_red_waits_for_nothing(city: City, rule: tuple[object, ...]) -> None:
    await city.run(DOORS, *rule)
    await city.load()
    stream = [event(0, OPEN), event(1, SHUT), replace(event(5, OPEN), level=4)]
    for each in stream:
        await city.take(batch(each))
        await city.restart()
    assert (await changes(city))[-1] == (5, "raised")
    definition = next(each for each in city.book._set.rules.values() if each.code == "doors")
    would = of_events(definition, stream, 900 * S, NOW + 60 * S)  # type: ignore[arg-type]
    assert ((would[-1].at - NOW) // S, would[-1].level) == (5, 4)


async def test_no_rule_makes_danger_wait_whoever_writes_it(city: City) -> None:
    for kind in sorted(PROMPT):
        for rule in ((2, 10.0, 0.0), (1, None, 60.0)):
            with pytest.raises(psycopg.errors.CheckViolation, match="rule_prompt"):
                await city.run(DOORS.replace("'doors', 'Doors', 'door_open'", f"'{kind}-2', 'K', '{kind}'"), *rule)


@pytest.mark.parametrize("again", ["refreshed", "restored"])
async def test_an_event_counts_once_however_often_it_is_read(city: City, again: str) -> None:
    await city.run(DOORS, *OFTEN)
    await city.run("update rule set enabled = false where code = 'doors'")
    await city.load()
    await city.take(batch(event(0, OPEN)))
    for _ in range(2):
        await city.run("update rule set enabled = true, name = name || '.' where code = 'doors'")
        await (city.refresh() if again == "refreshed" else city.load())
    await city.take(batch(event(2, OPEN)))
    assert await changes(city) == []


async def test_a_pause_is_as_long_after_a_restart_whatever_the_clock_of_the_device(city: City) -> None:
    await city.run(DOORS, *SELDOM)
    await city.load()
    await city.take(batch(event(500, OPEN, 0)), batch(event(501, SHUT, 1)))
    await city.restart()
    await city.take(batch(event(565, OPEN, 65)))
    assert [kind for _, kind in await changes(city)] == ["raised", "cleared", "raised"]


async def test_a_restart_reads_as_many_events_as_count(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    await city.run(DOORS, 3, 3600.0, 0.0)
    await city.run("update rule set enabled = false where code = 'doors'")
    await city.load()
    late, shut = event(-2000, OPEN, 19), event(21, SHUT)
    await city.take(batch(*(event(at, OPEN) for at in range(20))), batch(late, event(7, OPEN, 20)), batch(shut))
    await city.run("update rule set enabled = true where code = 'doors'")
    read: list[Repeated] = []

    async def spied(*asked: Any) -> Repeated:
        read.append(await read_repeated(*asked))
        return read[-1]

    monkeypatch.setattr("analytics.rules.event_alerts.read_repeated", spied)
    await city.restart()
    assert [(each.ts - NOW) // S for found in read for each in found.events] == [17, 18, 19]


async def test_an_event_that_is_committed_after_a_new_rule_was_read_counts_for_it(city: City) -> None:
    await city.load()
    under_way = batch(event(0, OPEN))
    city.decide(under_way)
    await city.run(DOORS, 2, 10.0, 0.0)
    await city.refresh()
    await city.writer.commit(under_way)
    city.book.adopt(under_way)
    await city.take(batch(event(5, OPEN)))
    assert await changes(city) == [(5, "raised")]
    await city.take(batch(event(100, SHUT)), batch(event(101, OPEN)), batch(event(120, OPEN)))
    assert await changes(city) == [(5, "raised"), (100, "cleared")], "what was before is not counted for ever"

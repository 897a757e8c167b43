"""Another value for a time that is stored, another content for an event's id: who wins, and what is told of it."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from devices.conflicts import BURST, EVERY
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.models import Batch, Outcome, Raw, Repeat
from hub.repeats import outcome_of
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.batches import NOW, fetch
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

S = 1_000_000
SEED = """
insert into profile (code, name, metrics, on_conflict) values
    ('first', 'F', '{"v": {"name": "V"}}', 'first_wins'), ('last', 'L', '{"v": {"name": "V"}}', 'last_wins');
insert into device (code, name, profile_id) values ('f1', 'F1', 1), ('l1', 'L1', 2);
insert into device (code, name, profile_id, zone) values ('b1', 'B1', 1, 'Europe/Berlin');
insert into rule (code, name, profile_id, metric, direction, thresholds)
    values ('high', 'High', 2, 'v', 'above', '{"red": 100}');
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 4);
"""
VALUES = "select d.code, r.value from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
LETTERS = "select device, reason, payload from dead_letter order by received_at, device"
CHANGES = "select kind from alert_change order by seq"


@pytest.fixture
async def pool(store_url: str) -> AsyncIterator[Pool]:
    with psycopg.connect(store_url, autocommit=True) as conn:
        conn.execute(SEED.encode())
    async with open_pool(Database(url=store_url)) as opened:
        yield opened


class World:
    """A hub on a store, which may be killed."""

    def __init__(self, pool: Pool, hub: StagedHub) -> None:
        self._pool, self.hub = pool, hub
        self._received = NOW + 3600 * S

    async def take(self, *raws: Raw) -> Outcome:
        batch = self.hub.read(Batch(list(raws), now=max(raw.received for raw in raws)))
        await self.hub.take(batch)
        return outcome_of(batch)

    async def restart(self) -> None:
        self.hub = await StagedHub(self._pool).restore()

    async def close(self) -> None:
        """A desk ends the handling of the one alert."""
        async with self._pool.connection() as conn, conn.transaction():
            found = await (await conn.execute("select id from alert where handling = 'open'")).fetchall()
            results = await apply(conn, [Step(uuid4(), id_, "false_alarm", "desk") for (id_,) in found])
        assert [result.outcome for result in results] == ["applied"]
        await self.restart()

    def reading(self, device: str, value: float, second: int = 0, **more: Any) -> Raw:
        payload = f'{{"ts": {(NOW + second * S) // 1000}, "values": {{"v": {value!r}}}}}'
        return self._raw(device, "telemetry", payload, **more)

    def event(self, device: str, second: int | None, **content: Any) -> Raw:
        timed = {} if second is None else {"ts": (NOW + second * S) // 1000}
        return self._raw(device, "event", json.dumps({"id": "1", "kind": "smoke", **timed, **content}))

    def _raw(self, device: str, form: str, payload: str, **more: Any) -> Raw:
        self._received += S
        return raw_of("mqtt", f"ganzhi/v1/{device}/{form}", payload.encode(), self._received, **more)


@pytest.fixture
async def world(pool: Pool) -> World:
    return World(pool, await StagedHub(pool).restore())


def _told(outcome: Outcome) -> tuple[list[str], set[int], set[int]]:
    return [letter.reason for letter in outcome.refused.values()], set(outcome.repeated), set(outcome.conflicting)


def _reasons(url: str) -> Sequence[tuple[Any, ...]]:
    return fetch(url, "select device, reason from dead_letter order by 1, 2")


async def test_the_same_is_a_repeat_and_another_value_a_conflict(world: World, store_url: str) -> None:
    first, other = world.reading("f1", 1.0), world.reading("f1", 2.0)
    assert _told(await world.take(first)) == ([], set(), set())
    assert _told(await world.take(first)) == ([], {0}, set())
    assert _told(await world.take(world.reading("f1", 3.0, 5), other)) == (["conflicting"], set(), {1})
    assert fetch(store_url, f"{VALUES} order by 2") == [("f1", 1.0), ("f1", 3.0)]
    assert fetch(store_url, LETTERS) == [("f1", "conflicting", other.payload)]


async def test_of_two_in_one_batch_the_first_wins(world: World, store_url: str) -> None:
    one, same, other = (world.reading("f1", value) for value in (1.0, 1.0, 2.0))
    assert _told(await world.take(one, same, other)) == (["conflicting"], {1}, {2})
    assert fetch(store_url, VALUES) == [("f1", 1.0)]
    assert fetch(store_url, LETTERS) == [("f1", "conflicting", other.payload)]


async def test_not_a_number_equals_itself(world: World, store_url: str) -> None:
    first, again = (world._raw("f1", "telemetry", '{"ts": 1772323200000, "values": {"v": 1e999}}') for _ in range(2))
    await world.take(first)
    stored = fetch(store_url, VALUES)
    await world.take(again)
    assert fetch(store_url, VALUES) == stored
    assert "conflicting" not in {reason for _, reason in _reasons(store_url)}


async def test_a_conflict_that_comes_again_is_one_letter(world: World, store_url: str) -> None:
    raws = world.reading("f1", 1.0), world.reading("f1", 2.0)
    for raw in raws:
        await world.take(raw)
    for _ in range(2):
        await world.restart()
        again = [raw._replace(received=raw.received + 60 * S, repeated=Repeat.MARKED) for raw in raws]
        assert _told(await world.take(*again)) == (["conflicting"], {0}, {1})
    assert len(_reasons(store_url)) == 1
    assert fetch(store_url, "select reason, stored from dead_letter_count") == [("conflicting", 1)]


async def test_where_the_last_one_wins_it_replaces_and_the_rules_see_it(world: World, store_url: str) -> None:
    await world.take(world.reading("l1", 1.0, 0), world.reading("l1", 2.0, 10))
    outcome = await world.take(world.reading("l1", 120.0, 10))
    assert _told(outcome) == ([], set(), {0})
    assert fetch(store_url, f"{VALUES} order by r.ts") == [("l1", 1.0), ("l1", 120.0)]
    assert fetch(store_url, CHANGES) == [("raised",)]
    assert _reasons(store_url) == [("l1", "replaced")]
    assert fetch(store_url, "select value from reading_replaced") == [(2.0,)]
    await world.take(world.reading("l1", 3.0, 0))  # late: it corrects history
    assert fetch(store_url, f"{VALUES} order by r.ts") == [("l1", 3.0), ("l1", 120.0)]
    assert fetch(store_url, CHANGES) == [("raised",)]
    await world.restart()
    await world.take(world.reading("l1", 5.0, 10))
    assert fetch(store_url, CHANGES) == [("raised",), ("cleared",)]


async def test_of_two_in_one_batch_the_last_wins_and_the_rules_see_that_alone(world: World, store_url: str) -> None:
    one, other = world.reading("l1", 150.0), world.reading("l1", 2.0)
    assert _told(await world.take(one, other)) == ([], set(), {1})
    assert fetch(store_url, VALUES) == [("l1", 2.0)]
    assert fetch(store_url, CHANGES) == []
    assert fetch(store_url, "select value from reading_replaced") == [(150.0,)]
    await world.restart()
    assert _told(await world.take(one._replace(repeated=Repeat.MARKED))) == ([], {0}, set())
    assert fetch(store_url, VALUES) == [("l1", 2.0)]


async def test_what_was_replaced_and_is_delivered_again_changes_nothing(world: World, store_url: str) -> None:
    raws = [world.reading("l1", value) for value in (1.0, 2.0, 3.0)]
    for raw in raws:
        await world.take(raw)
    for restart in (False, True):
        if restart:
            await world.restart()
        for raw in raws:
            assert _told(await world.take(raw._replace(repeated=Repeat.MARKED))) == ([], {0}, set())
        assert fetch(store_url, VALUES) == [("l1", 3.0)]
    assert _reasons(store_url) == [("l1", "replaced"), ("l1", "replaced")]
    assert _told(await world.take(world.reading("l1", 1.0))) == ([], set(), {0})  # corrected back, on purpose
    assert fetch(store_url, VALUES) == [("l1", 1.0)]


async def test_the_newest_reading_is_the_one_that_won(world: World, pool: Pool, store_url: str) -> None:
    await world.take(world.reading("l1", 1.0))
    await world.hub.made.latest.flush(pool)
    await world.take(world.reading("l1", 2.0))
    assert fetch(store_url, "select value from latest") == [(2.0,)]
    await world.hub.made.latest.flush(pool)
    assert fetch(store_url, "select value from latest") == [(2.0,)]


@pytest.mark.parametrize("at", [0, 5], ids=["in order", "with a clock that is ahead"])
async def test_a_flush_between_a_correction_and_its_adoption_does_not_keep_what_it_replaced(
    world: World, pool: Pool, store_url: str, at: int
) -> None:
    await world.take(world.reading("l1", 1.0, at))
    batch = world.hub.read(Batch([world.reading("l1", 2.0, at)], now=NOW))
    await world.hub.writer.commit(batch)
    await world.hub.made.latest.flush(pool)  # what is in memory is what was replaced
    for stage in world.hub.stages:
        stage.adopt(batch)
    assert fetch(store_url, "select value from latest") == [(2.0,)]
    await world.hub.made.latest.flush(pool)
    await world.restart()
    assert fetch(store_url, "select value from latest") == [(2.0,)]
    await world.take(world.reading("l1", 3.0, at - 1))  # the one before: it is not the newest
    await world.take(world.reading("l1", 4.0, at - 1))
    await world.hub.made.latest.flush(pool)
    assert fetch(store_url, "select value from latest") == [(2.0,)]


async def test_in_a_compressed_chunk_too_and_the_rollups_follow(world: World, store_url: str, store_mode: str) -> None:
    await world.take(*(world.reading("l1", float(number), number) for number in range(30)))
    if store_mode == "timescaledb":
        with psycopg.connect(store_url, autocommit=True) as conn:
            conn.execute("call refresh_continuous_aggregate('reading_1m', null, null)")
        assert fetch(store_url, "select compress_chunk(c) from show_chunks('reading') c")
    assert fetch(store_url, "select n, max from reading_1m") == [(30, 29.0)]
    assert _told(await world.take(world.reading("l1", 7.0, 7), world.reading("l1", 99.0, 8))) == ([], {0}, {1})
    assert fetch(store_url, f"{VALUES} where r.value = 99 or r.value = 8") == [("l1", 99.0)]
    if store_mode == "timescaledb":
        with psycopg.connect(store_url, autocommit=True) as conn:
            conn.execute("call refresh_continuous_aggregate('reading_1m', null, null)")
    assert fetch(store_url, "select n, max from reading_1m") == [(30, 99.0)]


async def test_an_event_is_its_id_and_its_time(world: World, store_url: str) -> None:
    await world.take(world.event("f1", 0, state="active"))
    assert _told(await world.take(world.event("f1", 0, state="active"))) == ([], {0}, set())
    assert _told(await world.take(world.event("f1", 60, state="inactive"))) == ([], set(), set())
    assert fetch(store_url, "select state from event order by ts") == [("active",), ("inactive",)]
    assert fetch(store_url, CHANGES) == [("raised",), ("cleared",)]
    assert _told(await world.take(world.event("f1", 60, state="active"))) == (["conflicting"], set(), {0})
    assert fetch(store_url, CHANGES) == [("raised",), ("cleared",)]
    assert _reasons(store_url) == [("f1", "conflicting")]


async def test_an_id_without_a_time_is_a_repeat_for_a_minute_and_until_another_content(
    world: World, store_url: str
) -> None:
    first = world.event("f1", None, state="active")
    await world.take(first)
    assert _told(await world.take(first._replace(repeated=Repeat.MARKED))) == ([], {0}, set())
    assert _told(await world.take(world.event("f1", None, state="active"))) == ([], {0}, set())
    end, fire = (world.event("f1", None, state=state) for state in ("inactive", "active"))
    assert _told(await world.take(end)) == ([], set(), set())
    assert _told(await world.take(fire)) == ([], set(), set())
    await world.restart()
    for raw in (first, end, fire):  # after a kill
        assert _told(await world.take(raw._replace(repeated=Repeat.MARKED))) == ([], {0}, set())
    assert sorted(fetch(store_url, CHANGES)) == [("cleared",), ("raised",), ("raised",)]
    later = fire._replace(received=fire.received + 61 * S)
    assert _told(await world.take(later)) == ([], set(), set())
    assert fetch(store_url, "select count(*) from event") == [(4,)]


async def test_in_one_batch_too_an_id_without_a_time_is_a_repeat_until_another_content(
    world: World, store_url: str
) -> None:
    states = "active", "active", "inactive", "active", "active"
    raws = [world.event("f1", None, state=state, attributes={"n": 1}) for state in states]
    assert _told(await world.take(*raws)) == ([], {1, 4}, set())
    assert sorted(fetch(store_url, CHANGES)) == [("cleared",), ("raised",), ("raised",)]
    assert _told(await world.take(world.event("f1", None, state="active", attributes={"n": 1.0}))) == ([], {0}, set())


async def test_of_events_the_last_wins_where_the_profile_says_so(world: World, store_url: str) -> None:
    await world.take(world.event("l1", 0, state="inactive", attributes={"n": 1}))
    again = world.event("l1", 0, state="active", attributes={"n": 1.0})
    assert _told(await world.take(again)) == ([], set(), {0})
    assert fetch(store_url, "select state from event") == [("active",)]
    assert fetch(store_url, CHANGES) == [("raised",)]
    assert _told(await world.take(again)) == ([], {0}, set())
    assert _reasons(store_url) == [("l1", "replaced")]


async def test_a_message_that_is_refused_for_something_else_keeps_that_letter(world: World, store_url: str) -> None:
    await world.take(world.reading("f1", 1.0))
    bad = world._raw("f1", "telemetry", json.dumps({"ts": NOW // 1000, "values": {"v": 2.0, "other": 3}}))
    assert _told(await world.take(bad)) == (["unknown_metric"], set(), {0})


@pytest.mark.parametrize("what", ["reading", "event"])
async def test_correcting_to_and_fro_leaves_the_alert_as_it_is(world: World, store_url: str, what: str) -> None:
    for active in (True, False, True, False, True):
        if what == "reading":
            await world.take(world.reading("l1", 120.0 if active else 1.0))
        else:
            await world.take(world.event("l1", 0, state="active" if active else "inactive"))
    assert sorted(fetch(store_url, CHANGES)) == [("cleared",)] * 2 + [("raised",)] * 3
    assert fetch(store_url, "select count(*) from alert where cleared_at is null") == [(1,)]


async def test_of_local_times_in_the_hour_that_comes_twice_none_is_lost(world: World, store_url: str) -> None:
    payload, first = b'{"ts": "2026-10-25T02:30:00", "values": {"v": %d}}', 1_792_888_203_000_000
    raws = [
        raw_of("mqtt", "ganzhi/v1/b1/telemetry", payload % number, first + hours * 3600 * S)
        for number, hours in ((1, 0), (2, 1), (3, 30))
    ]
    outcomes = [_told(await world.take(raw))[0] for raw in raws]
    assert outcomes == [[], [], ["ambiguous_time"]]
    assert fetch(store_url, "select value, extract(hour from ts at time zone 'UTC')::int from reading order by ts") == [
        (1.0, 0),
        (2.0, 1),
    ]


async def test_a_corrected_event_is_an_onset_only_if_its_state_or_level_changed(world: World, store_url: str) -> None:
    await world.take(world.event("l1", 0, state="active", level="yellow", attributes={"n": 1}))
    await world.close()
    for content in ({"level": "yellow", "attributes": {"n": 2}}, {"level": "blue"}):
        assert _told(await world.take(world.event("l1", 0, state="active", **content))) == ([], set(), {0})
    assert fetch(store_url, "select level, attributes from event") == [(1, {})]
    assert fetch(store_url, CHANGES) == [("raised",), ("false_alarm",)]
    await world.take(world.event("l1", 0, state="active", level="orange"))
    assert sorted(fetch(store_url, CHANGES)) == [("cleared",), ("false_alarm",), ("raised",), ("raised",)]


async def test_a_correction_of_attributes_in_the_batch_of_its_event_does_not_hide_that(
    world: World, store_url: str
) -> None:
    await world.take(*(world.event("l1", 0, state="active", attributes={"n": number}) for number in (1, 2)))
    assert fetch(store_url, "select attributes from event") == [({"n": 2},)]
    assert fetch(store_url, CHANGES) == [("raised",)]


async def test_a_replaced_content_of_an_event_that_is_delivered_again_changes_nothing(
    world: World, store_url: str
) -> None:
    raws = [world.event("l1", 0, state=state, attributes={"v": 1.0}) for state in ("active", "inactive")]
    for raw in raws:
        await world.take(raw)
    changes = fetch(store_url, CHANGES)
    for repeated in (Repeat.MARKED, Repeat.POSSIBLE):
        again = [raw._replace(repeated=repeated) for raw in raws]
        assert _told(await world.take(again[0])) == ([], {0}, set())
        await world.restart()
        assert _told(await world.take(*again)) == ([], {0, 1}, set())
    assert fetch(store_url, "select state from event") == [("inactive",)]
    assert fetch(store_url, CHANGES) == changes == [("raised",), ("cleared",)]


async def test_of_events_in_one_batch_too_the_last_one_wins(world: World, store_url: str) -> None:
    raws = [world.event("l1", 0, state="active", attributes={"n": number}) for number in (1, 2, 1, 3)]
    assert _told(await world.take(*raws)) == ([], set(), {1, 2, 3})
    assert fetch(store_url, "select attributes from event") == [({"n": 3},)]
    again = [raw._replace(repeated=Repeat.MARKED) for raw in raws]
    assert _told(await world.take(*again)) == ([], {0, 1, 2, 3}, set())
    assert fetch(store_url, "select attributes from event") == [({"n": 3},)]


def _counted(patch: pytest.MonkeyPatch) -> list[object]:
    """The statements of all connections from now on."""
    executed: list[object] = []
    execute = psycopg.AsyncConnection.execute

    async def noted(conn: Any, query: Any, *values: Any, **options: Any) -> Any:
        executed.append(query)
        return await execute(conn, query, *values, **options)

    patch.setattr(psycopg.AsyncConnection, "execute", noted)
    return executed


async def test_events_that_come_again_cost_as_many_statements_as_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {}
    for number in (1, 50):
        raws = [world.event("f1", second, state="active") for second in range(number)]
        await world.take(*raws)
        with monkeypatch.context() as patch:
            executed = _counted(patch)
            outcome = await world.take(*(raw._replace(repeated=Repeat.MARKED) for raw in raws))
        assert outcome.repeated == set(range(number))
        counts[number] = len(executed)
    assert counts[50] == counts[1]


async def test_a_device_that_keeps_conflicting_leaves_the_letters_to_others(world: World, store_url: str) -> None:
    raws = [world.reading("f1", float(number), number // 10) for number in range(600)]
    outcome = await world.take(*raws)
    assert (len(outcome.refused), len(outcome.conflicting)) == (540, 540)
    stored = fetch(store_url, "select count(*) from dead_letter where reason = 'conflicting'")[0][0]
    assert BURST <= stored <= BURST + 600 * S // EVERY + 1  # it has sent one a second
    assert fetch(store_url, "select stored, dropped from dead_letter_count") == [(stored, 540 - stored)]
    assert fetch(store_url, "select count(*) from device_flood") == [(0,)]
    await world.take(world.reading("b1", 1.0), world.reading("b1", 2.0))
    assert _reasons(store_url)[0] == ("b1", "conflicting")
    more = [world.reading("f1", number + 0.5, 0) for number in range(BURST + 5)]
    await world.take(*(raw._replace(received=raw.received + 3600 * S) for raw in more))
    late = "select count(*) from dead_letter where convert_from(payload, 'UTF8') like '%.5}}'"
    assert fetch(store_url, late) == [(BURST + (BURST + 5) * S // EVERY,)]  # after a pause it has them again

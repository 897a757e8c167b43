"""What cameras repeat while it lasts: one event, one alert, one row, however often the process is killed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from analytics.rules.reception import Everything
from analytics.rules.slots import LONG_AGO
from hub.models import Batch, Micros, Raw, now_micros
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.origins import raw_of
from tests.support.staged_hub import StagedHub

S = 1_000_000
NOW: Micros = now_micros() // S * S - 600 * S
SEED = """
insert into profile (code, name, metrics, category) values ('camera', 'Camera', '{}', 'camera');
insert into device (code, name, profile_id, zone) values ('c1', 'Gate', 1, 'UTC'), ('c2', 'Yard', 1, 'UTC');
insert into rule (code, name, event_kind, event_level)
    values ('intrusion', 'I', 'intrusion', 2), ('smoke', 'S', 'smoke', 4), ('line', 'L', 'line_crossing', 1),
           ('other', 'O', 'other', 1);
"""


class Hears(Everything):
    """Everything is heard since a time, and decided."""

    def __init__(self, since: Micros | None) -> None:
        self._since = since

    def since(self) -> Micros | None:
        return self._since


class Camera:
    """What comes from cameras, to a hub that is killed and started again before each batch, if wanted."""

    def __init__(self, pool: Pool, killed: bool) -> None:
        self.pool, self.killed, self.staged = pool, killed, StagedHub(pool)
        self.since: Micros | None = LONG_AGO

    async def take(self, *raws: Raw, now: int = 0) -> Batch:
        if self.killed:
            self.staged = await StagedHub(self.pool).restore()
        self.staged.made.rules.reception = Hears(self.since)
        batch = Batch([*raws], now=max([raw.received for raw in raws], default=NOW + now * S))
        await self.staged.take(self.staged.read(batch))
        return batch

    async def passes(self, now: int) -> Batch:
        """A batch without messages, as a stage that is due asks for."""
        return await self.take(now=now)

    def due(self, now: int) -> float | None:
        [stage] = [each for each in self.staged.stages if type(each).__name__ == "Episodes"]
        self.staged.made.rules.reception = Hears(self.since)
        at = stage.due(NOW + now * S)
        return None if at is None else (at - NOW) / S

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            return await (await conn.execute(statement.encode())).fetchall()

    async def episodes(self) -> list[tuple[Any, ...]]:
        """Kind, begin and last in seconds, count, end, why."""
        seconds = "(extract(epoch from {}) - {})::int"
        began, last, ended = (seconds.format(name, NOW // S) for name in ("began_at", "last_at", "ended_at"))
        return await self.rows(
            f"select kind, {began}, {last}, count::int, {ended}, why from episode order by began_at, id"
        )

    async def events(self) -> list[tuple[str, int, str]]:
        """Kind, second, state."""
        ts = f"(extract(epoch from ts) - {NOW // S})::int"
        return await self.rows(f"select kind, {ts}, state from event order by ts, kind, state")

    async def changes(self) -> list[tuple[str, str]]:
        """Target and kind of each change."""
        return await self.rows(
            "select a.target, c.kind from alert_change c join alert a on a.id = c.alert_id order by c.cursor"
        )


def said(ts: int, state: str = "active", device: str = "c1", at: int | None = None, **more: object) -> Raw:
    body = {"ts": (NOW + ts * S) // 1000, "kind": "intrusion", "state": state, "continues": True, **more}
    return raw_of("mqtt", f"ganzhi/v1/{device}/event", json.dumps(body).encode(), NOW + (ts if at is None else at) * S)


@pytest.fixture(params=[False, True], ids=["goes on", "killed before each batch"])
async def camera(database: str, request: pytest.FixtureRequest) -> AsyncIterator[Camera]:
    async with open_pool(Database(url=database)) as pool:
        async with pool.connection() as conn:
            await conn.execute(SEED.encode())
        camera = Camera(pool, request.param)
        await camera.staged.restore()
        yield camera


async def test_what_is_repeated_is_one_event_and_neither_conflict_nor_letter(camera: Camera) -> None:
    """However it is cut, whatever comes again; what comes late is of the episode that it is of."""
    first = [said(at) for at in range(1, 6)]
    await camera.take(*first)
    await camera.take(*first, *(said(at) for at in range(6, 9)))
    await camera.take(said(4), said(12), said(9, at=12), said(10, part="gate"))
    await camera.take(said(13, "inactive"), said(11, at=13), *first)
    await camera.take(said(20), said(21), said(22, "inactive"), said(23), said(24))
    await camera.take(said(7, at=25), said(21, at=25), said(0, at=25))
    assert await camera.episodes() == [
        ("intrusion", 1, 12, 9, 13, "told"), ("intrusion", 10, 10, 1, 13, "told"), ("intrusion", 20, 21, 2, 22, "told"),
        ("intrusion", 23, 24, 2, None, None),
    ]  # fmt: skip
    told = [(0, "active"), (1, "active"), (10, "active"), (13, "inactive"), (20, "active"), (22, "inactive")]
    assert await camera.events() == [("intrusion", at, state) for at, state in [*told, (23, "active")]]
    assert await camera.changes() == [
        ("c1/intrusion", "raised"), ("c1/intrusion/gate", "raised"), ("c1/intrusion", "cleared"),
        ("c1/intrusion/gate", "cleared"), *(("c1/intrusion", kind) for kind in ("raised", "cleared", "raised")),
    ]  # fmt: skip
    assert await camera.rows("select reason from dead_letter") == []


async def test_a_lost_end_is_told_once_all_was_listened_to(camera: Camera) -> None:
    await camera.take(said(1), said(2), said(1, kind="smoke"), said(2, kind="smoke"))
    assert camera.due(30) == 62
    await camera.passes(61)
    assert await camera.events() == [("intrusion", 1, "active"), ("smoke", 1, "active")]
    camera.since = None
    await camera.passes(200)
    assert camera.due(200) == 201, "looked at again, and nothing is over while nothing is heard"
    camera.since = NOW + 300 * S
    assert camera.due(310) == 360, "an outage gives each its whole time again"
    await camera.passes(359)
    assert len(await camera.events()) == 2
    ended = await camera.passes(360)
    assert [event.state for event in ended.events] == ["inactive"], "of smoke nothing is said to be over"
    await camera.passes(361)
    assert camera.due(400) is None
    over = [(kind, 1, 2, 2, 360, "silent") for kind in ("intrusion", "smoke")]
    assert sorted(await camera.episodes()) == over
    assert await camera.rows("select attributes ->> 'ended' from event where state = 'inactive'") == [("silent",)]
    assert await camera.changes() == [
        ("c1/intrusion", "raised"), ("c1/smoke", "raised"), ("c1/intrusion", "cleared")
    ]  # fmt: skip
    await camera.take(said(400), said(400, kind="smoke"))
    assert len(await camera.changes()) == 4, "the smoke is one alert still"


async def test_what_gets_worse_within_a_second_or_is_said_late_is_an_event(camera: Camera) -> None:
    await camera.take(said(1, kind="smoke", level="blue"), said(3, kind="smoke", level="blue"))
    await camera.take(said(1, kind="smoke", level="orange", at=4))
    await camera.take(said(5, "inactive", kind="smoke"))
    for at in (6, 7):
        await camera.take(said(2, kind="smoke", level="red", at=at), said(3, kind="smoke", level="yellow", at=at))
    levels = await camera.rows("select level from event where state = 'active' order by received_at")
    assert levels == [(1,), (3,), (4,)]
    assert await camera.changes() == [("c1/smoke", kind) for kind in ("raised", "updated", "cleared")]
    assert await camera.rows("select level, count::int from episode") == [(4, 2)]


async def test_of_a_kind_with_many_meanings_none_hides_another(camera: Camera) -> None:
    """An end of one ends the alert at its place: what lasts there is told anew by its next repeat."""

    async def codes() -> list[tuple[str, int, str | None]]:
        return await camera.rows("select code, count::int, why from episode order by began_at")

    async def told() -> list[tuple[str, int, str]]:
        ts = f"(extract(epoch from ts) - {NOW // S})::int"
        return await camera.rows(f"select attributes ->> 'code', {ts}, state from event order by ts")

    await camera.take(said(1, kind="motion"), said(2, kind="explosion"), said(3, kind="motion"))
    await camera.take(said(4, kind="explosion"), said(5, kind="motion"))
    first = [("motion", 1, "active"), ("explosion", 2, "active")]
    assert (await codes(), await told()) == ([("motion", 3, None), ("explosion", 2, None)], first)
    await camera.take(said(6, "inactive", kind="motion"), said(7, kind="explosion"), said(8, kind="explosion"))
    await camera.take(said(4, kind="explosion", at=9), said(10, kind="motion"), said(40, kind="explosion"))
    second = [("motion", 6, "inactive"), ("explosion", 7, "active"), ("motion", 10, "active")]
    assert await told() == [*first, *second]
    await camera.passes(70)
    await camera.take(said(71, kind="explosion"))
    assert await told() == [*first, *second, ("motion", 70, "inactive"), ("explosion", 71, "active")]
    assert [(code, count) for code, count, _ in await codes()] == [
        ("motion", 3), ("explosion", 2), ("explosion", 3), ("motion", 1), ("explosion", 1)
    ]  # fmt: skip
    assert await camera.changes() == [
        ("c1/other", kind) for kind in ("raised", "cleared", "raised", "cleared", "raised")
    ]


async def test_a_slow_clock_hides_nothing_that_comes_after_a_lost_end(camera: Camera) -> None:
    """Its times are before those of the hub, and its end is told by its clock: what is new is newer than that."""
    slow = 300
    for kind in ("smoke", "intrusion"):
        await camera.take(said(-slow, kind=kind, at=0), said(5 - slow, kind=kind, at=5))
    assert [event.state for event in (await camera.passes(70)).events] == ["inactive"]
    ended = [(kind, -slow, 5 - slow, 2, 65 - slow, "silent") for kind in ("intrusion", "smoke")]
    assert sorted(await camera.episodes()) == ended
    for at in (120, 121):
        await camera.take(*(said(at - slow, kind=kind, at=at) for kind in ("smoke", "intrusion")))
    assert await camera.events() == [
        ("intrusion", -300, "active"), ("smoke", -300, "active"), ("intrusion", -235, "inactive"),
        ("intrusion", -180, "active"), ("smoke", -180, "active"),
    ]  # fmt: skip
    changes = await camera.changes()
    assert changes[2:] == [("c1/intrusion", "cleared"), ("c1/intrusion", "raised")], "the smoke is one alert still"


async def test_a_clock_that_was_set_back_hides_nothing_after_a_lost_end(camera: Camera) -> None:
    """What comes once the hub took it for over is of another time that it lasted, and what came before is not."""
    await camera.take(said(0, kind="smoke"), said(50, kind="smoke"))
    await camera.passes(120)
    await camera.take(said(20, kind="smoke", at=90))
    assert len(await camera.events()) == 1, "it came late, while it lasted"
    await camera.take(said(0, kind="smoke", at=130))
    assert len(await camera.episodes()) == 1, "the first was sent again"
    await camera.take(said(20, kind="smoke", at=130), said(21, kind="smoke", at=131))
    assert await camera.events() == [("smoke", 0, "active"), ("smoke", 20, "active")]
    assert await camera.episodes() == [("smoke", 0, 50, 2, 110, "silent"), ("smoke", 20, 21, 2, None, None)]
    await camera.take(said(11, kind="smoke", at=100), said(10, kind="smoke", at=132))
    assert [at for _, at, _ in await camera.events()] == [0, 10, 20], "of two from before it one came while it lasted"


async def test_what_has_no_end_of_its_own_lasts_while_it_is_said(camera: Camera) -> None:
    for start in range(0, 100, 20):
        await camera.take(*(said(at, kind="line_crossing", device="c2") for at in range(start, start + 20)))
    assert [at for _, at, _ in await camera.events()] == [0, 30, 60, 90]
    assert await camera.changes() == [("c2/line_crossing", "raised")]


async def test_what_a_standing_clock_says_after_an_end_that_nobody_told_is_an_alert_of_its_own(camera: Camera) -> None:
    await camera.take(said(0), said(2))
    await camera.passes(100)
    assert await camera.changes() == [("c1/intrusion", "raised"), ("c1/intrusion", "cleared")]
    await camera.take(said(3, at=120))
    assert [kind for _, kind in await camera.changes()] == ["raised", "cleared", "raised"]
    await camera.passes(300)
    assert [kind for _, kind in await camera.changes()] == ["raised", "cleared", "raised", "cleared"]
    await camera.take(said(4, "inactive", at=310), said(4, at=320))
    assert [kind for _, kind in await camera.changes()] == ["raised", "cleared", "raised", "cleared", "raised"]

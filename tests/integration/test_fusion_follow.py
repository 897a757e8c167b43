"""Fusion on a real store: incidents of findings, each once, whoever leads and however often it dies."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from analytics.fusion.follow import Follower
from analytics.rules.stored import read_past
from hub.alerts.alert import Step
from hub.models import AlertChange, now_micros
from hub.settings import Database
from hub.store.pool import connect, open_pool
from tests.support.alarms import Alarms

SEED = """
insert into device (code, name, profile_id, region, lon, lat, parent_id)
    select n.code, n.code, p.id, '330106001002', n.lon, n.lat, (select id from device where code = n.parent)
    from profile p, (values ('gw', 120.1, 30.2, null)) as n (code, lon, lat, parent);
insert into device (code, name, profile_id, region, lon, lat, parent_id)
    select n.code, n.code, p.id, '330106001002', n.lon, n.lat, (select id from device where code = n.parent)
    from profile p, (values
        ('smoke-1', 120.1000, 30.2000, null), ('cam-1', 120.1010, 30.2000, null), ('pole-1', 120.1005, 30.2005, null),
        ('far-1', 120.2000, 30.3000, null), ('lamp-1', 120.1001, 30.2001, null),
        ('child-1', null, null, 'gw'), ('child-2', null, null, 'gw'), ('child-3', null, null, 'gw'),
        ('child-4', null, null, 'gw')) as n (code, lon, lat, parent);
insert into rule (code, name, event_kind, event_level)
    select kind, kind, kind, 2 from unnest('{power_loss,offline,fault,fire,object_left}'::text[]) as kind
"""


class City(Alarms):
    url: str

    async def happens(
        self, device: str, kind: str, level: int = 2, alert: UUID | None = None, change: str = "raised", ago_s: int = 0
    ) -> UUID:
        alert = alert or uuid4()
        [(rule, id_)] = await self.run(
            "select r.id, d.id from rule r, device d where r.code = %(kind)s and d.code = %(device)s",
            kind=kind, device=device,
        )  # fmt: skip
        ts = now_micros() - ago_s * 1_000_000
        made = AlertChange(uuid4(), alert, change, ts, rule, f"{device}/{kind}", id_, None, level, f"{device} {kind}")
        [result] = await self.commit([made])
        assert result.outcome == "applied", result
        return alert

    async def measures(self, device: str, metric: str, ago_s: int = 0) -> UUID:
        """An orange alert of a metric that is high."""
        await self.run(
            """insert into rule (code, name, profile_id, metric, direction, thresholds)
               select %(metric)s, 'high', id, %(metric)s, 'above', '{"orange": 1}' from profile
               on conflict do nothing""",
            metric=metric,
        )
        [(rule, id_, series)] = await self.run(
            """with made as (insert into series (device_id, metric)
                   select id, %(metric)s from device where code = %(device)s returning id, device_id)
               select r.id, m.device_id, m.id from made m, rule r where r.code = %(metric)s""",
            metric=metric, device=device,
        )  # fmt: skip
        alert, ts = uuid4(), now_micros() - ago_s * 1_000_000
        made = AlertChange(
            uuid4(), alert, "raised", ts, rule, f"{device}/{metric}", id_, series, 2, f"{device} {metric}", 2.0, 1.0
        )
        [result] = await self.commit([made])
        assert result.outcome == "applied", result
        return alert

    async def follow(self, follower: Follower | None = None) -> None:
        async with await connect(self.url) as conn:
            await (follower or Follower()).work(conn)

    async def incidents(self) -> list[set[UUID]]:
        found = await self.run(
            """select array_agg(m.alert_id) from incident i join incident_member m on m.incident_id = i.id
               where m.separated_at is null and i.merged_into is null group by i.id, i.made_at order by i.made_at"""
        )
        return [set(alerts) for (alerts,) in found]

    async def level(self, alert: UUID) -> int:
        return int((await self.run("select level from alert where id = %(id)s", id=alert))[0][0])

    async def states(self, alert: UUID) -> list[str]:
        found = await self.run("select state from outbox where alert_id = %(id)s order by seq", id=alert)
        return [state for (state,) in found]


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    async with open_pool(Database(url=database)) as pool:
        made = City(pool)
        made.url = database
        await made.seed()
        for statement in SEED.split(";"):
            await made.run(statement)
        yield made


async def changes(city: City, alert: UUID) -> list[tuple[Any, ...]]:
    return await city.run("select kind, note from alert_change where alert_id = %(id)s order by seq", id=alert)


async def test_smoke_camera_and_pole_are_one_incident_and_its_leading_alert_is_red(city: City) -> None:
    await city.consumer("desk")
    smoke = await city.happens("smoke-1", "smoke", 3, ago_s=60)
    alone = await city.happens("far-1", "smoke", 3)
    await city.follow()
    assert await city.incidents() == [], "one source is no incident"
    camera = await city.happens("cam-1", "smoke", 2)
    await city.follow()
    assert await city.incidents() == [{smoke, camera}]
    assert await city.level(smoke) == 3, "two are an incident, three raise it"
    pole = await city.happens("pole-1", "power_loss")
    await city.follow()
    assert await city.incidents() == [{smoke, camera, pole}]
    assert [await city.level(each) for each in (smoke, camera, pole, alone)] == [4, 2, 2, 3]
    kinds = await changes(city, smoke)
    assert [kind for kind, _ in kinds] == ["raised", "joined", "updated"]
    assert kinds[-1][1] == "raised to red: confirmed by other sources within 200 m and 5 min"
    [(picture,)] = await city.run(
        "select picture ->> 'incident' from alert_change where alert_id = %(id)s and kind = 'updated'", id=smoke
    )
    assert await city.run("select id::text from incident") == [(picture,)]
    assert await city.states(smoke) == ["pending", "pending"], "who was told of it hears that it is red"
    assert await city.states(pole) == ["pending"], "a power loss is no consequence by this rule: it is evidence"


async def test_a_leader_that_dies_between_deciding_and_committing_repeats_nothing(city: City) -> None:
    alerts = {await city.happens("smoke-1", "smoke", 3), await city.happens("cam-1", "smoke")}
    alerts |= {await city.happens("pole-1", "power_loss")}
    async with city.pool.connection() as conn, conn.transaction(force_rollback=True):
        assert await Follower().follow(conn) == 3
    assert await city.incidents() == []
    follower = Follower()
    async with await connect(city.url) as conn:
        await conn.execute("alter table incident add constraint no check (false)")
        with pytest.raises(psycopg.errors.CheckViolation):
            await follower.work(conn)
        await conn.execute("alter table incident drop constraint no")
        await follower.work(conn)
    assert await city.incidents() == [alerts]
    before = await city.run("select count(*) from alert_change")
    await city.run("update fusion_position set cursor = 0")  # as after a restore of an older copy
    await asyncio.gather(*[city.follow() for _ in range(3)])
    assert await city.incidents() == [alerts]
    assert await city.run("select count(*) from alert_change") == before


async def test_whoever_leads_next_goes_on_where_the_last_one_was(city: City) -> None:
    smoke = await city.happens("smoke-1", "smoke", 3)
    await city.follow()
    camera = await city.happens("cam-1", "smoke")
    await city.follow()
    pole = await city.happens("pole-1", "power_loss")
    await city.follow()
    assert await city.incidents() == [{smoke, camera, pole}]
    assert await city.level(smoke) == 4


async def test_what_the_rule_says_goes_on_beside_what_fusion_holds(city: City) -> None:
    smoke = await city.happens("smoke-1", "smoke", 3)
    for device, kind in (("cam-1", "smoke"), ("pole-1", "power_loss")):
        await city.happens(device, kind)
    await city.commit([Step(uuid4(), smoke, "acknowledged", "desk")])
    await city.follow()
    assert await city.run("select level, handling from alert where id = %(id)s", id=smoke) == [(4, "open")]
    await city.happens("smoke-1", "smoke", 2, alert=smoke, change="updated")
    assert await city.level(smoke) == 4, "its own level falls, the incident is there"
    assert await city.run("select own_level, own_peak, floor from alert_fused") == [(2, 3, 4)]
    async with await connect(city.url) as conn:
        past = await read_past(conn, 900_000_000)
    [(level, peak)] = [(each.level, each.peak) for each in past.active.values() if each.id == smoke]
    assert (level, peak) == (2, 3), "the rules go on where they were, also after a restart"
    await city.happens("smoke-1", "smoke", 2, alert=smoke, change="cleared")
    assert await city.run("select level, cleared_at is null from alert where id = %(id)s", id=smoke) == [(4, False)]


async def test_what_hangs_on_one_gateway_and_is_silent_is_one_incident_and_later_ones_are_not_told(city: City) -> None:
    await city.consumer("desk")
    first = [await city.happens(f"child-{n}", "offline") for n in (1, 2)]
    await city.follow()
    assert await city.incidents() == [], "two of four, but fewer than three"
    first.append(await city.happens("child-3", "offline"))
    await city.follow()
    assert await city.incidents() == [set(first)]
    last, danger = await city.happens("child-4", "offline"), await city.happens("child-4", "fire")
    elsewhere = await city.happens("far-1", "offline")
    assert await city.states(last) == ["inhibited"]
    assert [await city.states(each) for each in (danger, elsewhere, first[0])] == [["pending"]] * 3
    await city.follow()
    assert await city.incidents() == [{*first, last}]


async def test_what_follows_from_a_fire_waits_and_danger_never_does(city: City) -> None:
    await city.consumer("desk")
    for device, kind in (("smoke-1", "smoke"), ("cam-1", "smoke")):
        await city.happens(device, kind, 3)
    await city.follow()
    near, far = await city.happens("lamp-1", "offline"), await city.happens("far-1", "fault")
    assert [await city.states(each) for each in (near, far)] == [["inhibited"], ["pending"]]
    fire = await city.happens("lamp-1", "fire", 3)
    await city.follow()
    assert await city.states(fire) == ["pending"]
    for lasting in await city.run("select id from alert where cleared_at is null and level > 2"):
        await city.commit(
            [Step(uuid4(), lasting[0], "acknowledged", "desk"), Step(uuid4(), lasting[0], "closed", "desk")]
        )
    await city.follow()
    found: Sequence[Any] = await city.run("select state from outbox where alert_id = %(id)s", id=near)
    assert found == [("inhibited",)], "until somebody looks (hub/alerts/release.py)"


async def test_what_a_person_takes_out_joins_none_again_and_false_alarms_are_no_evidence(city: City) -> None:
    smoke, camera = await city.happens("smoke-1", "smoke", 3), await city.happens("cam-1", "smoke")
    false = await city.happens("lamp-1", "smoke", 3)
    await city.commit([Step(uuid4(), false, "false_alarm", "desk", cause="cooking")])
    follower = Follower()
    async with await connect(city.url) as conn:
        await follower.work(conn)
        assert await city.incidents() == [{smoke, camera}]
        await city.run("update incident_member set separated_at = now() where alert_id = %(id)s", id=smoke)
        await city.commit([Step(uuid4(), smoke, "separated", "desk", "another fire")])
        pole = await city.happens("pole-1", "power_loss")
        await follower.work(conn)
    assert await city.incidents() == [{camera, pole}]
    assert await city.run("select lead from incident") == [(camera,)], "another one leads"
    await city.run("update fusion_position set cursor = 0")
    await city.follow()
    assert await city.incidents() == [{camera, pole}]


@pytest.mark.parametrize(("kind", "after"), [("power_loss", 2), ("smoke", 4)])
async def test_what_a_person_takes_out_is_no_longer_raised_but_danger_is(city: City, kind: str, after: int) -> None:
    await city.run(
        """update fusion_rule set anchors = '{}', sources = 2, raise_to = 4, raise_sources = 2
           where code = 'fire-evidence'"""
    )
    first = await city.happens("smoke-1", kind, ago_s=60)
    second = await city.happens("cam-1", kind)
    await city.follow()
    assert [await city.level(each) for each in (first, second)] == [4, 2]
    for _ in range(2):
        await city.run("update incident_member set separated_at = now() where alert_id = %(id)s", id=first)
        await city.commit([Step(uuid4(), first, "separated", "desk", "another one")])
        await city.follow()
        assert await city.level(first) == after
    assert sum(kind == "updated" for kind, _ in await changes(city, first)) == (2 if after == 2 else 1)


@pytest.mark.parametrize(
    ("kind", "after"), [("power_loss", 2), ("smoke", 4), ("measured pm10", 2), ("measured depth", 4)]
)
@pytest.mark.parametrize("how", ["false_alarm", "separated"])
async def test_what_has_lost_its_corroboration_says_so_and_what_is_no_danger_has_its_own_level(
    city: City, kind: str, after: int, how: str
) -> None:
    await city.run(
        """update fusion_rule set anchors = '{}', sources = 2, raise_to = 4, raise_sources = 2, metrics = '{pm10,depth}'
           where code = 'fire-evidence'"""
    )
    measured, metric = kind.startswith("measured"), kind.removeprefix("measured ")
    finds = partial(city.measures, metric=metric) if measured else partial(city.happens, kind=kind)
    first, other = await finds("smoke-1", ago_s=60), await finds("cam-1")
    await city.follow()
    assert [await city.level(each) for each in (first, other)] == [4, 2]
    if how == "separated":
        await city.run("update incident_member set separated_at = now() where alert_id = %(id)s", id=other)
    await city.commit([Step(uuid4(), other, how, "desk", "steam", cause="cooking" if how == "false_alarm" else None)])
    for _ in range(2):
        await city.run("update fusion_position set cursor = cursor - 1")  # a leader that died decides it again
        await city.follow()
        assert await city.level(first) == after
    told = await changes(city, first)
    assert [kind for kind, _ in told] == ["raised", "joined", "updated", "commented" if after == 4 else "updated"]
    assert "was raised to red because others confirmed it" in told[-1][1]
    await finds("pole-1")
    await city.follow()
    assert await city.level(first) == 4, "another one corroborates it"


async def raised_by_three(city: City) -> list[UUID]:
    await city.run("update fusion_rule set anchors = '{}' where code = 'fire-evidence'")
    found = [await city.happens(each, "power_loss", ago_s=60) for each in ("smoke-1", "cam-1", "pole-1")]
    await city.follow()
    assert [await city.level(each) for each in found] == [4, 2, 2]
    return found


async def test_a_verdict_that_is_taken_back_and_made_again_raises_and_lowers_each_time(city: City) -> None:
    first, other, _ = await raised_by_three(city)
    for _ in range(2):
        await city.commit([Step(uuid4(), other, "false_alarm", "desk", "works", cause="works")])
        await city.follow()
        assert await city.level(first) == 2
        await city.commit([Step(uuid4(), other, "reopened", "desk", "not so")])
        await city.follow()
        assert await city.level(first) == 4


async def test_a_verdict_that_comes_days_later_lowers_what_it_had_raised(city: City) -> None:
    """Nothing of the incident is remembered then; what it raised lasts still."""
    first, other, third = await raised_by_three(city)
    await city.run(
        "update alert set raised_at = raised_at - interval '3 days', opened_at = opened_at - interval '3 days'"
    )
    await city.commit([Step(uuid4(), third, "acknowledged", "desk", "seen")])
    await city.follow()
    assert await city.level(first) == 4, "all of them stand"
    await city.commit([Step(uuid4(), other, "false_alarm", "desk", "works", cause="works")])
    for _ in range(2):
        await city.run("update fusion_position set cursor = cursor - 1")  # a leader that died decides it again
        await city.follow()
        assert await city.level(first) == 2
    assert [kind for kind, _ in await changes(city, first)] == ["raised", "joined", "updated", "updated"]


async def test_a_verdict_on_an_incident_of_which_a_part_is_forgotten_counts_all_of_it(city: City) -> None:
    first, other, third = await raised_by_three(city)
    await city.run("update fusion_rule set raise_sources = 2")
    await city.run(
        """update alert set raised_at = raised_at - interval '3 days', opened_at = opened_at - interval '3 days'
           where id = %(id)s""",
        id=other,
    )
    follower = Follower()
    async with await connect(city.url) as conn:
        await city.commit([Step(uuid4(), first, "acknowledged", "desk", "seen")])
        await follower.work(conn)
        await city.commit([Step(uuid4(), third, "false_alarm", "desk", "works", cause="works")])
        await follower.work(conn)
    assert await city.level(first) == 4, "the one that nobody remembers confirms it still"


async def test_who_takes_over_after_a_verdict_raises_the_alert_that_leads_now(city: City) -> None:
    first, other, _ = await raised_by_three(city)
    await city.happens("lamp-1", "power_loss")
    for _ in range(3):
        await city.follow()  # also of what it has said itself
    await city.commit([Step(uuid4(), first, "false_alarm", "desk", "works", cause="works")])
    await city.follow()  # its memory is read anew, after the verdict
    assert await city.level(other) == 4, "three confirm each other still"
    assert await city.run("select lead from incident") == [(other,)]


async def test_a_verdict_on_what_a_rule_found_that_is_off_stops_nothing(city: City) -> None:
    first, other, _ = await raised_by_three(city)
    await city.run(
        """update fusion_rule set enabled = false where code = 'fire-evidence';
           insert into fusion_rule (code, name_en, name_zh, kinds, metrics, anchors, link, radius_m, within_s, sources,
                                    share, consequences)
           values ('more', 'More', 'More', '{power_loss}', '{}', '{}', 'near', 200, 300, 9, 0, '{}')"""
    )
    await city.commit([Step(uuid4(), other, "false_alarm", "desk", "works", cause="works")])
    await city.follow()
    assert await city.run("select max(c.cursor) = p.cursor from alert_change c, fusion_position p group by p.cursor")
    assert await city.level(first) == 4, "nothing knows what confirms it now"


async def test_two_incidents_that_turn_out_to_be_one_are_one(city: City) -> None:
    await city.run(
        """insert into device (code, name, profile_id, lon, lat)
           select 'row-' || n, 'row', p.id, 120.3 + n * 0.0015, 30.2 from profile p, generate_series(1, 5) n"""
    )
    ends = [await city.happens(f"row-{n}", "smoke") for n in (1, 2, 4, 5)]
    await city.follow()
    assert await city.incidents() == [set(ends[:2]), set(ends[2:])]
    middle = await city.happens("row-3", "fire")
    await city.follow()
    assert await city.incidents() == [{*ends, middle}]
    assert len(await city.run("select 1 from incident where merged_into is not null")) == 1
    assert [await city.level(each) for each in (ends[0], middle)] == [4, 2], "the first of equals leads"


@pytest.mark.parametrize(
    ("signal", "direction", "many"), [("value", "above", 1), ("value", "below", 0), ("gap", "above", 0)]
)
async def test_only_a_metric_that_is_high_has_found_something(
    city: City, signal: str, direction: str, many: int
) -> None:
    await city.run(
        """insert into rule (code, name, profile_id, metric, signal, direction, thresholds)
           select 'water', 'Water', id, 'level', %(signal)s, %(direction)s, '{"blue": 600}' from profile limit 1""",
        signal=signal, direction=direction,
    )  # fmt: skip
    alerts = [await city.happens(device, "water", 1) for device in ("smoke-1", "cam-1", "pole-1")]
    await city.run("insert into series (device_id, metric) select device_id, 'level' from alert")
    await city.run("update alert a set series_id = s.id from series s where s.device_id = a.device_id")
    await city.follow()
    assert len(await city.incidents()) == many
    assert [await city.level(each) for each in alerts].count(3) == many


async def test_a_clock_that_is_ahead_parts_nothing(city: City) -> None:
    alerts = {await city.happens("smoke-1", "smoke", 3, ago_s=-600), await city.happens("cam-1", "smoke")}
    await city.follow()
    assert await city.incidents() == [alerts]


async def test_what_is_said_now_goes_before_what_is_remembered(city: City) -> None:
    """One of an incident is found false and its lead is over, in one pass: later what lasts is raised."""
    async with await connect(city.url) as conn:
        follower = Follower()
        lead, false = await city.happens("smoke-1", "smoke", 3), await city.happens("cam-1", "smoke")
        await follower.work(conn)
        await city.commit([Step(uuid4(), false, "false_alarm", "desk")])
        await city.happens("smoke-1", "smoke", 3, alert=lead, change="cleared")
        await follower.work(conn)
        fire = await city.happens("lamp-1", "fire")
        await city.happens("pole-1", "power_loss")
        await follower.work(conn)
    assert [await city.level(each) for each in (lead, fire)] == [3, 4]


async def test_a_raise_that_is_refused_is_not_remembered(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await connect(city.url) as conn:
        follower = Follower()
        lead = await city.happens("smoke-1", "smoke", 3)
        await city.happens("cam-1", "smoke")
        await follower.work(conn)
        await city.happens("pole-1", "power_loss")
        real = follower._write

        async def late(*asked: Any) -> Any:
            await city.run("update alert set cleared_at = now() where id = %(id)s", id=lead)
            return await real(*asked)

        monkeypatch.setattr(follower, "_write", late)
        await follower.work(conn)
        assert follower._fusion is not None
        assert follower._fusion._raised == {}


async def test_a_position_that_was_moved_is_another_memory(city: City) -> None:
    alerts = {await city.happens("smoke-1", "smoke", 3), await city.happens("cam-1", "smoke")}
    async with await connect(city.url) as conn:
        follower = Follower()
        await follower.work(conn)
        before = follower._fusion
        await city.run("update fusion_position set cursor = 0")
        await follower.work(conn)
    assert follower._fusion is not before
    assert await city.incidents() == [alerts]

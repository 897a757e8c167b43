"""How cameras are, from every source together: states, their history, and the rates of a period."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from devices.camera_state.rates import Which, now, times
from devices.camera_state.states import begin_of, judge
from hub.store.pool import connect

T = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
"""Noon of China."""
NVR, ID = "34020000001180000001", "34020000001320000001"
SET_UP = f"""
insert into region (code, name, level) values ('330106000000', 'West', 'county') on conflict do nothing;
insert into profile (code, name, category, metrics)
    values ('cam', 'Camera', 'video', '{{}}'), ('lamp', 'L', 'lamp', '{{}}');
insert into device (code, name, profile_id, region) select c, c, 1, '330106000000'
    from unnest(array['nvr', 'alone', 'sip', 'isapi', 'never']) c;
insert into device (code, name, profile_id, parent_id) select c, c, 1, (select id from device where code = 'nvr')
    from unnest(array['ch1', 'ch2']) c;
insert into device (code, name, profile_id, state) values ('waits', '', 1, 'pending');
insert into device (code, name, profile_id) values ('lamp', '', 2);
insert into device_address (scheme, address, device_id) select 'gb28181', '{ID}', id from device where code = 'sip';
insert into device_health (device_id, online, since) select id, true, '2026-01-01' from device where code <> 'never';
update device_health set online = null where device_id = (select id from device where code = 'isapi');
insert into sip_registration (id, transport, host, port, expires_at, status)
    values ('{ID}', 'udp', 'h', 1, 'infinity', 'OK');
insert into camera_connection (device_id, kind, url, state, since) select id, 'isapi', 'http://h', 'up', '2026-01-01'
    from device where code = 'isapi';
"""


class Street:
    """Some cameras, judged at moments of the test."""

    def __init__(self, conn: psycopg.AsyncConnection) -> None:
        self.conn = conn
        self.at = T

    async def run(self, statement: str) -> list[Any]:
        found = await self.conn.execute(statement.encode())
        return await found.fetchall() if found.description else []

    async def after(self, seconds: float) -> dict[str, tuple[str, str | None]]:
        """So much later it is judged; the states then."""
        self.at += timedelta(seconds=seconds)
        await judge(self.conn, self.at)
        found = await self.run(
            "select d.code, s.state, s.why from camera_state s join device d on d.id = s.device_id where to_at is null"
        )
        return {code: (state, why) for code, state, why in found}


@asynccontextmanager
async def street(url: str) -> AsyncIterator[Street]:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SET_UP.encode())
    async with await connect(url) as conn:
        yield Street(conn)


def event(device: str, kind: str, state: str, second: int, part: str = "null") -> str:
    return f"""insert into event (id, device_id, ts, received_at, kind, state, attributes, part)
    select gen_random_uuid(), id, '{T}'::timestamptz + {second} * interval '1 s', now(), '{kind}', '{state}', '{{}}',
        {part}
    from device where code = '{device}'"""


SOUND = ("sound", None)


async def test_what_is_known_of_a_camera_makes_its_state(database: str) -> None:
    async with street(database) as city:
        found = await city.after(0)
        assert set(found) == {"alone", "sip", "isapi", "never", "ch1", "ch2"}, "no recorder, no pending one, no lamp"
        assert found.pop("never") == ("unknown", None)
        assert set(found.values()) == {SOUND}

        await city.run(event("ch1", "video_loss", "active", -9, "'directory'"))
        await city.run(event("ch1", "intrusion", "active", -9))
        await city.run(event("ch2", "tamper", "active", -9) + ";" + event("ch2", "tamper", "inactive", -8))
        await city.run(f"update sip_registration set status = 'ERROR' where id = '{ID}'")
        found = await city.after(60)
        assert (found["ch1"], found["ch2"]) == (("faulty", "video_loss"), SOUND)
        assert found["sip"] == ("faulty", "keepalive")
        await city.run(event("ch1", "video_loss", "inactive", -1, "'directory'"))
        await city.run(f"update sip_registration set status = 'OK', expires_at = '{city.at}' where id = '{ID}'")
        await city.run(f"update camera_connection set state = 'down', since = '{city.at}'")
        found = await city.after(60)
        assert (found["ch1"], found["isapi"]) == (SOUND, ("offline", "connection"))
        assert found["sip"] == ("offline", "registration")
        await city.run(
            "insert into device_seen (device_id, seen_at) select id, 'infinity' from device where code = 'sip'"
        )
        assert (await city.after(60))["sip"] == SOUND, "it is heard in another way"

        await city.run(
            "update device_health set online = false, cause = 'silence', since = now() "
            "where device_id = (select id from device where code = 'nvr')"
        )
        found = await city.after(60)
        assert (found["ch1"], found["ch2"]) == (("offline", "gateway"), ("offline", "gateway"))
        await city.run(
            f"insert into maintenance (device_id, from_at, to_at) select id, '{T}', '{T + timedelta(hours=1)}' "
            "from device where code = 'nvr'"
        )
        await city.run("update device set state = 'retired' where code = 'alone'")
        found = await city.after(60)
        assert (found["ch1"], found.get("alone")) == (("maintained", None), None)
        history = await city.run(
            "select state, extract(epoch from to_at - from_at)::int from camera_state "
            "where device_id = (select id from device where code = 'ch1') order by from_at"
        )
        assert history == [("sound", 60), ("faulty", 60), ("sound", 120), ("offline", 60), ("maintained", None)]
        await city.run("insert into viid_registration (id, host, agent) values ('33010000001190000009', 'h', '')")
        await city.run(
            "insert into device_address (scheme, address, device_id) "
            "select 'gat1400', '33010000001190000009', id from device where code = 'never'"
        )
        assert (await city.after(60))["never"] == SOUND, "a registration of GA/T 1400 is a way to be connected"
        await city.run("update device set state = 'retired' where code in ('ch1', 'ch2')")
        assert "nvr" not in await city.after(60), "a recorder without channels is no camera"


async def test_a_stream_that_is_up_shows_that_a_camera_is_there(database: str) -> None:
    """One that is down says nothing of a camera of which something else is known: of that a lost picture is a fault."""
    async with street(database) as city:
        rtsp = "insert into camera_connection (device_id, kind, url, state, since) select id, 'rtsp', 'rtsp://h', {} "
        for device in ("never", "ch1", "nvr"):
            state = "'up', now()" if device != "nvr" else "'down', now()"
            await city.run(rtsp.format(state) + f"from device where code = '{device}'")
        await city.run(
            "update device_health set online = case when device_id in (select id from device where code = 'nvr') "
            "then false end where device_id in (select id from device where code in ('nvr', 'ch1', 'ch2'))"
        )
        found = await city.after(60)
        assert (found["never"], found["ch1"], found["ch2"]) == (SOUND, SOUND, ("offline", "gateway"))
        await city.run("update camera_connection set state = 'down', since = now() where kind = 'rtsp'")
        found = await city.after(60)
        assert (found["never"], found["ch1"]) == (("offline", "connection"), ("offline", "gateway"))
        await city.run("update device_health set online = true")
        found = await city.after(60)
        assert (found["ch1"], found["ch2"]) == (SOUND, SOUND), "the directory says that it is there"


async def test_the_rates_of_a_period_are_the_times_of_its_states(database: str) -> None:
    """Days are told by totals, today by states; time in which the hub heard nothing is in no figure."""
    async with street(database) as city:
        await city.after(0)
        off = "update device_health set online = {} where device_id = (select id from device where code = 'alone')"
        await city.run(off.format("false"))
        for _ in range(20 * 12):  # over midnight, 3 November 16:00 UTC, and the next one
            await city.after(240)
        await city.run(off.format("true"))
        await city.after(240)
        await city.after(7200)  # the hub was away
        await city.after(240)
        at, days = city.at, (date(2026, 11, 3), date(2026, 11, 4))
        assert await city.run("select distinct day from camera_total order by 1") == [(days[0],), (days[1],)]
        clipped = """
            select state, round(sum(extract(epoch from least(coalesce(to_at, '{until}'), '{until}')
                                                       - greatest(from_at, '{since}'))))::bigint
            from camera_state where from_at < '{until}' and coalesce(to_at, '{until}') > '{since}' group by 1"""
        for first, last in (
            (days[0], days[1]),
            (days[0], days[0]),
            (days[1], days[1]),
            (date(2026, 1, 1), date(2027, 1, 1)),
        ):
            since, until = begin_of(first), min(begin_of(last + timedelta(days=1)), at)
            found = await times(city.conn, first, last, Which(), "none", 6)
            right = dict(await city.run(clipped.format(since=since, until=until)))
            told = {name: found.groups[""][name] for name in ("sound", "offline", "unknown")}
            assert told == {name: right.get(name, 0) for name in told}, (first, last)
            assert found.groups[""]["online"] == right["sound"]
            assert found.groups[""]["watched"] == sum(told.values())
            assert found.groups[""]["cameras"] == 6
        assert found.unheard_s == 7200
        assert found.until == at
        by = (await times(city.conn, *days, Which(), "platform", 6)).groups
        assert (set(by), by["nvr"]["cameras"]) == ({None, "nvr"}, 2)
        assert (await times(city.conn, *days, Which(platform="nvr"), "none", 6)).groups[""] == by["nvr"]
        assert {key: each["cameras"] for key, each in (await now(city.conn, Which(), "region", 6)).items()} == {
            None: 2, "330106": 4,
        }  # fmt: skip
        await city.run("delete from camera_total where day < '2026-11-04'")
        assert (await times(city.conn, *days, Which(), "none", 6)).first == days[1], "older ones are forgotten"


async def test_a_camera_that_changes_without_end_has_few_rows(database: str) -> None:
    async with street(database) as city:
        for turn in range(120):
            await city.run(
                f"update device_health set online = {turn % 2 == 0} "
                "where device_id = (select id from device where code = 'alone')"
            )
            await city.after(20)
        counted = (
            "select count(*)::int from camera_state where device_id = (select id from device where code = 'alone')"
        )
        assert await city.run(counted) == [(52,)], "fifty changes, then one in a quarter of an hour"
        await city.run("update device_health set online = false")
        for _ in range(4):
            found = await city.after(299)
        assert found["alone"][0] == "offline", "it is followed all the same"

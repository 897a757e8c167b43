"""A recorder of GB/T 28181 that is silent is one finding, and its channels are none; while it is there, they are."""

from datetime import UTC, datetime, timedelta

import psycopg

from devices.health.decision import Verdict, decide
from devices.health.presence import SQL as PRESENCE
from devices.health.presence_rows import read_watched, write_verdict
from hub.models import to_micros
from hub.store.pool import connect

T = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)
NVR, CHANNELS = "34020000001180000001", [f"3402000000132000000{n}" for n in range(3)]
SET_UP = f"""
insert into profile (code, name, category, metrics, interval_s) values ('cam', 'Camera', 'video', '{{}}', 60);
insert into device (code, name, profile_id) values ('{NVR}', '', 1);
insert into device (code, name, profile_id, parent_id)
    select c, '', 1, 1 from unnest(array{CHANNELS}) c;
insert into device_address (scheme, address, device_id) select 'gb28181', code, id from device;
insert into sip_registration (id, transport, host, port, expires_at) values ('{NVR}', 'udp', 'h', 1, 'infinity');
insert into device_status (device_id, online, at) select id, true, '{T}' from device;
insert into device_seen (device_id, seen_at) select id, '{T}' from device;
"""


async def verdict(conn: psycopg.AsyncConnection, seconds: float) -> dict[str, tuple[int, str | None, bool]]:
    """So much later: who is there, why not, and of whom it is told."""
    at = T + timedelta(seconds=seconds)
    watched = await read_watched(conn, at, 60.0)
    found: Verdict = decide(watched, to_micros(at), to_micros(T - timedelta(hours=1)), 30_000_000)
    await write_verdict(conn, watched, found, at)
    rows = await (await conn.execute(
        "select d.code, h.online::int, h.cause, h.finding from device_health h join device d on d.id = h.device_id"
    )).fetchall()  # fmt: skip
    return {code: (online, cause, finding) for code, online, cause, finding in rows}


async def test_a_recorder_that_is_silent_is_one_finding(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as set_up:
        set_up.execute(SET_UP.encode())
    async with await connect(database) as conn:
        assert set((await verdict(conn, 1)).values()) == {(1, None, False)}
        await conn.execute("update device_seen set seen_at = %s where device_id = 1", (T + timedelta(seconds=990),))
        found = await verdict(conn, 1000)
        assert set(found.values()) == {(1, None, False)}, "channels say nothing of themselves, and need not"
        found = await verdict(conn, 2000)
        assert found.pop(NVR) == (0, "silence", True)
        assert set(found.values()) == {(0, "gateway", False)}
        await conn.execute("update device_seen set seen_at = %s where device_id = 1", (T + timedelta(seconds=2001),))
        assert set((await verdict(conn, 2002)).values()) == {(1, None, False)}


async def test_a_channel_that_its_directory_calls_off_is_a_finding_of_its_own(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as set_up:
        set_up.execute(SET_UP.encode())
    async with await connect(database) as conn:
        await verdict(conn, 1)
        await conn.execute("update device_seen set seen_at = %s", (T + timedelta(seconds=10),))
        await conn.execute(
            "update device_status set online = false, at = %s where device_id = 2", (T + timedelta(seconds=10),)
        )
        await conn.execute("update device_seen set seen_at = %s where device_id = 1", (T + timedelta(seconds=60),))
        found = await verdict(conn, 61)
        assert found.pop(CHANNELS[0]) == (0, "status", True)
        assert set(found.values()) == {(1, None, False)}


async def test_a_recorder_whose_channels_are_all_off_is_one_finding(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as set_up:
        set_up.execute(SET_UP.encode())
    off = "update device_status set online = false, at = %s where device_id > 1"
    async with await connect(database) as conn:
        await verdict(conn, 1)
        await conn.execute("update device_health set told = true")
        await conn.execute(off, (T + timedelta(seconds=10),))
        await conn.execute("update device_seen set seen_at = %s where device_id = 1", (T + timedelta(seconds=60),))
        found = await verdict(conn, 61)
        assert found.pop(NVR) == (1, None, True)
        assert set(found.values()) == {(0, "gateway", False)}
        told = await (await conn.execute(PRESENCE.untold, {"limit": 9})).fetchall()
        assert [(code, finding, cause) for _, code, finding, _, cause, _ in told] == [(NVR, True, "channels")]
        await conn.execute(
            "update device_status set online = true, at = %s where device_id = 2", (T + timedelta(seconds=70),)
        )
        found = await verdict(conn, 71)
        assert (found.pop(NVR), found.pop(CHANNELS[0])) == ((1, None, False), (1, None, False))
        assert set(found.values()) == {(0, "status", True)}

"""How complete days are: by interval, capped, in the zone of the device, without maintenance; and the API of health."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from devices.health.completeness import count_completeness
from hub.models import Batch, Columns, to_micros
from hub.settings import Database
from hub.store.pool import Pool, connect, open_pool
from tests.support.batches import RAW
from tests.support.served_api import api_context, client_of
from tests.support.writers import Committer

ZONE = ZoneInfo("Asia/Shanghai")
SEED = """
insert into profile (code, name, interval_s, metrics) values
    ('air', 'Air', 600, '{"pm25": {}, "noise": {"interval_s": 3600}}'),
    ('smoke', 'Smoke', null, '{"battery": {}}');
insert into device (code, name, profile_id, created_at)
    select v.code, v.code, p.id, '2020-01-01'
    from (values ('full', 'air'), ('half', 'air'), ('worked', 'air'), ('event', 'smoke'), ('mute', 'air'))
        as v (code, profile) join profile p on p.code = v.profile;
"""


@pytest.fixture
def midnight() -> datetime:
    """The beginning of yesterday in the zone of the devices."""
    return datetime.combine(datetime.now(ZONE).date() - timedelta(days=1), datetime.min.time(), ZONE)


async def _store(pool: Pool, device: str, metric: str, times: list[datetime]) -> None:
    async with pool.connection() as conn:
        query = b"select s.id from series s join device d on d.id = s.device_id where d.code = %s and s.metric = %s"
        row = await (await conn.execute(query, (device, metric))).fetchone()
    assert row is not None
    ts = np.array([to_micros(at) for at in times], np.int64)
    size = len(ts)
    columns = Columns(ts, np.full(size, row[0], np.int32), np.zeros(size), np.zeros(size, np.int16))
    await Committer(pool).commit(Batch([RAW], columns))


def _every(start: datetime, seconds: int, count: int) -> list[datetime]:
    return [start + timedelta(seconds=seconds * number) for number in range(count)]


async def test_yesterday_is_what_came_of_what_was_expected(store_url: str, midnight: datetime) -> None:
    async with open_pool(Database(url=store_url)) as pool, await connect(store_url) as conn:
        await conn.execute(SEED.encode())
        await _store(pool, "full", "pm25", _every(midnight, 300, 288))  # twice as often as expected
        await _store(pool, "full", "noise", _every(midnight, 3600, 24))
        await _store(pool, "half", "pm25", _every(midnight, 600, 72))
        await _store(pool, "half", "noise", _every(midnight - timedelta(hours=10), 3600, 10))  # of the day before
        windows = [(0, 4), (2, 6), (30, 40)]  # overlapping; and today's, which is not yesterday's
        for begin, end in windows:
            await conn.execute(
                "insert into maintenance (device_id, from_at, to_at)"
                " select id, %s, %s from device where code = 'worked'",
                (midnight + timedelta(hours=begin), midnight + timedelta(hours=end)),
            )
        await _store(pool, "worked", "pm25", _every(midnight + timedelta(hours=6), 600, 108))
        await count_completeness(conn, keep_days=400)
        query = (
            "select code, expected, received, counted_at from completeness join device on id = device_id where day = %s"
        )
        rows = await (await conn.execute(query.encode(), (midnight.date(),))).fetchall()
        assert {code: (expected, received) for code, expected, received, _ in rows} == {
            "full": (168, 168),
            "half": (168, 72),
            "worked": (126, 108),
            "mute": (168, 0),
        }
        # Final an hour after its end: it is not counted again.
        await conn.execute("update completeness set counted_at = %s", (datetime.now(UTC) + timedelta(hours=1),))
        await _store(pool, "mute", "pm25", _every(midnight, 600, 10))
        await count_completeness(conn, keep_days=400)
        after = await (await conn.execute(query.encode(), (midnight.date(),))).fetchall()
        assert {row[0]: row[2] for row in after} == {"full": 168, "half": 72, "worked": 108, "mute": 0}
        today = await (await conn.execute(query.encode(), (midnight.date() + timedelta(days=1),))).fetchall()
        assert {row[0] for row in today} <= {"full", "half", "worked", "mute"}


async def test_health_of_a_device_over_http(database: str) -> None:
    async with await connect(database) as conn:
        await conn.execute(SEED.encode())
        for statement in (
            "insert into device_health (device_id, online, since, cause) select id, false, '2026-01-02', 'silence'",
            "insert into device_seen select id, '2026-01-01T23:00:00Z', -1.5",
            "insert into device_status select id, true, '2026-01-01'",
            "insert into device_online select id, '2026-01-01', true, null",
            "insert into device_online select id, '2026-01-02', false, 'silence'",
            "insert into completeness select id, '2026-01-01', 200, 150, now()",
        ):
            await conn.execute(f"{statement} from device where code = 'full'".encode())
        await conn.execute(
            "insert into device_health (device_id, online, since)"
            " select id, true, now() from device where code = 'half'"
        )
    async with api_context(database) as context, client_of(context) as client:
        told = (await client.get("/devices/full/health")).json()
        assert (told["online"], told["cause"], told["offline_after_s"]) == (False, "silence", 1800)
        assert (told["clock_offset_s"], told["says_online"], told["maintained"]) == (-1.5, True, False)
        assert [turn["online"] for turn in told["history"]] == [False, True]
        days = [{"day": str(date(2026, 1, 1)), "expected": 200, "received": 150, "rate": 0.75}]
        assert told["completeness"] == days
        never = (await client.get("/devices/event/health")).json()
        assert (never["online"], never["offline_after_s"], never["history"]) == (None, None, [])
        assert (await client.get("/devices/none/health")).status_code == 404
        counts = {item["profile"]: item for item in (await client.get("/health-summary")).json()["items"]}
        assert [counts["air"][key] for key in ("online", "offline", "unknown")] == [1, 1, 2]
        assert counts["smoke"]["unknown"] == 1

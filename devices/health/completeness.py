"""How much of what devices should have sent has come, by device and day (归集率)."""

from psycopg import AsyncConnection

from hub.store.statements import statements

SQL = statements(__name__)


EVERY_S = 3600.0


async def count_completeness(conn: AsyncConnection, keep_days: int) -> int:
    """Count today and, until final, yesterday per time zone, and delete old days. Returns device-days counted.

    A metric is expected at its own interval or its profile's, from the day on which its device was made, except while
    somebody works on the device; metrics without an interval are not expected. What came beyond it does not count.
    """
    counted = 0
    for zone, day, from_at, to_at in await (await conn.execute(SQL.completeness_due)).fetchall():
        values = {"zone": zone, "day": day, "from_at": from_at, "to_at": to_at}
        counted += (await conn.execute(SQL.completeness_count, values)).rowcount
    await conn.execute(SQL.health_expire, {"keep_days": keep_days})
    return counted

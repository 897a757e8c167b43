"""Device counts and health ratios by region, organisation or profile (在线率, 完好率, 归集率)."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from devices.places.regions import DIGITS
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

By = Literal["region", "organisation", "profile"]
EVERY_S = 15.0
RESTS = 30
"""A count rests so many times as long as it took: at most a thirtieth of one core of the database."""
WORTH_S = 0.2
"""What is counted within this is counted when it is asked for."""
FRESH_S = 300.0
"""A stored count that is older, and older than two rests, is not used: nobody counts any more."""


class Counts(NamedTuple):
    """Sums per `key` ('' where it is not set), and when they were counted (None: just now)."""

    rows: list[dict[str, Any]]
    at: datetime | None


def child_digits(region: str | None) -> int:
    """Number of digits in the codes one level below a division, given that division's significant digits."""
    given = len(region or "")
    return next((digits for digits in DIGITS.values() if digits > given), 12)


async def count_all(conn: AsyncConnection) -> float:
    """Recount all devices and store the result; returns the seconds to wait before the next recount."""
    began = time.monotonic()
    async with conn.transaction():
        await conn.execute(SQL.count_all)
        took_s = time.monotonic() - began
        await conn.execute(SQL.count_done, {"took_s": took_s})
    log.debug("the catalogue was counted in %.2f s", took_s)
    return max(EVERY_S, RESTS * took_s)


async def counts(
    conn: AsyncConnection, by: By, region: str | None, organisation: str | None, profiles: Sequence[int] | None
) -> Counts:
    """Counts of matching devices (region prefix, organisation, any of the profiles), ordered by key.

    Of a large fleet's counties and above they are those that were stored last, some minutes old at most.
    """
    digits = child_digits(region)
    wanted = {
        "by": by,
        "digits": digits,
        "region": region,
        "organisation": organisation,
        "profiles": None if profiles is None else list(profiles),
    }
    at = None
    if len(region or "") <= DIGITS["county"] and (by != "region" or digits <= DIGITS["county"]):
        stored = await _rows(conn, SQL.counted, {"worth_s": WORTH_S, "fresh_s": FRESH_S, "rests": RESTS})
        at = stored[0]["at"] if stored else None
    statement = SQL.counts_now if at is None else SQL.counts_stored
    return Counts(await _rows(conn, statement, wanted), at)


async def names(conn: AsyncConnection, by: By, keys: Sequence[str]) -> dict[str, str]:
    """Display names of count keys; keys without a name are omitted."""
    found = await _rows(conn, SQL.names, {"by": by, "keys": list(keys)})
    return {row["key"]: row["name"] for row in found if row["name"] is not None}


async def _rows(conn: AsyncConnection, statement: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Never prepared; see devices.catalogue.search."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), params, prepare=False)
        return await cursor.fetchall()

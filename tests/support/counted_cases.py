"""Counts of cases from the cases themselves, whatever is kept of them: what `counts` has to tell."""

from collections.abc import Collection

from psycopg import AsyncConnection

from hub.cases.indicators import COUNTS, SQL, Counts, Period, digits
from hub.cases.reach import Seen
from hub.cases.which import By, Which


async def counted(
    conn: AsyncConnection, period: Period, which: Which, by: By = "none", keys: Collection[str] | None = None
) -> dict[str | None, Counts]:
    """As `counts`, of the cases that have one of some keys, or of all."""
    seen = Seen(which, None if keys is None else tuple(keys))
    values = {**period.values, **seen.values, "by": by, "digits": digits(which, by)}
    found: dict[str | None, Counts] = {"": {}} if by == "none" else {}
    for key, *numbers in await (await conn.execute(SQL.counts.encode(), values)).fetchall():
        if any(numbers):
            found[key] = {what: int(n) for what, n in zip(COUNTS, numbers, strict=True) if n}
    return found

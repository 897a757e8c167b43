"""Reads what a superior platform is granted, as the directory that it is shown."""

from collections.abc import Iterable

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from api.forwarding.gb28181.platform import Superior
from devices.codecs.gb28181.telling import Directory, Shown
from hub.access.classification import OTHER_SERIES, SERIES, Level, level_named
from hub.store.statements import statements

SQL = statements(__name__)

_LENGTHS = (2, 4, 6)
"""Digits of a division: province, city, county."""


def granted(category: str | None, ceiling: str) -> bool:
    """Whether what devices of a category tell is below a ceiling."""
    return SERIES.get(category or "", OTHER_SERIES) <= level_named(ceiling)


async def directory(conn: AsyncConnection, superior: Superior) -> Directory:
    """Of one platform."""
    async with conn.cursor(row_factory=dict_row) as reader:
        await reader.execute(SQL.channels, {"target": superior.id})
        rows = [row for row in await reader.fetchall() if granted(row["category"], row["ceiling"])]
    ids = {row["channel"] for row in rows}
    parents = {row["gateway"] for row in rows} & ids
    channels = {row["channel"]: _shown(row, ids, parents) for row in rows}
    codes = {each.civil[:length] for each in channels.values() for length in _LENGTHS}
    return Directory(superior.number, await _names(conn, codes), channels)


def _shown(row: DictRow, ids: set[str], parents: set[str]) -> Shown:
    placed = level_named(row["ceiling"]) >= Level.L3 and row["lon"] is not None and row["lat"] is not None
    return Shown(
        row["channel"], row["name"], row["maker"], row["model"], row["owner"] or row["organisation"] or "",
        (row["region"] or row["channel"])[:6], row["gateway"] if row["gateway"] in ids else "",
        row["channel"] in parents, row["online"], row["lon"] if placed else None, row["lat"] if placed else None,
    )  # fmt: skip


async def _names(conn: AsyncConnection, codes: Iterable[str]) -> dict[str, str]:
    """Of divisions; one that has no name is called by its digits."""
    full = {code.ljust(12, "0"): code for code in codes}
    found = await (await conn.execute(SQL.divisions, {"codes": list(full)})).fetchall()
    return {code: code for code in full.values()} | {full[code]: name for code, name in found}

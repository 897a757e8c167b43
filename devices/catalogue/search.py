"""The catalogue (感知资源目录): paged search over a million devices, fast for any combination of filters.

Few matches come in the order of their codes: all of them are found by index and sorted, for each page. Many come in an
order that is stable and means nothing (`catalogue_spread`): devices are looked at in it until the page is full, which
takes the longer the fewer match. The first SAMPLE devices of that order are a fair sample, so they tell which it is;
both ways stay within some 30 ms then, and no estimate of how conditions go together is needed. A caller who may see few
devices has all of those looked at by the index of scopes, and sorted: in the order of catalogue_spread they lie as far
apart as the rest.

One statement that leaves the choice to PostgreSQL 18 was measured beside it, as CPU of the database for a page of a
million devices, the worst of each kind of `./run bench catalogue`: in the order of codes it takes up to 255 ms, as the
planner takes matches for spread evenly, and codes begin with the profile; in that of `catalogue_spread` 91 ms, but
1.3 to 1.5 s where conditions exclude each other (suspended and online; a profile that a city has none of), as it takes
them for independent. This module: 70 ms, and 19 to 220 ms for those.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from devices.places.regions import DIGITS, level_of
from hub.store.statements import statements

SQL = statements(__name__)

SAMPLE = 2_000
"""Devices looked at to learn how many match; 5 ms."""
NARROW = 12_000
"""Up to about so many matches all are found and sorted (30 ms); of a million devices, looking until a page of 100 is
full takes as long."""
FEW, FREQUENT = 200, 0.3
"""Of so many devices of the sample, the part that has a text of which the index is no help."""
MOST_AT_ONCE = 50_000
"""Devices looked at by one statement, 0.2 s: it ends before anybody minds, however few match by now."""
_RANGE = 2**32
_FACTOR = 2_654_435_761

Online = Literal["true", "false", "unknown"]


@dataclass(slots=True, frozen=True)
class Wanted:
    """Search filters; None means any value."""

    q: str | None = None
    """A part of the code or the name, without regard to case."""
    region: str | None = None
    """The first digits of the division code."""
    organisation: str | None = None
    profiles: Sequence[int] | None = None
    """Ids, any of them."""
    state: str | None = None
    parent: int | None = None
    """Id of the device it hangs on."""
    tag: str | None = None
    """`key`, or `key:value`, where 7 is the number as well as the text."""
    online: Online | None = None
    bbox: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees; its edges belong to it."""

    def params(self) -> dict[str, Any]:
        """The parameters of `catalogue_matches`."""
        values = asdict(self)
        key, given, text = (values.pop("tag") or "").partition(":")
        value: dict[str, Any] = {"tag_key": None, "tag_text": None, "tag_value": None}
        if given:
            value |= {"tag_text": Jsonb({key: text}), "tag_value": Jsonb({key: _plain(text)})}
        elif key:
            value["tag_key"] = key
        edges = dict(zip(("west", "south", "east", "north"), values.pop("bbox") or [None] * 4, strict=True))
        profiles = None if self.profiles is None else list(self.profiles)
        return {**values, **value, **edges, "profiles": profiles}


class Place(NamedTuple):
    """End of a page: the sort order of the list and the last row's position in it."""

    order: Literal["code", "spread"]
    after: str


class Found(NamedTuple):
    """Device ids of a page in order, and where the next page begins (None after the last page)."""

    ids: list[int]
    next: Place | None


class _Walked(NamedTuple):
    walked: int
    reached: int
    ids: list[int]


def subtree(region: str) -> str:
    """Common prefix of all division codes in a subtree: the code without the zeros of its lower levels."""
    return region[: DIGITS[level_of(region)]] if len(region) == 12 else region


async def search(conn: AsyncConnection, wanted: Wanted, place: Place | None, limit: int) -> Found:
    """The next matching devices after a position, at most `limit`."""
    async with conn.transaction():
        [tuned] = await _rows(conn, SQL.catalogue_tune, {})
        narrow = tuned["reach"] is not None and tuned["reach"] <= NARROW
        return await _search(conn, wanted, place, limit, narrow)


async def _search(conn: AsyncConnection, wanted: Wanted, place: Place | None, limit: int, narrow: bool) -> Found:
    """`narrow`: the caller may see no more than about NARROW devices."""
    sample = None
    if wanted == Wanted() or (place is None and narrow):
        return await _by_code(conn, wanted, place, limit, narrow)
    if place is None:
        sample = await _walk(conn, wanted, -1, SAMPLE)
        if sample.walked < SAMPLE or len(sample.ids) / (sample.reached + 1) * _RANGE <= NARROW:
            place = Place("code", "")
    if place is not None and place.order == "code":
        return await _by_code(conn, wanted, place, limit, narrow)
    return await _by_spread(conn, wanted, int(place.after) if place else -1, limit, sample)


async def _by_code(conn: AsyncConnection, wanted: Wanted, place: Place | None, limit: int, narrow: bool) -> Found:
    params = {"after": place.after if place else "", "limit": limit + 1}
    if wanted == Wanted():
        rows = await _rows(conn, SQL.catalogue_few if narrow else SQL.catalogue_all, params)
    else:
        by_grams = wanted.q is not None and not narrow and not await _frequent(conn, wanted.q)
        rows = await _rows(conn, SQL.catalogue_gather, {**wanted.params(), **params, "by_grams": by_grams})
    shown = rows[:limit]
    return Found([row["id"] for row in shown], Place("code", shown[-1]["code"]) if len(rows) > limit else None)


async def _frequent(conn: AsyncConnection, q: str) -> bool:
    """Whether a search text matches so many devices that its index does not pay.

    Measured at 600,000 devices, for a text that all of them have, one organisation, offline: 18 ms of CPU, with the
    index 86.
    """
    found = await _rows(conn, SQL.catalogue_frequent, {"q": q, "rows": FEW})
    return bool(found[0]["n"] > FREQUENT * FEW)


async def _by_spread(conn: AsyncConnection, wanted: Wanted, after: int, limit: int, sample: _Walked | None) -> Found:
    """Scan devices in order, somewhat more than a page at a time, until the page is full or none are left."""
    ids: list[int] = []
    walked, rows = 0, SAMPLE
    while True:
        part = sample or await _walk(conn, wanted, after, rows)
        sample = None
        ids += part.ids
        walked += part.walked
        if len(ids) > limit:
            return Found(ids[:limit], Place("spread", str(_spread(ids[limit - 1]))))
        if part.walked < rows:
            return Found(ids, None)
        after = part.reached
        missing = (limit + 1 - len(ids)) * walked / max(1, len(ids))
        rows = min(MOST_AT_ONCE, max(SAMPLE, round(1.2 * missing)))


async def _walk(conn: AsyncConnection, wanted: Wanted, after: int, rows: int) -> _Walked:
    found = await _rows(conn, SQL.catalogue_walk, {**wanted.params(), "after": after, "rows": rows})
    return _Walked(**found[0])


def _spread(device_id: int) -> int:
    """Python counterpart of the SQL function catalogue_spread."""
    return device_id * _FACTOR % _RANGE


def _plain(text: str) -> object:
    """Parse a tag value as JSON where it is a number, true, false or null; otherwise keep the text."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return text if isinstance(value, str | list | dict) else value


async def _rows(conn: AsyncConnection, statement: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Never prepared: a plan for any values would keep the conditions that do not apply, and use no index."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), params, prepare=False)
        return await cursor.fetchall()

"""Catalogue export: CSV for spreadsheets, GeoJSON (RFC 7946) for maps."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import asdict
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Response
from psycopg.rows import dict_row

from api.context import Context, Here
from api.contract_types import ExportCeiling
from api.exports import STALLED, Export, harmless_lines, note_export
from api.problems import ProblemError, responses
from api.routes.catalogue_filters import Filters
from devices.catalogue.search import Wanted
from hub.access.classification import Level, cut_row, level_named
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.inventory import EXPORTED
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["catalogue"])

ROWS = 500
"""Devices of one piece: 10 ms of work, so that other requests wait no longer."""
AT_ONCE = 2
"""Exports at a time: each holds a connection and a snapshot of the database while its reader reads."""
_running = asyncio.Semaphore(AT_ONCE)

Row = dict[str, Any]
Form = Literal["csv", "geojson"]
_MEDIA = {"csv": "text/csv; charset=utf-8", "geojson": "application/geo+json"}


@router.get(
    "/catalogue:export",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}, "application/geo+json": {}}},
        **responses(422, 503),
    },
)
@needs(Permission.DEVICES_READ)
async def export_catalogue(
    context: Here,
    caller: TheCaller,
    wanted: Filters,
    form: Annotated[Form, Query(alias="format", description="csv: UTF-8 with a byte order mark")] = "csv",
    ceiling: ExportCeiling = "core",
) -> Response:
    """Stream all matching devices, ordered by code, as one file."""
    if _running.locked():
        detail = f"{AT_ONCE} exports are running already; try again when one has ended"
        raise ProblemError(503, detail, headers={"Retry-After": "10"})
    await note_export(context, caller, "catalogue", {"format": form, "ceiling": ceiling, **asdict(wanted)})
    pieces = _pieces(context, wanted, form, level_named(ceiling))
    first = await anext(pieces)  # the database answers: from here on a failure cuts the file off

    disposition = f'attachment; filename="catalogue.{form}"'
    return Export(first, pieces, media_type=_MEDIA[form], headers={"Content-Disposition": disposition})


async def _pieces(context: Context, wanted: Wanted, form: Form, ceiling: Level) -> AsyncGenerator[bytes, None]:
    file = Csv() if form == "csv" else GeoJson()
    async with _running, context.pool.connection() as conn, conn.transaction():
        await conn.execute(f"set local idle_in_transaction_session_timeout = '{STALLED}'".encode())
        async with conn.cursor("catalogue_export", row_factory=dict_row) as cursor:
            await cursor.execute(SQL.catalogue_export.encode(), wanted.params())
            found = await cursor.fetchmany(ROWS)
            yield file.begin() + file.rows(_cut(found, ceiling))
            while found:
                found = await cursor.fetchmany(ROWS)
                yield file.rows(_cut(found, ceiling))
    yield file.end()


def _cut(found: Iterable[Row], ceiling: Level) -> list[Row]:
    return [cut_row(row, EXPORTED, ceiling) for row in found]


class Csv:
    """CSV with a header and a byte order mark, for Excel; text that looks like a formula gets an apostrophe."""

    _PLAIN: tuple[str, ...] = ("code", "name", "profile", "profile_name", "category", "organisation")
    _PLAIN += ("organisation_name", "region", "region_path", "lon", "lat", "parent", "tags", "state", "online")
    COLUMNS = (*_PLAIN, "online_since", "last_seen", "created_at")
    _AS_TEXT: dict[str, Callable[[Any], str]] = {  # noqa: RUF012 never changed
        "region_path": lambda names: "/".join(names or ()),
        "tags": lambda tags: msgspec.json.encode(tags).decode() if tags else "",
        "online": lambda online: "" if online is None else str(online).lower(),
        "online_since": lambda at: at.isoformat() if at else "",
        "last_seen": lambda at: at.isoformat() if at else "",
        "created_at": lambda at: at.isoformat(),
    }

    def begin(self) -> bytes:
        """The beginning of the file."""
        return "\ufeff".encode() + harmless_lines([self.COLUMNS])

    def rows(self, found: Iterable[Row]) -> bytes:
        """Format rows."""
        texts = [(name, self._AS_TEXT.get(name)) for name in self.COLUMNS]
        return harmless_lines([text(row[name]) if text else row[name] for name, text in texts] for row in found)

    def end(self) -> bytes:
        """The end of the file."""
        return b""


class GeoJson:
    """A FeatureCollection with a point per device, or null geometry."""

    def __init__(self) -> None:
        self._started = False

    def begin(self) -> bytes:
        """The beginning of the file."""
        return b'{"type":"FeatureCollection","features":['

    def rows(self, found: Iterable[Row]) -> bytes:
        """Format rows as features."""
        features = b",\n".join(msgspec.json.encode(_feature(row)) for row in found)
        between = b",\n" if self._started and features else b"\n" if features else b""
        self._started = self._started or bool(features)
        return between + features

    def end(self) -> bytes:
        """The end of the file."""
        return b"]}\n"


def _feature(row: Row) -> Row:
    lon, lat = row.pop("lon"), row.pop("lat")
    place = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": row["code"], "geometry": place, "properties": row}

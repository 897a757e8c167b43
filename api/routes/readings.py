"""Readings: raw, aggregated in buckets, and the latest of each series."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, Metric, RegionPrefix, Time, known
from api.cursors import Page, Paged
from api.dashboard import SQL as BOARD
from api.dashboard import LatestReading
from api.database import read, rows
from api.problems import ProblemError, not_found, responses
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["readings"])
Bucket = Literal["raw", "1m", "1h", "1d"]
_STATEMENTS: dict[Bucket, str] = {
    "raw": SQL.readings_raw,
    "1m": SQL.readings_1m,
    "1h": SQL.readings_1h,
    "1d": SQL.readings_1d,
}
_SPANS = {
    "raw": timedelta(hours=1),
    "1m": timedelta(days=1),
    "1h": timedelta(days=30),
    "1d": timedelta(days=365),
}


class ReadingRow(BaseModel):
    """A raw reading (value, quality), or a bucket that begins at ts (n, min, max, mean, last, flagged, flags).

    In a bucket n, min, max, mean and last are those of usable values; they are 0 and null where there is none.
    """

    ts: datetime
    value: float | None = None
    quality: int | None = Field(default=None, description="0 good, else flags added up; GET /quality-flags names them")
    n: int | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    last: float | None = None
    flagged: int | None = Field(default=None, description="readings that came but were left out: not usable")
    flags: int | None = Field(default=None, description="the flags that any reading of the bucket carries")


class ReadingPage(Page[ReadingRow]):
    """Readings of one series in the order of time."""

    device: str
    metric: str
    unit: str | None
    bucket: Bucket


@router.get("/readings", response_model=ReadingPage, response_model_exclude_unset=True, responses=responses(404, 422))
@needs(Permission.READINGS_READ)
async def list_readings(
    paging: Paged,
    context: Here,
    device: Annotated[Code, Query()],
    metric: Annotated[Metric, Query()],
    start: Annotated[
        Time | None,
        Query(alias="from", description="with a zone; left out: an hour ago (raw), a day, 30 days, a year"),
    ] = None,
    end: Annotated[Time | None, Query(alias="to", description="exclusive; left out: no end")] = None,
    bucket: Annotated[Bucket, Query(description="raw, or of a minute, an hour, a day (UTC)")] = "raw",
) -> Any:
    """Readings of one metric of one device."""
    async with context.pool.connection() as conn:
        series = await _series(conn, device, metric)
        wanted = {
            "series": series["id"],
            "from": start or datetime.now(UTC) - _SPANS[bucket],
            "to": end,
        }
        found = await rows(conn, _STATEMENTS[bucket], {**wanted, **paging.after({"ts": datetime})})
    page = paging.page(found, {"ts": datetime})
    return {**page, "device": device, "metric": metric, "unit": series["unit"], "bucket": bucket}


async def _series(conn: AsyncConnection, device: str, metric: str) -> dict[str, Any]:
    found = await rows(conn, SQL.series, {"device": device})
    if not found:
        raise not_found("device", device)
    for series in found:
        if series["metric"] == metric:
            return series
    names = [series["metric"] for series in found if series["metric"] is not None]
    raise ProblemError(404, known(f"metric of device {device}", metric, names))


@router.get("/latest", response_model=Page[LatestReading])
@needs(Permission.READINGS_READ)
async def list_latest(
    paging: Paged,
    context: Here,
    device: Annotated[Code | None, Query()] = None,
    profile: Annotated[Code | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
) -> Any:
    """The newest reading of each series; at most about a second behind what is stored."""
    keys = {"series_id": int}
    wanted = {"device": device, "profile": profile, "region": region}
    return paging.page(await read(context, BOARD.latest, {**wanted, **paging.after(keys)}), keys)

"""The dashboard's data: computed at most once a second, regardless of the number of readers."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from pydantic import BaseModel, Field

from api.context import Context
from api.database import read, row, rows
from hub.access.scope import Scope
from hub.store.rebuild import progress
from hub.store.statements import statements

SQL = statements(__name__)

BOARDS = 64
"""Kept, of as many scopes."""
SHORTEST_S, LONGEST_S = 0.95, 10.0
"""Between one glance at the database and the next."""


class Rates(BaseModel):
    """Rates of this process over about the last five seconds."""

    messages_per_s: float
    readings_per_s: float


class Totals(BaseModel):
    """Totals in the database."""

    devices: int
    series: int
    readings: int | None = Field(
        description="counted when quick, carried on by this process's commits in between; null: you see a part only"
    )
    readings_exact: bool = Field(description="false: too many to count, an estimate")
    dead_letters: int = Field(description="at most 100000")
    deliveries_pending: int


class ActiveAlerts(BaseModel):
    """Active alerts by level."""

    red: int
    orange: int
    yellow: int
    blue: int


class Rebuild(BaseModel):
    """Rollups being rebuilt after an upgrade; buckets are correct meanwhile, but slower."""

    percent: float = Field(description="of the time that they span")
    started_at: datetime | None = Field(description="null until a process does it")
    view: str | None = Field(description="the one that is being filled")


class Flood(BaseModel):
    """A device that sends more messages that cannot be used than any mistake explains."""

    device: str
    since: datetime
    last_at: datetime
    refused: int = Field(description="messages since it began")
    disabled_until: datetime | None = Field(description="its accounts at the broker are; null: the broker is not told")


class Process(BaseModel):
    """Counters of this process since its start."""

    uptime_s: float
    messages: int
    readings: int
    events: int
    refused: int
    dropped: int
    private: int = Field(description="fields, events and pictures that the privacy gate let go, and values masked")
    private_pictures: int = Field(description="pictures among these")
    commits: int


class LatestReading(BaseModel):
    """The newest reading of a series."""

    device: str
    device_name: str
    metric: str
    metric_name: str | None
    unit: str | None
    ts: datetime
    value: float
    quality: int = Field(description="0 good, else flags added up; GET /quality-flags names them")


class Status(BaseModel):
    """Status summary of the hub."""

    time: datetime
    rates: Rates | None = Field(description="null: you see a part only")
    totals: Totals | None = Field(description="null until the database has answered once")
    alerts: ActiveAlerts | None
    rebuild: Rebuild | None = Field(description="null when all rollups are complete")
    floods: list[Flood] = Field(description="of the last minute, or with a disabled account; at most 20")
    degraded_channels: list[str] = Field(description="consumers whose channels do not work (docs/CHANNELS.md)")
    path_broken: str | None = Field(description="behind which link no reading gets through; null: it is whole")
    process: Process | None = Field(description="null: you see a part only")
    not_ready: list[str] = Field(description="reasons; empty when all is well")
    warnings: list[str] = Field(description="what keeps nothing from working, and must be mended: a clock that is off")
    latest: list[LatestReading]


@dataclass(slots=True, frozen=True)
class Snapshot:
    """A status with its JSON, encoded once for all readers."""

    status: Status
    encoded: bytes


@dataclass(slots=True)
class _Stored:
    """Number of stored readings: last count, and this process's counter at that time."""

    n: int = 0
    tally: int = 0
    exact: bool = False
    due: float = 0.0


@dataclass(slots=True)
class _Seen:
    """The last values read from the database."""

    totals: Totals | None = None
    alerts: ActiveAlerts | None = None
    rebuild: Rebuild | None = None
    latest: list[LatestReading] = field(default_factory=list)
    floods: list[Flood] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    """Alerts of the hub's own about its channels and the path of alerts: kind, and where."""


class Dashboard:
    """Caches the status; queries the database once it is a second old, up to LONGEST_S later when that is slow."""

    def __init__(self, context: Context) -> None:
        self._context, self._whole = context, context.scope.everywhere
        self._busy = asyncio.Lock()
        self._snapshot: Snapshot | None = None
        self._due = 0.0
        self._stored = _Stored()
        self._seen = _Seen()

    async def current(self) -> Snapshot:
        """The status, about a second old where the database is quick; its values may be stale while it is down."""
        async with self._busy:
            now = time.monotonic()
            if self._snapshot is None or now >= self._due:
                self._snapshot = await self._look()
                # A glance may take a tenth of the database's time. One that waited for a store that was away took none
                # of it, and must not stand for ten times as long as that once it is back.
                ended = time.monotonic()
                self._due = ended + min(LONGEST_S, max(SHORTEST_S, 9 * (ended - now)))
            return self._snapshot

    async def _look(self) -> Snapshot:
        reasons = list(self._context.ready())
        try:
            await self._ask()
        except (psycopg.Error, OSError):
            reasons.append("the database cannot be reached")
        status = Status(
            time=datetime.now(UTC),
            rates=self._rates() if self._whole else None,
            totals=self._seen.totals,
            alerts=self._seen.alerts,
            rebuild=self._seen.rebuild,
            floods=self._seen.floods,
            degraded_channels=[where for kind, where in self._seen.troubles if kind == "channel_degraded"],
            path_broken=next((where for kind, where in self._seen.troubles if kind == "path_broken"), None),
            process=self._process() if self._whole else None,
            not_ready=reasons,
            warnings=[warning] if (warning := self._context.counters.clock_warning) else [],
            latest=self._seen.latest,
        )
        return Snapshot(status, status.model_dump_json().encode())

    def _rates(self) -> Rates:
        messages, readings = self._context.counters.rates()
        return Rates(messages_per_s=round(messages, 1), readings_per_s=round(readings, 1))

    def _process(self) -> Process:
        counters = self._context.counters
        return Process(
            uptime_s=round(time.monotonic() - counters.started, 1),
            messages=counters.messages,
            readings=counters.readings,
            events=counters.events,
            refused=counters.refused,
            dropped=counters.dropped,
            private=counters.private,
            private_pictures=counters.private_pictures,
            commits=counters.commits,
        )

    async def _ask(self) -> None:
        if self._whole and time.monotonic() >= self._stored.due:
            await self._count()
        async with self._context.pool.connection() as conn:
            found = await row(conn, SQL.status) or {}
            latest = await rows(conn, SQL.status_latest)
            rebuild = await progress(conn)
            tells = self._context.settings.mqtt.access != "none"
            floods = await rows(conn, SQL.status_floods, {"tells": tells})
            troubles = await rows(conn, SQL.status_troubles)
        since = max(0, self._context.counters.readings - self._stored.tally)
        self._seen.totals = Totals(
            readings=self._stored.n + since if self._whole else None,
            readings_exact=self._stored.exact,
            **_part(Totals, found),
        )
        self._seen.alerts = ActiveAlerts(**_part(ActiveAlerts, found))
        self._seen.rebuild = None if rebuild is None else Rebuild(**rebuild._asdict())
        self._seen.floods = [Flood(**item) for item in floods]
        self._seen.troubles = [(each["kind"], each["place"]) for each in troubles]
        self._seen.latest = [LatestReading(**item) for item in latest]

    async def _count(self) -> None:
        """Count the stored readings, or estimate if that takes over 3 s; repeated after fifty times as long."""
        began, tally, exact = time.monotonic(), self._context.counters.readings, True
        try:
            async with self._context.pool.connection() as conn, conn.transaction():
                await conn.execute("set local statement_timeout = 3000")
                found = await row(conn, SQL.readings_count)
        except psycopg.errors.QueryCanceled:
            exact = False
            found = (await read(self._context, SQL.readings_estimate))[0]
        now = time.monotonic()
        self._stored = _Stored(found["n"] if found else 0, tally, exact, now + max(5.0, 50 * (now - began)))


class Boards:
    """A dashboard for each scope that is asked for."""

    def __init__(self) -> None:
        self._boards: dict[Scope, Dashboard] = {}

    def of(self, context: Context) -> Dashboard:
        """The dashboard of what a request may see; those that were asked for the longest time ago are forgotten."""
        board = self._boards.pop(context.scope, None) or Dashboard(context)
        self._boards[context.scope] = board
        if len(self._boards) > BOARDS:
            del self._boards[next(iter(self._boards))]
        return board


def _part(model: type[BaseModel], found: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in found.items() if name in model.model_fields}

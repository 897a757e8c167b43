"""Connections as the store has them: which cameras are asked, with their logins opened, and how each does."""

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from devices.cameras.camera_url import BadUrlError, CameraUrl, Login, parse_url, read_sealed, whole
from hub.secrets.login_place import login_place
from hub.secrets.sealed import Secrets, SecretUnreadable
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import Sentence, written
from ingest.cameras.standing import Standing

SQL = statements(__name__)
log = logging.getLogger(__name__)

TABLE, COLUMN = "camera_connection", "login"


class Wanted(NamedTuple):
    """A connection that is to be kept."""

    device: str
    kind: str
    url: str
    login: str | None
    """Sealed."""
    changed_at: datetime
    channels: tuple[str, ...]
    """Channels that are registered as devices of their own."""
    number: str
    """Of a view library: its 20 digits."""
    analysis: Mapping[str, Any] | None = None
    """Of its video: what is looked for."""
    zone: str = ""
    """Of its clock, by which windows of time hold; "": not known, and they always do."""

    @property
    def key(self) -> tuple[str, str]:
        """By which it is known."""
        return self.device, self.kind

    def same(self, other: "Wanted") -> bool:
        """Whether it is called as before."""
        return (self.url, self.login, self.changed_at, self.zone) == (
            other.url, other.login, other.changed_at, other.zone,
        )  # fmt: skip

    def opened(self, secrets: Secrets) -> tuple[CameraUrl, Login | None]:
        """Where it is called, and by which login. BadUrlError, SecretUnreadable."""
        url, _ = parse_url(self.kind, self.url)
        if self.login is None:
            return url, None
        place = login_place(f"{self.device}/{self.kind}", self.url, COLUMN, TABLE)
        sealed = read_sealed(secrets.open(place, self.login))
        return whole(url, sealed.hidden), sealed.login


async def wanted(pool: Pool, kinds: list[str]) -> list[Wanted]:
    """All of some kinds that are switched on and are asked for events. StoreUnavailable."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(SQL.wanted, {"kinds": kinds})).fetchall()
    return [
        Wanted(device, kind, url, login, at, tuple(channels), number, analysis, zone)
        for device, kind, url, login, at, channels, number, analysis, zone in rows
    ]


async def note(pool: Pool, standings: Iterable[tuple[Wanted, Standing]]) -> None:
    """Write how connections do. StoreUnavailable."""
    rows = [
        {
            "device": each.device, "kind": each.kind, "changed_at": each.changed_at, "state": standing.state,
            "since": _at(standing.since), "heard_at": _at(standing.heard_at),
            "error": None if standing.error is None else str(standing.error),
            "words": None if standing.error is None else Jsonb(written(standing.error)),
        }
        for each, standing in standings
    ]  # fmt: skip
    if rows:
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction(), conn.cursor() as cursor:
                await cursor.executemany(SQL.note, rows)


class Lasting(NamedTuple):
    """What the analysis of video has found at a device, and is not over."""

    device: str
    kind: str
    """Of the event."""
    code: str
    zone: str | None


async def lasting(pool: Pool, devices: list[str]) -> list[Lasting]:
    """Of some devices, by code. StoreUnavailable."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(SQL.lasting, {"devices": devices})).fetchall()
    return [Lasting(*row) for row in rows]


async def left(pool: Pool) -> list[Lasting]:
    """Of devices in use whose video is not looked at steadily any more. StoreUnavailable."""
    with sorted_errors():
        async with pool.connection() as conn:
            rows = await (await conn.execute(SQL.left)).fetchall()
    return [Lasting(*row) for row in rows]


async def note_figures(pool: Pool, figures: Mapping[str, Mapping[str, object]]) -> None:
    """Write how the video of devices is read, by code. StoreUnavailable."""
    rows = [{"device": device, "figures": Jsonb(dict(told))} for device, told in figures.items()]
    if rows:
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction(), conn.cursor() as cursor:
                await cursor.executemany(SQL.note_figures, rows)


def unreadable(error: SecretUnreadable | BadUrlError) -> Sentence:
    """Why a connection cannot be used."""
    return error.sentence


def _at(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None

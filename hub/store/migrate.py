"""Schema migration; idempotent, and safe to run concurrently."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import psycopg

from hub.errors import ConfigError
from hub.store.grants import grant
from hub.store.pool import connect, lasting_errors

_LEDGER = """
create table if not exists schema_migration (
    version int primary key, name text not null, mode text not null, applied_at timestamptz not null default now()
)"""


class Migration(NamedTuple):
    version: int
    name: str
    text: str


def migrations(mode: str) -> list[Migration]:
    """The migrations of a storage mode in order: files named `NNNN_name.sql` or `NNNN_name.<mode>.sql`."""
    return sorted(Migration(version, name, file.read_text(encoding="utf-8")) for version, name, file in _files(mode))


def versions(mode: str) -> set[int]:
    """Those of the migrations of a storage mode; none is read."""
    return {version for version, _, _ in _files(mode)}


def _files(mode: str) -> Iterator[tuple[int, str, Traversable]]:
    for file in (files("hub.store") / "migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)(?:\.(\w+))?\.sql", file.name)
        if match and match[3] in (None, mode):
            yield int(match[1]), match[2], file


async def migrate(url: str, mode: str = "auto", hub_role: str | None = None) -> str:
    """Apply pending migrations as the owner of the tables, each in its own transaction; returns the storage mode.

    `auto` takes TimescaleDB where the server offers it; a database keeps the mode it was made with. `hub_role` is the
    role that hubs work as: it gets the rights that they need, and none to change the audit.
    Raises ConfigError when the wanted mode is not possible, the schema is newer, or the role may not change it;
    StoreUnavailable when the server is away.
    """
    with lasting_errors():
        async with await connect(url) as conn:
            await conn.execute("select pg_advisory_lock(hashtext('ganzhi.migrate'))")
            await conn.execute(_LEDGER)
            rows = await (await conn.execute("select version, mode from schema_migration")).fetchall()
            done = {version for version, _ in rows}
            made_with = next((row[1] for row in rows), None)
            mode = await _choose_mode(conn, mode, made_with)
            check_not_newer(done, versions(mode))
            for step in migrations(mode):
                if step.version not in done:
                    async with conn.transaction():
                        await conn.execute(step.text.encode())
                        await conn.execute(
                            "insert into schema_migration (version, name, mode) values (%s, %s, %s)",
                            (step.version, step.name, mode),
                        )
            if hub_role is not None:
                await grant(conn, hub_role)
            return mode


async def _choose_mode(conn: psycopg.AsyncConnection, wanted: str, made_with: str | None) -> str:
    if made_with is not None:
        if wanted not in ("auto", made_with):
            raise ConfigError(f"database.mode is {wanted}, but this database was made with {made_with}")
        return made_with
    query = "select 1 from pg_available_extensions where name = 'timescaledb'"
    offered = await (await conn.execute(query)).fetchone() is not None
    query = "select 1 from pg_settings where name = 'timescaledb.disable_load'"  # as in schema.sql
    ready = offered and await (await conn.execute(query)).fetchone() is not None
    if wanted == "timescaledb" and not ready:
        missing = "is not in shared_preload_libraries" if offered else "is not installed on the server"
        raise ConfigError(f"database.mode is timescaledb, but the extension {missing}")
    if wanted == "postgresql" or not ready:
        return "postgresql"
    await conn.execute("create extension if not exists timescaledb")
    return "timescaledb"


def check_not_newer(done: set[int], known: set[int]) -> None:
    """Raise ConfigError when a database has migrations that this version does not know: it would write wrong rows."""
    if newer := done - known:
        raise ConfigError(
            f"the database's schema is newer ({max(newer):04d}) than this version of Ganzhi knows ({max(known):04d}): "
            "install the version that migrated it, or a newer one"
        )

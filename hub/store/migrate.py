"""Schema migration; idempotent, and safe to run concurrently."""

import re
from importlib.resources import files
from typing import NamedTuple

import psycopg

from hub.errors import ConfigError
from hub.store.pool import connect, sorted_errors

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
    found = []
    for file in (files("hub.store") / "migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)(?:\.(\w+))?\.sql", file.name)
        if match and match[3] in (None, mode):
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found)


async def migrate(url: str, mode: str = "auto") -> str:
    """Apply pending migrations, each in its own transaction; returns the storage mode.

    `auto` takes TimescaleDB where the server offers it; a database keeps the mode it was made with.
    Raises ConfigError when the wanted mode is not possible, StoreUnavailable when the server is away.
    """
    with sorted_errors():
        async with await connect(url) as conn:
            await conn.execute("select pg_advisory_lock(hashtext('ganzhi.migrate'))")
            await conn.execute(_LEDGER)
            rows = await (await conn.execute("select version, mode from schema_migration")).fetchall()
            done = {version for version, _ in rows}
            made_with = next((row[1] for row in rows), None)
            mode = await _choose_mode(conn, mode, made_with)
            for step in migrations(mode):
                if step.version not in done:
                    async with conn.transaction():
                        await conn.execute(step.text.encode())
                        await conn.execute(
                            "insert into schema_migration (version, name, mode) values (%s, %s, %s)",
                            (step.version, step.name, mode),
                        )
            return mode


async def _choose_mode(conn: psycopg.AsyncConnection, wanted: str, made_with: str | None) -> str:
    if made_with is not None:
        if wanted not in ("auto", made_with):
            raise ConfigError(f"database.mode is {wanted}, but this database was made with {made_with}")
        return made_with
    query = "select 1 from pg_available_extensions where name = 'timescaledb'"
    offered = await (await conn.execute(query)).fetchone() is not None
    libraries = await (await conn.execute("show shared_preload_libraries")).fetchone()
    ready = offered and libraries is not None and "timescaledb" in libraries[0]
    if wanted == "timescaledb" and not ready:
        missing = "is not in shared_preload_libraries" if offered else "is not installed on the server"
        raise ConfigError(f"database.mode is timescaledb, but the extension {missing}")
    if wanted == "postgresql" or not ready:
        return "postgresql"
    await conn.execute("create extension if not exists timescaledb")
    return "timescaledb"


async def check_schema(url: str) -> str:
    """The storage mode of a database that is up to date; ConfigError when `hub migrate` must run first."""
    with sorted_errors():
        async with await connect(url) as conn:
            there = await (await conn.execute("select to_regclass('schema_migration')")).fetchone()
            rows = []
            if there is not None and there[0] is not None:
                rows = await (await conn.execute("select version, mode from schema_migration")).fetchall()
    if not rows:
        raise ConfigError("the database has no schema yet: run `hub migrate`")
    mode = str(rows[0][1])
    missing = {step.version for step in migrations(mode)} - {version for version, _ in rows}
    if missing:
        raise ConfigError(f"the database lacks {len(missing)} migrations: run `hub migrate`")
    return mode

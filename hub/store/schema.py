"""Whether a hub can work on a database: its schema's version, its extension, and the rights of the role."""

from hub.errors import ConfigError, StoreUnavailable
from hub.store.migrate import check_not_newer, versions
from hub.store.pool import connect, lasting_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_schema(url: str) -> str:
    """The storage mode of a database that this hub can work on.

    Raises ConfigError with what to do where waiting does not help, and StoreUnavailable while the server is away.
    """
    with lasting_errors():
        async with await connect(url) as conn:
            row = await (await conn.execute(SQL.facts)).fetchone()
            made, has_timescaledb, preloaded, standby, read_only = row or (False,) * 5
            rows = await (await conn.execute(SQL.migrations)).fetchall() if made else []
            mode = _mode_of(rows)
            if has_timescaledb and mode == "timescaledb" and not preloaded:
                raise ConfigError(
                    "the database holds TimescaleDB's tables, and the server does not load the extension any more: set "
                    "shared_preload_libraries = 'timescaledb' in postgresql.conf and restart PostgreSQL"
                )
            if standby:
                raise StoreUnavailable("the server is a standby, which takes no readings: waiting until it is promoted")
            names, role = await (await conn.execute(SQL.unwritable)).fetchone() or (None, "")
    if read_only or names:
        what = "is set to default_transaction_read_only" if read_only else f"may not write to {', '.join(names)}"
        raise ConfigError(
            f"the database's role {role!r} {what}: connect as the role that ran `hub migrate`, or "
            "set database.owner_url to that one and run `hub migrate`, which grants what this one needs"
        )
    return mode


def _mode_of(rows: list[tuple[int, str]]) -> str:
    """The mode of a schema that has the migrations of this version, no more and no less."""
    if not rows:
        raise ConfigError("the database has no schema yet: run `hub migrate`")
    mode, done = rows[0][1], {version for version, _ in rows}
    known = versions(mode)
    check_not_newer(done, known)
    if missing := known - done:
        raise ConfigError(f"the database lacks {len(missing)} migrations: run `hub migrate`")
    return mode

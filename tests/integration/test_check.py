"""What `hub check` says of the database."""

import psycopg

from app.check.check import check
from app.check.finding import Finding
from hub.settings import Database, Settings


async def _of_the_database(url: str) -> list[Finding]:
    found = []
    async for finding in check(Settings(database=Database(url=url))):
        if not finding.what.startswith("database"):
            break
        found.append(finding)
    return found


async def test_it_tells_how_far_rollups_are_made_anew(database: str) -> None:
    assert not any("rollups" in finding.what for finding in await _of_the_database(database))
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "insert into rollup_rebuild (view, from_at, to_at, done_until, started_at)"
            " values ('reading_1h', '2026-01-01', '2026-01-09', '2026-01-02', now())"
        )
    (told,) = [finding for finding in await _of_the_database(database) if "rollups" in finding.what]
    assert told.level == "ok"
    assert "12.5 %" in told.what

"""What `hub check` says of the database, and of consumers that may not be called."""

import psycopg

from app.check.check import check
from app.check.finding import Finding
from app.check.outgoing import check_outgoing
from hub.limit_settings import Outgoing
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


async def test_it_lists_consumers_that_the_guard_refuses_with_the_line_to_add(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "insert into consumer (code, url, secret, enabled) values"
            " ('inner', 'http://10.1.2.3:8080/a', 'x', true), ('outer', 'https://8.8.8.8/', 'x', true),"
            " ('off', 'http://10.9.9.9/', 'x', false)"
        )
    settings = Settings(database=Database(url=database))
    [told] = [finding async for finding in check_outgoing(settings)]
    assert told.level == "fail"
    assert told.what.startswith("consumer inner: ")
    assert 'webhook = ["10.1.2.3:8080"]' in told.what
    allowed = settings.model_copy(update={"outgoing": Outgoing(webhook=("10.1.2.3:8080",))})
    assert [finding.level async for finding in check_outgoing(allowed)] == ["ok"]

"""What `hub check` says of the database, of consumers, of chains and of rotas."""

from datetime import UTC, datetime, timedelta

import psycopg

from app.check.check import check
from app.check.finding import Finding
from app.check.outgoing import check_outgoing
from app.check.rotas import check_rotas
from app.check.routing import check_routing
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


async def test_it_warns_of_borders_without_an_outline_and_of_chains_that_tell_nobody(database: str) -> None:
    settings = Settings(database=Database(url=database))
    steps = (
        """[{"wait_s": 60, "consumers": ["off"], "rota": null}, {"wait_s": 60, "consumers": ["away"], "rota": null}]"""
    )
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            """insert into consumer (code, url, secret, enabled, filters) values
               ('near', 'https://8.8.8.8/', 'x', true, '[{"region": "330106", "border_m": 500}, {"region": "33"}]'),
               ('park', 'https://8.8.8.8/', 'x', true, '[{"area": "park", "region": "330106", "border_m": 9}]'),
               ('zero', 'https://8.8.8.8/', 'x', true, '[{"region": "330106", "border_m": 0}, {"border_m": 5}]'),
               ('off', 'https://8.8.8.8/', 'x', false, '[{"region": "330106", "border_m": 500}]'),
               ('away', 'https://8.8.8.8/', 'x', false, '[]')"""
        )
        add = "insert into chain (code, filter, steps, repeats, verify_within_s) values (%s, %s, %s, 0, '{1, 1, 1, 1}')"
        conn.execute(add, ["lake", '{"region": "330106", "border_m": 500}', steps])
        conn.execute(add, ["town", '{"region": "330106"}', steps.replace("off", "near")])
        told = await check_routing(settings)
        assert {finding.level for finding in told} == {"warn"}
        assert [finding.what.split(": ")[0] for finding in told] == [
            "chain lake", "consumer near", "consumer park", "chain lake",
        ]  # fmt: skip
        assert "330106, park, of which no outline" in told[2].what
        assert "switched off" in told[3].what

        conn.execute("insert into border (key, lon1, lat1, lon2, lat2) values ('330106', 120, 30, 120.1, 30)")
        conn.execute("update consumer set enabled = true where code = 'away'")
        [still] = await check_routing(settings)
        assert still.what.startswith("consumer park: border_m takes nothing beyond the border of park,")


async def test_it_warns_of_rotas_that_leave_a_time_of_the_coming_week_open(database: str) -> None:
    settings = Settings(database=Database(url=database))
    assert await check_rotas(settings) == []
    later = datetime.now(UTC).date() + timedelta(days=9)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("insert into organisation (code, name) values ('desk', 'Desk')")
        conn.execute(
            "insert into principal (id, kind, name) values ('00000000-0000-0000-0000-000000000001', 'person', 'ann')"
        )
        shifts = """[{"name": "n", "begin": 0, "end": %s, "days": ["every"]}]"""
        for code, end, start in (("whole", 1440, "2026-01-01"), ("short", 1380, "2026-01-01"), ("new", 1440, later)):
            conn.execute(
                "insert into rota (code, name, organisation, zone, shifts, unit, from_date)"
                " values (%s, 'R', 'desk', 'Asia/Shanghai', %s, 'day', %s)",
                [code, shifts % end, start],
            )
            conn.execute("insert into rota_member values (%s, 0, '00000000-0000-0000-0000-000000000001')", [code])
        new, short = await check_rotas(settings)
        assert (new.level, new.advice.startswith("hub rotas show new --days 7")) == ("warn", True)
        assert new.what.startswith("rota new: nobody is on duty from ")
        assert "times" not in new.what
        assert short.what.startswith("rota short: nobody is on duty from ")
        assert "; and at " in short.what, "each night has an hour that no shift covers"
        conn.execute("update principal set state = 'locked'")
        assert [finding.what.split(":")[0] for finding in await check_rotas(settings)] == [
            "rota new",
            "rota short",
            "rota whole",
        ]

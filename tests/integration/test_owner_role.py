"""The hub's role is not the owner of the tables: it can do all that a hub does, and cannot change the audit."""

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.check.audit import check_audit
from hub.access.scope import Scope
from hub.access.scoped_pool import ScopedPool
from hub.audit.entry import Entry, write
from hub.audit.retention import forget
from hub.audit.sealing import seal
from hub.audit.verification import verify
from hub.errors import ConfigError
from hub.settings import Database, Settings
from hub.store.migrate import migrate
from hub.store.pool import connect, open_pool
from hub.store.rebuild import IDLE_S, Rebuild, rebuild_all, waits_for_owner
from hub.store.schema import check_schema
from tests.integration.test_upgrade import COURSES, filled
from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until


@pytest.fixture
def role(empty_url: str) -> Iterator[str]:
    """A role of the server, as docker/ makes it."""
    name = f"hub_{uuid4().hex[:8]}"
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute(f"create role {name} login")
        yield name
        conn.execute(f"drop owned by {name}")
        conn.execute(f"drop role {name}")


def of_role(url: str, role: str) -> str:
    return make_conninfo(url, user=role)


def findings(url: str) -> list[tuple[str, str]]:
    found = asyncio.run(check_audit(Settings(database=Database(url=url))))
    return [(each.level, each.what) for each in found]


def test_what_the_check_says_of_each_role(empty_url: str, store_mode: str, role: str) -> None:
    asyncio.run(migrate(empty_url, store_mode, role))
    url = of_role(empty_url, role)
    assert asyncio.run(check_schema(url)) == store_mode
    assert findings(url) == [("ok", f"audit: the database's role '{role}' may read and append, and change nothing")]
    [(level, told)] = findings(empty_url)
    assert (level, "owns its tables" in told) == ("warn", True)
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute(f"grant update on audit to {role}")
        assert findings(url) == [("fail", f"audit: the database's role '{role}' may change audit")]
        conn.execute(f"revoke execute on function audit_write from {role}")
        [(level, told)] = findings(url)
        assert (level, "may not append" in told) == ("fail", True)
        asyncio.run(migrate(empty_url, store_mode, role))
        assert findings(url)[0][0] == "ok", "migrating again mends it"


async def test_it_appends_seals_and_forgets_and_changes_nothing(empty_url: str, store_mode: str, role: str) -> None:
    await migrate(empty_url, store_mode, role)
    url = of_role(empty_url, role)
    async with await connect(url) as conn, open_pool(Database(url=url)) as pool:
        await write(conn, Entry("local", "device.put", "air-0"))
        await conn.execute("select only_sealed()")
        assert await seal(conn, "sha256") == 1
        assert await forget(pool, 180, datetime.now(UTC)) == 0
        for change in (
            "update audit set actor = ''",
            "delete from audit",
            "truncate audit",
            "alter table audit disable trigger all",
            "insert into audit_seal select 2, 2, now(), 'sha256', hash from audit_seal",
            "update audit_chain set head_seq = 0",
            "insert into audit (actor, action, subject) values ('somebody else', 'x', 'y')",
            "insert into audit overriding system value values (9223372036854775807, now(), '', '', '', '{}')",
            "insert into audit_sink values ('syslog', 999999999)",
            "update audit_sink set sent_seq = 0",
            "delete from audit_unsealed",
            "delete from sealed_only",
            "set session_replication_role = replica",
            "drop table audit",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute(change.encode())
        for call in ("audit_sent('syslog', 999999999)", "audit_sent('other', 1)"):
            with pytest.raises(psycopg.errors.InvalidParameterValue, match="does not reach so far"):
                await conn.execute(f"select {call}".encode())
        for seq in (1, 0):
            await conn.execute("select audit_sent('syslog', %s)", [seq])
        row = await (await conn.execute("select sent_seq from audit_sink")).fetchone()
        assert row == (1,), "it never goes back"
        assert (await verify(conn)).faults == []


def test_a_role_that_is_not_there_is_told_with_what_to_do(database: str) -> None:
    with pytest.raises(ConfigError, match="create role nobody_here login"):
        asyncio.run(migrate(database, hub_role="nobody_here"))


def test_a_hub_works_as_that_role(
    empty_url: str, store_mode: str, role: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Devices, readings, their partitions, an import, a rule, an alert, all over the API."""
    url = of_role(empty_url, role)
    env = {"HUB_DATABASE__URL": url, "HUB_DATABASE__OWNER_URL": empty_url}
    status, told = run_hub("migrate", env=env, folder=tmp_path)
    assert (status, f"with the rights of {role}" in told) == (0, True), told
    hub = Hub(url, mosquitto.port, tmp_path, HUB_DATABASE__RETENTION_DAYS="30")
    try:
        hub.start().register("air-0", "pm25", min=0, max=2000)
        hub.put("/rules/high", name="High", profile="air-0", metric="pm25", direction="above", thresholds={"red": 250})
        answer = hub.api.post("/api/v1/devices/air-0/telemetry", json={"values": {"pm25": 300}})
        assert answer.is_success, answer.text
        sheet = "code,name,profile\nair-1,Air,air-0\n"
        answer = hub.api.post("/api/v1/devices:import", content=sheet, headers={"content-type": "text/csv"})
        assert answer.is_success, answer.text
        wait_until(lambda: hub.api.get("/api/v1/alerts").json()["items"], "the alert")
        with psycopg.connect(empty_url, autocommit=True) as conn:
            sealed = "select count(*) from audit_unsealed", "select count(*) from audit_seal"
            wait_until(lambda: [conn.execute(each).fetchone() for each in sealed] == [(0,), (6,)], "all is sealed")
        assert "denied" not in hub.text()
        assert "must be owner" not in hub.text()
    finally:
        hub.close()


@pytest.mark.parametrize("store_mode", ["timescaledb"])
async def test_that_role_leaves_rollups_to_their_owner(empty_url: str, store_mode: str, role: str) -> None:
    await migrate(empty_url, store_mode, role)
    async with await connect(empty_url) as owner, await connect(of_role(empty_url, role)) as hub:
        assert not await waits_for_owner(hub)
        await owner.execute(
            """insert into rollup_rebuild
               select 'reading_1h', at, at, at from (select date_trunc('day', now() - interval '1 day')) a (at)"""
        )
        assert (await waits_for_owner(hub), await waits_for_owner(owner)) == (True, False)
        assert await Rebuild()(hub) == IDLE_S
        await rebuild_all(owner, lambda now: None)
        assert not await waits_for_owner(hub)


@pytest.mark.heavy
def test_a_store_of_before_is_upgraded_by_its_owner_and_served_by_that_role(
    empty_url: str, store_mode: str, role: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """With alerts in every state, readings of months, and rollups over them that are to be made anew."""
    filled(empty_url, store_mode)
    with psycopg.connect(empty_url, autocommit=True) as owner:
        for months in range(3):
            owner.execute("select ensure_partition((now() - make_interval(months => %s))::date)", [months])
        owner.execute(
            """insert into reading (series_id, ts, value, quality)
               select s.id, now() - n * interval '7 hours', n, 0 from series s, generate_series(1, 150) n"""
        )
    env = {"HUB_DATABASE__URL": of_role(empty_url, role), "HUB_DATABASE__OWNER_URL": empty_url}
    told = [run_hub("migrate", env=env, folder=tmp_path) for _ in range(2)]
    apart = store_mode == "timescaledb"
    assert [(status, "hub migrate --rollups" in text) for status, text in told] == [(0, apart)] * 2, told
    hub = Hub(env["HUB_DATABASE__URL"], mosquitto.port, tmp_path, HUB_DATABASE__RETENTION_DAYS="3650")
    try:
        hub.start()
        assert len(hub.api.get("/api/v1/alerts").json()["items"]) == len(COURSES)
        assert hub.api.post("/api/v1/devices/air-0/telemetry", json={"values": {"pm25": 300}}).is_success
        asked = {"device": "air-0", "metric": "pm25", "bucket": "1d", "from": "2020-01-01T00:00:00Z"}

        def counted() -> int:
            answer = hub.api.get("/api/v1/readings", params=asked)
            assert answer.is_success, answer.text
            return sum(each["n"] for each in answer.json()["items"])

        wait_until(lambda: counted() == 151, "all readings are in the rollups")
        status, report = run_hub("check", env=hub.env, folder=tmp_path)
        assert ("rollups have to be made anew, by the owner" in report) is apart, report
        status, done = run_hub("migrate", "--rollups", env=env, folder=tmp_path)
        assert (status, "made anew" in done) == (0, False), done
        assert counted() == 151
        (later := tmp_path / "later").mkdir()
        assert "made anew" not in run_hub("check", env=hub.env, folder=later)[1]
        with psycopg.connect(empty_url) as owner:
            assert owner.execute("select count(*) from rollup_rebuild where finished_at is null").fetchone() == (0,)
        for fault in ("denied", "must be owner", "cannot be rebuilt"):
            assert fault not in hub.text()
    finally:
        hub.close()


def test_the_script_of_docker_makes_the_role(empty_url: str, store_mode: str) -> None:
    script = Path(__file__).parents[2] / "docker" / "hub-role.sql"
    parts = conninfo_to_dict(empty_url)
    place = ["--host", str(parts["host"]), "--port", str(parts["port"]), "--username", "postgres"]
    command = ["psql", *place, "--dbname", str(parts["dbname"]), "--set=ON_ERROR_STOP=1", "--file", str(script)]
    with psycopg.connect(empty_url, autocommit=True) as conn:
        done = subprocess.run(command, env={"POSTGRES_HUB_PASSWORD": "a'b", "PATH": "/usr/bin"}, check=False)
        assert done.returncode == 0
        conn.execute("drop role ganzhi_hub")


SEEN = "select code, device_children(id), in_scope(null, region, null, null) from device"
OUTSIDE = "select code_taken('d-330106'), in_scope(null, '330106000000', null, null)"


async def test_that_role_sees_a_scope_through_each_view_and_no_more(empty_url: str, store_mode: str, role: str) -> None:
    await migrate(empty_url, store_mode, role)
    with psycopg.connect(empty_url, autocommit=True) as conn:
        conn.execute("insert into profile (code, name) values ('p', 'p')")
        conn.execute(
            """insert into device (code, name, profile_id, region)
               select 'd-' || region, 'x', p.id, region || '000000'
               from profile p, unnest('{330110,330106}'::text[]) region"""
        )
        views = [
            name for (name,) in conn.execute("select viewname from pg_views where schemaname in ('scoped', 'cut')")
        ]
    assert len(views) > 20
    within = Scope(frozenset({"/330110"}))
    async with (
        open_pool(Database(url=of_role(empty_url, role))) as pool,
        ScopedPool(pool, within).connection() as scoped,
        ScopedPool(pool, replace(within, uncut=Scope(frozenset()))).connection() as cut,
    ):
        for name in views:
            await cut.execute(f"select * from {name}")
        for name in set(views) - {"alert_sight"}:
            await scoped.execute(f"select * from {name}")
        assert await (await scoped.execute(SEEN)).fetchall() == [("d-330110", [], True)]
        assert await (await scoped.execute(OUTSIDE)).fetchone() == (True, False)

"""The hub's role is not the owner of the tables: it can do all that a hub does, and cannot change the audit."""

import asyncio
import subprocess
from collections.abc import Iterator
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
from hub.store.schema import check_schema
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
        views = [name for (name,) in conn.execute("select viewname from pg_views where schemaname = 'scoped'")]
    assert len(views) > 20
    async with (
        open_pool(Database(url=of_role(empty_url, role))) as pool,
        ScopedPool(pool, Scope(frozenset({"/330110"}))).connection() as scoped,
    ):
        for name in views:
            await scoped.execute(f"select * from {name}")
        assert await (await scoped.execute(SEEN)).fetchall() == [("d-330110", [], True)]
        assert await (await scoped.execute(OUTSIDE)).fetchone() == (True, False)

"""An edge with sessions works with the rights of docker/edge-role.sql, and can do nothing else."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from app.check.edge_roles import check_edge_roles
from app.check.finding import Finding
from app.serve.stations import Kept
from devices.registry.registry import Registry
from hub.session_settings import Session, Stations
from hub.settings import Database, Settings
from hub.store.pool import open_pool
from tests.support.downlinks import downlinks
from tests.support.lamps import register_lamps
from tests.support.process import eventually

ROLE = Path(__file__).parents[2] / "docker" / "edge-role.sql"


@pytest.fixture
async def edge(database: str) -> AsyncIterator[str]:
    """The database as an edge's role, by a name of its own: roles belong to the whole server."""
    name, password = f"edge-{secrets.token_hex(4)}", secrets.token_hex(8)
    text = ROLE.read_text(encoding="utf-8").replace("ganzhi_edge", f'"{name}"').replace(":'password'", f"'{password}'")
    parts = urlsplit(database)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(text.encode())
        query = f"{parts.query}&user={name}&password={password}" if parts.query else f"user={name}&password={password}"
        yield urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))
        conn.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(name)))


async def test_it_knows_devices_and_takes_commands(database: str, edge: str) -> None:
    register_lamps(database, "lamp-1")
    registry = Registry()
    async with open_pool(Database(url=edge)) as pool, open_pool(Database(url=database)) as owner:
        await registry.refresh(pool)
        assert set(registry.devices) == {"lamp-1"}
        async with downlinks(edge, pool, None) as place, downlinks(database, owner, None) as api:
            worker = await place.worker("edge", listening=True)
            lamp = await place.device("lamp-1", worker)
            id_ = await api.offer("lamp-1")
            assert await api.settled(id_) == ("sent", "edge", None)

            async def arrived() -> bool:
                return [told["id"] for told in lamp.told] == [str(id_)]

            await eventually(arrived, "it arrives")
            await worker.kill()
            await worker.delivery.end()
            assert await api.sql("select count(*) from session") == [(0,)]


async def test_a_role_of_before_is_told_once_what_is_to_be_granted(
    database: str, edge: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = str(conninfo_to_dict(edge)["user"])
    role = sql.Identifier(name)
    settings = Settings(database=Database(url=edge), session=Session(hj212=Stations(listen="127.0.0.1:9")))

    async def keep() -> None:
        async with asyncio.TaskGroup() as group, kept.opened(group):
            await asyncio.Event().wait()

    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(sql.SQL("revoke select on station_password from {}").format(role))
        async with open_pool(settings.database) as pool:
            kept = Kept(settings, pool)
            keeping = asyncio.create_task(keep())

            async def told() -> list[str]:
                return [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]

            async def read() -> bool:
                return kept.passwords.read

            await eventually(told, "it is told")
            owner.execute(sql.SQL("grant select on station_password to {}").format(role))
            await eventually(read, "they are read once it is granted")
            [line] = await told()
            assert f'grant select on station_password to "{name}"' in line
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def test_the_check_tells_each_right_that_a_role_of_before_lacks(database: str, edge: str) -> None:
    name = str(conninfo_to_dict(edge)["user"])
    role = sql.Identifier(name)

    async def told() -> list[Finding]:
        mine, other = [
            [each for each in await check_edge_roles(Settings(database=Database(url=url))) if name in each.what]
            for url in (database, edge)
        ]
        assert mine == other, "whoever asks"
        return mine

    assert await told() == []
    granted = re.findall(r"^grant ([^;]+) on ([^;]+) to ganzhi_edge;", ROLE.read_text(encoding="utf-8"), re.MULTILINE)
    rights = [(right, thing.strip()) for right, things in granted for thing in things.split(",")]
    assert len(rights) > 10
    with psycopg.connect(database, autocommit=True) as owner:
        for right, thing in rights:
            if thing in ("schema public", "session_holder"):  # it cannot connect, and it is no edge's
                continue
            owner.execute(f'revoke {right} on {thing} from "{name}"'.encode())
            [lack, *more] = await told()
            assert thing in lack.what, (right, thing)
            for each in (lack, *more):
                owner.execute(each.advice.partition(": ")[2].partition("   ")[0].encode())
            assert await told() == [], "what it advises is enough"
        owner.execute(sql.SQL("revoke select on station_password from {}").format(role))
        [lack] = await told()
        assert lack.what == f'the role "{name}" of edges lacks select on station_password'


@pytest.mark.parametrize(
    "statement",
    [
        "select * from reading",
        "select * from alert",
        "select * from dead_letter",
        "insert into command (id) values (gen_random_uuid())",
        "update command set params = '{}'",
        "update device set state = 'retired'",
        "delete from session",
    ],
)
async def test_it_may_do_nothing_else(edge: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(edge) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await conn.execute(statement.encode())

"""The patrol of a hub: what is found begins and ends across rounds, and a restart goes on where it was."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest

from api.database import rows
from api.routes.patrols import SQL
from app.check.cameras import check_cameras
from hub.access.outgoing import Outgoing
from hub.access.scope import Scope
from hub.access.scoped_pool import ScopedPool
from hub.alerts.own import tell
from hub.errors import StoreUnavailable
from hub.limit_settings import Outgoing as Listed
from hub.models import Delivery, Origin, Outcome
from hub.picture import NOT_KEPT, Picture, absent
from hub.secrets.sealed import Secrets
from hub.settings import Database, Settings
from hub.settings import Secrets as Key
from hub.store.pool import open_pool
from hub.video_settings import Video, VideoPatrol
from hub.words.sentence import Sentence
from ingest.video.messages import Ended, Glance, Glanced, ended
from ingest.video.patrol import Patrol
from ingest.video.patrols import Patrols, rest
from ingest.video.reader import Reader, Take

SET_UP = """
insert into profile (code, name, category, metrics) values ('cam', 'Camera', 'video', '{}');
insert into device (code, name, profile_id) select c, c, 1 from unnest(array['a', 'b', 'c']) c;
insert into camera_connection (device_id, kind, url, patrolled)
    select id, 'rtsp', 'rtsp://127.0.0.1/' || code, true from device;
"""
MORE = """
insert into device (code, name, profile_id) select 'n' || n, 'n' || n, 1 from generate_series(1, 8) n;
insert into camera_connection (device_id, kind, url, patrolled)
    select id, 'rtsp', 'rtsp://127.0.1.' || substr(code, 2), true from device where code like 'n%';
"""
BLACK, FINE = {"black": 0.9}, {"black": 0.1}
PLACE = b"place"


OUT = "select array_agg(target order by target) from alert where origin = 'hub' and cleared_at is null"
HELD = "select count(*)::int from patrol_visit where held is not null"
MANY = [f"n{at}" for at in range(1, 9)]


class Looks(Reader):
    """A reader that sees what a test shows."""

    def __init__(self) -> None:
        super().__init__("reader of a test", 8)
        self.scores: dict[str, dict[str, float] | None] = {"a": FINE, "b": FINE, "c": FINE}
        """None: nothing."""
        self.refuse = set[str]()
        self.asked: list[tuple[str, bytes]] = []
        self.held = asyncio.Event()
        self.held.set()

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def follow(self, wanted: Callable[[int], object], take: Take) -> Ended:
        told = wanted(0)
        assert isinstance(told, Glance)
        self.asked.append((told.camera, told.reference))
        await self.held.wait()
        if told.camera in self.refuse:
            return ended(0, "login", Sentence("camera.failed.login", user="u", host="h"))
        scores = self.scores[told.camera]
        if scores is None:
            return ended(0, "answer", Sentence("camera.failed.decoder"))
        await take(Glanced(0, scores, PLACE, 0.01, b"jpeg" if max(scores.values()) > 0.5 else b""))
        return Ended(0)


class Hub:
    """What is told to it, as text; it may be slow to store."""

    full = False

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, int]] = []
        self.payloads: list[bytes] = []
        self.stores = True

    async def submit(self, delivery: Delivery) -> None:
        for raw in delivery.raws:
            told = raw.payload.decode().split('"')
            self.told.append((raw.origin.address, told[7], told[11], len(raw.pictures)))
            self.payloads.append(raw.payload)
        if self.stores:
            await delivery.settle(Outcome())


async def gate(_camera: str, _jpeg: bytes) -> Picture:
    return absent(NOT_KEPT)


@asynccontextmanager
async def going(url: str, looks: Looks, hub: Hub, every_s: float = 3_600) -> AsyncIterator[None]:
    """A patrol that goes."""
    settings = Settings(outgoing=Listed(camera=("127.0.0.0/8",)))
    async with open_pool(Database(url=url)) as pool:
        patrol = Patrol(
            Video(patrol=VideoPatrol(every_s=every_s)), hub, pool, Secrets(Key()), Outgoing(settings),
            lambda protocol, device, _: Origin("video", device, device, "finding", protocol=protocol), gate,
            lambda: True, lambda: (0.0, False), reader=looks,
        )  # fmt: skip
        task = asyncio.create_task(patrol.run())
        try:
            yield
        finally:
            patrol.stop()
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 what others do tells nobody
            await asyncio.sleep(0.02)


async def shows(conn: psycopg.AsyncConnection, statement: str, wanted: object) -> None:
    """The store comes to say it."""
    async with asyncio.timeout(20):
        while (await (await conn.execute(statement.encode())).fetchone()) != (wanted,):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def another(conn: psycopg.AsyncConnection) -> None:
    """Round."""
    await shows(conn, "select ended_at is null from patrol_round", False)
    [number] = await (await conn.execute("select number from patrol_round")).fetchone() or (0,)
    await conn.execute("update patrol_round set began_at = began_at - interval '1 day'")
    await shows(conn, f"select number = {number + 1} and ended_at is not null from patrol_round", True)


@pytest.fixture
async def conn(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as made:
        await made.execute(SET_UP.encode())
        monkeypatch.setattr("ingest.video.patrol.EVERY_S", 0.1)
        yield made


async def test_what_is_found_begins_and_ends_across_rounds_and_is_told_once(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    looks, hub = Looks(), Hub()
    looks.scores |= {"a": BLACK, "c": None}
    async with going(database, looks, hub, every_s=1):
        await until(lambda: len(hub.told) == 2)
        assert hub.told == [("a", "black", "active", 1), ("c", "signal_loss", "active", 0)]
        seen = len(looks.asked)
        await until(lambda: len(looks.asked) > seen + 6)  # another round at the least
        assert len(hub.told) == 2, "it goes on, and is told once"
        assert ("b", PLACE) in looks.asked, "what is remembered of a place comes again"
        found = await (await conn.execute("select state, figures ->> 'result' from camera_connection")).fetchall()
        assert sorted(found) == [("down", "failed"), ("up", "faults"), ("up", "fine")]
        looks.scores |= {"a": {"black": 0.45}, "c": FINE}
        await until(lambda: len(hub.told) == 3)
        assert hub.told[2:] == [("c", "signal_loss", "ended", 0)], "a score just below does not end a fault"
        looks.scores["a"] = FINE
        await until(lambda: len(hub.told) == 4)
        assert hub.told[3:] == [("a", "black", "ended", 0)]


async def test_what_lasts_at_a_camera_that_is_visited_no_more_ends_at_once(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    looks, hub = Looks(), Hub()
    looks.scores["a"] = BLACK
    async with going(database, looks, hub):
        await until(lambda: len(looks.asked) == 3)
        await until(lambda: len(hub.told) == 1)
        await conn.execute("delete from camera_connection where device_id = (select id from device where code = 'a')")
        looks.held.clear()
        await until(lambda: len(hub.told) == 2)
        assert hub.told[1:] == [("a", "black", "ended", 0)]


async def test_a_restart_goes_on_where_it_was_and_tells_again_what_may_not_be_stored(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    looks, hub = Looks(), Hub()
    looks.scores["a"], hub.stores = BLACK, False
    async with going(database, looks, hub):
        await until(lambda: len(hub.told) == 1)
        await shows(conn, "select count(*) from patrol_visit where visited_at is not null", 2)
    again, after = Looks(), Hub()
    again.scores["a"] = BLACK
    async with going(database, again, after):
        await until(lambda: bool(again.asked))
        assert after.payloads == hub.payloads, "as it was: it is stored once"
        await shows(conn, "select ended_at is null from patrol_round", False)
    assert [device for device, _ in again.asked] == ["a"]
    assert len(after.told) == 1


async def test_cameras_that_are_lost_together_are_one_finding_and_as_they_were_until_the_others_answer(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    await conn.execute(MORE.encode())
    looks, hub = Looks(), Hub()
    many = [f"n{at}" for at in range(1, 9)]
    looks.scores |= dict.fromkeys(many, FINE) | {"c": None}
    outages = "select array_agg(target order by target) from alert where origin = 'hub' and cleared_at is null"
    held = "select array_agg(held order by held) from patrol_visit where held is not null"
    async with going(database, looks, hub, every_s=1):
        await shows(conn, "select count(*)::int from patrol_visit where place is not null", 10)
        await until(lambda: hub.told == [("c", "signal_loss", "active", 0)])
        looks.scores |= dict.fromkeys(many, None) | {"n1": BLACK}
        await shows(conn, outages, ["cameras_silent:network 127.0.1.0/24"])
        await shows(conn, held, ["network 127.0.1.0/24"] * 7)
        await until(lambda: ("n1", "black", "active", 1) in hub.told)
        assert len(hub.told) == 2, "none of each camera"
        said = [each.what for each in await check_cameras(Settings(database=Database(url=database)))]
        assert "7 cameras on patrol do not answer together, and are as they were: network 127.0.1.0/24" in said
        await shows(conn, "select count(*)::int from camera_connection where state = 'up'", 10)
        looks.scores |= dict.fromkeys(many, FINE) | {"n2": None}
        await until(lambda: ("n2", "signal_loss", "active", 0) in hub.told)
        await shows(conn, outages, None)
        await shows(conn, held, None)
        await shows(conn, "select count(*)::int from camera_connection where state = 'up'", 9)
    assert len(hub.told) == 4, "and the end of what was black"


async def test_a_clock_that_is_set_back_holds_up_no_round(database: str, conn: psycopg.AsyncConnection) -> None:
    looks, hub = Looks(), Hub()
    async with going(database, looks, hub):
        await shows(conn, "select ended_at is null from patrol_round", False)
        seen = len(looks.asked)
        ahead = "update {} set {} = {} + interval '1 day'"
        for table, column in (("patrol_round", "began_at"), ("patrol_visit", "visited_at")):
            await conn.execute(ahead.format(table, column, column).encode())
        await shows(conn, "select count(*)::int from patrol_visit where round = 2", 3)
        await shows(conn, "select last_s >= 0 and last_cameras = 3 and number = 2 from patrol_round", True)
        assert len(looks.asked) == seen + 3, "each once"


async def test_who_was_found_lost_before_a_restart_is_told_at_the_end_of_the_round_and_not_visited_again(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    looks, hub = Looks(), Hub()
    looks.scores["b"], hub.stores = None, False
    looks.scores["c"] = BLACK  # what is told of it hangs, and so does the round
    async with going(database, looks, hub):
        await shows(conn, "select count(*)::int from patrol_visit where round = 1", 2)
    again, after = Looks(), Hub()
    async with going(database, again, after):
        await shows(conn, "select ended_at is null from patrol_round", False)
    assert [device for device, _ in again.asked] == ["c"]
    assert [(device, kind, state) for device, kind, state, _ in after.told] == [
        ("c", "black", "active"), ("c", "black", "ended"), ("b", "signal_loss", "active"),
    ]  # fmt: skip
    down = await (await conn.execute("select count(*) from camera_connection where state = 'down'")).fetchone()
    assert down == (1,)


async def test_a_store_that_is_away_while_lost_cameras_are_told_of_does_not_end_the_patrol(
    database: str, conn: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, hub, telling, failed = Looks(), Hub(), Patrols.telling, list[str]()
    looks.scores |= {"b": None, "c": None}

    async def once(patrols: Patrols, device: str, messages: Sequence[str], faults: frozenset[str]) -> None:
        if device == "c" and not failed:
            failed.append(device)
            raise StoreUnavailable("away for a moment")
        await telling(patrols, device, messages, faults)

    monkeypatch.setattr(Patrols, "telling", once)
    async with going(database, looks, hub):
        await until(lambda: len(hub.told) == 2)
        await shows(conn, "select ended_at is null from patrol_round", False)
    assert sorted(hub.told) == [(device, "signal_loss", "active", 0) for device in ("b", "c")]


async def test_an_outage_is_told_to_each_organisation_holds_nobody_for_long_and_nobody_whom_a_desk_has_ended_it_for(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    await conn.execute(MORE.encode())
    await conn.execute("update camera_connection set url = 'rtsp://127.0.2.' || device_id where url like '%.0.0.1/%'")
    await conn.execute("insert into organisation (code, name) values ('a', 'A'), ('b', 'B')")
    await conn.execute(
        "update device set organisation = case when code < 'n5' then 'a' else 'b' end where code like 'n%'"
    )
    looks, hub = Looks(), Hub()
    looks.scores |= dict.fromkeys(MANY, FINE)
    both = [f"cameras_silent:network 127.0.1.0/24 · {each}" for each in "ab"]
    async with going(database, looks, hub):
        await shows(conn, "select ended_at is null from patrol_round", False)
        looks.scores |= dict.fromkeys(MANY[1:], None)
        await another(conn)
        await shows(conn, OUT, both)
        titles = "select array_agg(title order by organisation) from alert"
        [[a, b]] = await (await conn.execute(titles.encode())).fetchone() or ([[]],)
        assert "network 127.0.1.0/24 · a (3)" in a
        assert "network 127.0.1.0/24 · b (4)" in b
        await shows(conn, HELD, 7)
        await conn.execute("update alert set handling = 'closed' where organisation = 'b'")
        await another(conn)
        assert sorted(each for each, *_ in hub.told) == MANY[4:]
        await shows(conn, HELD, 3)
        looks.scores["n1"] = None
        await another(conn)
        assert len(hub.told) == 4
        await another(conn)
        assert sorted(each for each, *_ in hub.told) == MANY[1:], "n1 joined later"
        await another(conn)
        await another(conn)
        assert sorted(each for each, *_ in hub.told) == MANY
        await shows(conn, HELD, 0)
        await shows(conn, OUT, both)
        looks.scores |= dict.fromkeys(MANY, FINE)
        await another(conn)
        await shows(conn, OUT, None)
    assert len(hub.told) == 16


async def test_who_is_not_visited_in_a_round_is_as_he_was_and_an_outage_ends_with_its_cameras(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    await conn.execute(MORE.encode())
    looks, hub = Looks(), Hub()
    looks.scores |= dict.fromkeys(MANY, FINE)
    out = ["cameras_silent:all"]
    async with going(database, looks, hub):
        await shows(conn, "select ended_at is null from patrol_round", False)
        looks.refuse = set(MANY)
        await conn.execute("update camera_connection set changed_at = changed_at - interval '1 day'")
        await another(conn)
        await shows(conn, OUT, out)
        asked = len(looks.asked)
        await another(conn)
        assert [each for each, _ in looks.asked[asked:]] == ["a", "b", "c"], "a refused login is not shown again"
        await shows(conn, OUT, out)
        await shows(conn, HELD, 8)
        assert hub.told == []
        await conn.execute(
            "delete from camera_connection where device_id in (select id from device where code like 'n%')"
        )
        await another(conn)
        await shows(conn, OUT, None)
        await shows(conn, HELD, 0)
        await conn.execute("update patrol_visit set held = 'all', outage = 'all'")
        async with conn.transaction():
            await tell(conn, "cameras_silent", "all", 3)
    await rest(conn)
    await shows(conn, OUT, None)
    await shows(conn, HELD, 0)


async def test_a_gateway_has_its_code_in_outages_where_the_caller_sees_it(
    database: str, conn: psycopg.AsyncConnection
) -> None:
    await conn.execute(
        """insert into organisation (code, name) values ('o', 'O');
           insert into device (code, name, profile_id) values ('nvr', 'nvr', 1);
           update device set organisation = 'o', parent_id = (select id from device where code = 'nvr')
           where code = 'a';
           insert into patrol_visit (device_id, held) select id, 'gateway nvr' from device where code = 'a'"""
    )
    async with open_pool(Database(url=database)) as pool:
        for keys, place in (("o/", "gateway"), ("/", "gateway nvr")):
            async with ScopedPool(pool, Scope(frozenset({keys}))).connection() as seen:
                assert await rows(seen, SQL.outages) == [{"place": place, "cameras": 1}]

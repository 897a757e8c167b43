"""The hub's end of a data diode: each number once, after the commit, whatever comes and in whichever order."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from pydantic import SecretStr

from app.cli import edges
from devices.addressing import LISTENING, Origins, finding
from devices.health.presence_rows import read_watched
from hub.diode_settings import Diode, DiodeEdge
from hub.models import Batch, Delivery, Origin, Outcome, Raw, now_micros
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from ingest.diode.again import kept, take
from ingest.diode.book import Book
from ingest.diode.folders import Folders
from ingest.diode.inbox import Inbox
from ingest.diode.keys import keys_of, made
from ingest.diode.outbox import Outbox
from ingest.diode.watch import watch
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of

PRIVATE, PUBLIC = made()
OTHER = made()


class Sink:
    """Keeps what it is given, and settles it when it is told to."""

    full = False

    def __init__(self) -> None:
        self.given: list[Delivery] = []
        self.holds = False

    async def submit(self, delivery: Delivery) -> None:
        self.given.append(delivery)
        if not self.holds:
            await delivery.settle(Outcome())

    @property
    def payloads(self) -> list[bytes]:
        return [raw.payload for delivery in self.given for raw in delivery.raws]


class Ends(NamedTuple):
    edge: Path
    hub: Diode
    pool: Pool
    sink: Sink

    @property
    def inbox(self) -> Path:
        assert self.hub.inbox is not None
        return self.hub.inbox

    def left(self, folder: str = ".") -> list[int]:
        return sorted(int(path.name.split(".")[2]) for path in (self.inbox / folder).glob("*.gdx*"))

    async def rows(self, query: str) -> list[Any]:
        async with self.pool.connection() as conn:
            return await (await conn.execute(query.encode())).fetchall()


@pytest.fixture
async def both(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    monkeypatch.setattr("ingest.diode.inbox.LOOK_S", 0.05)
    hub = Diode(
        inbox=tmp_path / "inbox", settle_s=0.3,
        edges=(DiodeEdge(name="video-1", keys=(PUBLIC, OTHER[1]), gap_after_s=0.01, silent_after_s=600),),
    )  # fmt: skip
    async with open_pool(Database(url=database)) as pool:
        Folders(hub).open()
        yield Ends(tmp_path / "edge", hub, pool, Sink())


async def written(both: Ends, *batches: bytes, key: str = PRIVATE, folder: str = "") -> list[Path]:
    """Files of an edge, each with one message, or with none."""
    archive = both.edge / f"archive{folder}"
    outbox = Outbox(
        Diode(edge="video-1", key=SecretStr(key), archive=archive, outbox=both.edge / "out", heartbeat_s=0.1)
    )
    await outbox.open()
    before = {path.name for path in archive.glob("*.gdx")}
    for payload in batches:
        beat = Raw(finding("", LISTENING), b'{"source":"e","since":5,"until":%d}' % now_micros(), now_micros())
        origin = Origins("ganzhi/v1").of_topic("ganzhi/v1/air-1/telemetry")
        await outbox.commit(Batch([beat, Raw(origin, payload, now_micros())]))
    outbox.close()
    return [path for path in sorted(archive.glob("*.gdx")) if path.name not in before]


def bring(both: Ends, *files: Path) -> None:
    for file in files:
        shutil.copyfile(file, both.inbox / file.name)


@asynccontextmanager
async def running(both: Ends) -> AsyncIterator[Inbox]:
    def devices(origins: Collection[Origin]) -> set[int]:
        return {1} if origins else set()

    inbox = Inbox(
        both.hub, Folders(both.hub), keys_of(both.hub.edges), Book(both.pool, 30), both.sink, devices, lambda: True
    )
    task = asyncio.create_task(inbox.run())
    try:
        yield inbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def empty(both: Ends) -> None:
    async def is_empty() -> bool:
        return not both.left()

    await eventually(is_empty, "the inbox is empty")


async def test_a_file_is_moved_after_its_commit_and_counts_once(both: Ends) -> None:
    [one, two] = await written(both, b"1", b"2")
    both.sink.holds = True
    async with running(both):
        bring(both, one)
        await eventually(_given(both, 1), "it is handed over")
        assert both.left() == [1]
        assert await both.rows("select stored_at from diode_file") == [(None,)]
    # killed before the commit: it is taken again, and is the same
    both.sink.holds = False
    async with running(both):
        await empty(both)
        bring(both, two, one)
        await empty(both)
    first, again, *rest = both.sink.given
    assert list(first.raws) == list(again.raws)
    assert [raw.payload for delivery in rest for raw in delivery.raws] == [b"2"]
    assert both.left("done") == [1, 2]
    assert await both.rows("select highest, complete, files, again from diode_chain") == [(2, 2, 2, 1)]


def _given(both: Ends, count: int) -> Callable[[], Awaitable[bool]]:
    async def given() -> bool:
        return len(both.sink.given) >= count

    return given


async def test_out_of_order_is_fine_and_gaps_are_shown_until_they_are_closed(both: Ends, database: str) -> None:
    files = await written(both, *[b"%d" % number for number in range(1, 10)])
    async with running(both):
        bring(both, files[8], files[3], files[0])
        await empty(both)
        work = watch(both.hub)
        lasting = "select target from alert where cleared_at is null order by target"
        async with both.pool.connection() as conn:
            await conn.set_autocommit(True)

            async def is_told() -> bool:  # a gap counts 10 ms after the number above it was stored
                await work(conn)
                return await both.rows(lasting) == [("edge_gap:video-1",)]

            await eventually(is_told, "the gap is told")
        async with api_context(database) as context, client_of(context) as client:
            answer = await client.get("/edges/gaps")
            assert answer.status_code == 200, answer.text
            gaps = answer.json()["items"]
            assert [(gap["from_number"], gap["to_number"], gap["kept"]) for gap in gaps] == [(2, 3, True), (5, 8, True)]
            chain = gaps[0]["chain"]
            given = {"chain": chain, "to": 6, "reason": "burnt"}
            told = (await client.post("/edges/video-1:give-up", json=given)).json()
            assert (told["complete"], told["missing"], told["given_up"]) == (6, 2, 4)
            assert await both.rows("select subject from audit where action = 'edge.give_up'") == [("video-1",)]
            assert (await client.post("/edges/video-1:give-up", json=given | {"to": 10})).status_code == 422
            assert (await client.post("/edges/none:give-up", json=given)).status_code == 404
        bring(both, files[7], files[6], files[1])  # one that was given up is stored nevertheless
        await empty(both)
    assert sorted(both.sink.payloads) == [b"1", b"2", b"4", b"7", b"8", b"9"]
    assert await both.rows("select complete, highest from diode_chain") == [(9, 9)]
    assert await both.rows("select * from diode_gap") == []
    async with both.pool.connection() as conn:
        await conn.set_autocommit(True)
        await work(conn)
    assert await both.rows(lasting) == []


async def test_what_cannot_be_used_is_set_aside_with_its_reason(both: Ends) -> None:
    [one, two] = await written(both, b"1", b"2")
    [foreign] = await written(both, b"x", key=made()[0], folder="-foreign")
    content = one.read_bytes()
    (both.inbox / "half.gdx").write_bytes(content[:-3])
    (both.inbox / "changed.gdx").write_bytes(content[:-3] + b"xyz")
    (both.inbox / "picture.gdx").write_bytes(b"\xff\xd8\xff" * 100)
    (both.inbox / ".draft.tmp").write_bytes(b"not yet")
    bring(both, foreign, two)

    async def aside() -> bool:
        return len(await both.rows("select from diode_aside")) == 4

    async with running(both):
        await eventually(aside, "four are set aside")
    found = await both.rows("select file, reason from diode_aside order by file")
    assert found == [
        ("changed.gdx", "bad_body"), ("half.gdx", "cut_short"), ("picture.gdx", "no_file"),
        (foreign.name, "unknown_key"),
    ]  # fmt: skip
    assert both.sink.payloads == [b"2"]
    assert len(list((both.inbox / "aside").iterdir())) == 4
    assert (both.inbox / ".draft.tmp").exists()


async def test_a_file_that_still_grows_is_waited_for(both: Ends) -> None:
    [one] = await written(both, b"1")
    content = one.read_bytes()
    async with running(both):
        for length in (5, 40, len(content) - 1, len(content)):
            (both.inbox / one.name).write_bytes(content[:length])
            await asyncio.sleep(0.15)
        await empty(both)
    assert both.sink.payloads == [b"1"]
    assert await both.rows("select from diode_aside") == []


async def test_a_number_with_another_content_is_set_aside(both: Ends) -> None:
    """Two edges that began with copies of one archive: the chain parts, and the second one's files fit nowhere."""
    [one] = await written(both, b"1")
    shutil.copytree(both.edge / "archive", both.edge / "archive-copy")
    shutil.rmtree(both.edge / "out")
    [two, three] = await written(both, b"2", b"3")
    [fork, after] = await written(both, b"other", b"and on", folder="-copy")
    async with running(both):
        bring(both, one, three)
        await empty(both)
        bring(both, fork)  # its number is free, and the next one's says that another file was there
        await empty(both)
        bring(both, two)
        await empty(both)
        bring(both, fork)
        await empty(both)
        shutil.copyfile(after, both.inbox / "after.gdx")
        await eventually(_named_aside(both), "what follows the fork is set aside, too")
    assert sorted(both.sink.payloads) == [b"1", b"2", b"3"]
    reasons = await both.rows("select reason from diode_aside order by id")
    assert reasons == [("other_chain",), ("other_chain",), ("other_chain",)]


def _named_aside(both: Ends) -> Callable[[], Awaitable[bool]]:
    async def named() -> bool:
        return len(await both.rows("select from diode_aside")) == 3

    return named


async def test_a_file_that_comes_by_the_name_of_one_under_way_is_not_taken_for_stored(both: Ends) -> None:
    """Of two machines with copies of one archive: the second one's file is put in the place of the first one's."""
    await written(both, b"0")
    shutil.copytree(both.edge / "archive", both.edge / "archive-copy")
    [one] = await written(both, b"1")
    [other] = await written(both, b"other", folder="-copy")
    assert one.name == other.name
    both.sink.holds = True
    async with running(both):
        bring(both, one)
        await eventually(_given(both, 1), "the first one is under way")
        shutil.copyfile(other, both.inbox / "x.tmp")
        (both.inbox / "x.tmp").rename(both.inbox / one.name)
        await both.sink.given[0].settle(Outcome())
        await empty(both)
    assert await both.rows("select reason from diode_aside") == [("other_content",)]
    [kept] = (both.inbox / "aside").iterdir()
    assert kept.read_bytes() == other.read_bytes()


async def test_what_was_set_aside_is_looked_at_and_taken_again(
    both: Ends, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another file has the number of is stored beside it, apart from it; what cannot be taken is aside again."""
    await written(both, b"0")
    shutil.copytree(both.edge / "archive", both.edge / "archive-copy")
    [one] = await written(both, b"1")
    [other] = await written(both, b"other", folder="-copy")
    bring(both, one)
    async with running(both):
        await empty(both)
        bring(both, other)
        (both.inbox / "half.0.0.gdx").write_bytes(one.read_bytes()[:-3])
        await empty(both)
        half, fork = sorted((each.name for each in kept(both.inbox, keys_of(both.hub.edges))), key=len)
        monkeypatch.setenv("HUB_DIODE__INBOX", str(both.inbox))
        monkeypatch.setenv("HUB_DIODE__EDGES", json.dumps([{"name": "video-1", "keys": [PUBLIC]}]))
        edges.look(None, None)
        edges.look(fork, None)
        told = capsys.readouterr().out
        assert "cut short" in told
        assert "signed and whole" in told
        assert " 1  air-1 " in told
        with pytest.raises(typer.Exit):
            edges.take([half, fork, "none", "../done/x"], None)
        said = capsys.readouterr()
        assert f"{fork} is taken next" in said.out, "the others keep it from nothing"
        assert f"{half} stays aside: " in said.err
        assert "none does not lie aside" in said.err
        assert "../done/x does not lie aside" in said.err
        take(both.inbox, half)  # by who does not ask first

        async def are_taken() -> bool:
            return b"other" in both.sink.payloads and len(await both.rows("select from diode_aside")) == 3

        async def is_told() -> bool:
            left = await both.rows("select file from diode_aside where again_at is null")
            return left == [(f"again/{half}",)]

        await eventually(are_taken, "one is stored, the other one aside again")
        await eventually(is_told, "of what was stored nothing is told any more")
        await empty(both)
    assert both.sink.payloads == [b"1", b"other"]
    assert await both.rows("select number from diode_file order by number") == [(2,)], "its number is the first one's"
    assert both.left("done") == [2, 2]
    for name in ("../done/x", "none"):
        with pytest.raises(FileNotFoundError):
            take(both.inbox, name)


async def test_what_is_taken_beside_its_number_is_stored_once_whenever_it_is_tried_again(
    both: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an edge whose clock is wrong: killed after the commit, or carried over twice, its messages have one time."""
    await written(both, b"0")
    shutil.copytree(both.edge / "archive", both.edge / "archive-copy")
    [one] = await written(both, b"1")
    ahead = now_micros() + 36_000_000_000
    monkeypatch.setattr("ingest.diode.outbox.now_micros", lambda: ahead)
    [other] = await written(both, b"other", folder="-copy")
    monkeypatch.undo()
    moves, refused = Path.rename, [OSError(5, "Input/output error")]

    def rename(path: Path, to: Path) -> Path:
        if path.parent.name == "again" and refused:
            raise refused.pop()
        return moves(path, to)

    monkeypatch.setattr("ingest.diode.inbox.LOOK_S", 0.05)
    monkeypatch.setattr(Path, "rename", rename)
    lasting = "select target from alert where cleared_at is null and target ^@ 'edge_aside'"
    async with running(both), both.pool.connection() as conn:
        await conn.set_autocommit(True)
        bring(both, one)
        await empty(both)
        bring(both, other)
        await empty(both)
        await watch(both.hub)(conn)
        assert await both.rows(lasting) == [("edge_aside:video-1",)]
        [fork] = kept(both.inbox, keys_of(both.hub.edges))
        take(both.inbox, fork.name)
        await eventually(lambda: _is_in(both, f"done/{fork.name}"), "it is stored, and moved at the second attempt")
        shutil.copyfile(other, both.inbox / "again" / "twice")
        await eventually(lambda: _is_in(both, "done/twice"), "it is stored already")

        async def is_over() -> bool:
            await watch(both.hub)(conn)
            return await both.rows(lasting) == []

        await eventually(is_over, "nothing is aside any more")
    assert refused == []
    given = [raw for delivery in both.sink.given for raw in delivery.raws if raw.payload == b"other"]
    assert len({(raw.received, raw.carried) for raw in given}) == 1
    assert len(given) <= 2, "what is known to be stored is not handed over"


async def _is_in(both: Ends, name: str) -> bool:
    return (both.inbox / name).exists()


async def test_two_machines_of_one_name_are_told_and_an_edge_that_began_anew_is_not(both: Ends) -> None:
    lasting = "select target from alert where cleared_at is null"
    files = [*await written(both, b"1"), *await written(both, b"2", folder="-twin"), *await written(both, b"3")]
    work = watch(both.hub)
    async with running(both), both.pool.connection() as conn:
        await conn.set_autocommit(True)
        bring(both, *files)
        await empty(both)
        await work(conn)
        assert await both.rows(lasting) == [], "an archive that was lost, and found again"
        bring(both, *await written(both, b"4", folder="-twin"))
        await empty(both)
        await work(conn)
        assert await both.rows(lasting) == [("edge_twice:video-1",)]
        await conn.execute("update diode_file set taken_at = taken_at - interval '11 minutes'")
        await work(conn)
        assert await both.rows(lasting) == [], "one of them was renamed"
    assert sorted(both.sink.payloads) == [b"1", b"2", b"3", b"4"]


async def test_keys_are_changed_within_a_chain(both: Ends) -> None:
    files = await written(both, b"1")
    files += await written(both, b"2", key=OTHER[0])
    async with running(both):
        bring(both, *files)
        await empty(both)
    assert both.sink.payloads == [b"1", b"2"]
    assert await both.rows("select complete from diode_chain") == [(2,)]


async def test_an_edge_that_lost_its_archive_begins_another_chain(both: Ends) -> None:
    files = await written(both, b"1", b"2")
    files += await written(both, b"new", folder="-anew")
    async with running(both):
        bring(both, *files)
        await empty(both)
    assert sorted(both.sink.payloads) == [b"1", b"2", b"new"]
    assert sorted(await both.rows("select complete from diode_chain")) == [(1,), (2,)]


async def test_a_device_behind_a_diode_is_not_silent_while_its_edge_is(both: Ends) -> None:
    """Its silence counts up to where its edge had heard everything; what is missing may hold its word."""
    async with both.pool.connection() as conn:
        await conn.execute("insert into profile (code, name, interval_s) values ('p', 'P', 10)")
        await conn.execute("insert into device (code, name, profile_id) select 'air-1', 'Air', id from profile")
    files = await written(both, b"1", b"2", b"3")
    async with running(both):
        bring(both, files[0])
        await empty(both)
        [(until,)] = await both.rows("select extract(epoch from heard_at)::float8 from diode_chain")
        at = datetime.fromtimestamp(until + 1_000, UTC)
        async with both.pool.connection() as conn:
            watched = await read_watched(conn, at, 60)
        assert abs(watched.allowed[0] / 1e6 - 1_060) < 1
        bring(both, files[2])
        await empty(both)
        assert await both.rows("select extract(epoch from heard_at)::float8 from diode_chain") == [(until,)]
        bring(both, files[1])
        await empty(both)
        [(later,)] = await both.rows("select extract(epoch from heard_at)::float8 from diode_chain")
    assert later > until

"""Names and files in the inbox that no edge writes: each is set aside, and what comes beside them is stored."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.check.diode import left_behind, not_own
from ingest.diode.folders import Folders
from ingest.diode.watch import watch
from tests.integration.test_diode_inbox import Ends, both, bring, running, written
from tests.support.process import eventually

__all__ = ["both"]
NAME = "a.gdx"


def _folder(inbox: Path) -> None:
    (inbox / NAME).mkdir()


def _pipe(inbox: Path) -> None:
    os.mkfifo(inbox / NAME)


def _loop(inbox: Path) -> None:
    (inbox / NAME).symlink_to(NAME)


def _dangling(inbox: Path) -> None:
    (inbox / NAME).symlink_to("nowhere")


def _no_utf8(inbox: Path) -> None:
    Path(os.fsdecode(os.fsencode(inbox) + b"/a\xd0\xee.gdx")).write_bytes(b"x")


def _long(inbox: Path) -> None:
    (inbox / ("a" * 251 + ".gdx")).write_bytes(b"x")


def _deep(inbox: Path) -> None:
    (inbox / NAME).write_bytes(b'ganzhi-diode-1\n{"x":' + b"[" * 16_000 + b"\nAAAA\n")


def _empty(inbox: Path) -> None:
    (inbox / NAME).write_bytes(b"")


def _large(inbox: Path) -> None:
    with (inbox / NAME).open("wb") as file:
        file.truncate(2 << 30)


ALL = (_folder, _loop, _dangling, _no_utf8, _long, _deep, _empty, _large, _pipe)


@pytest.mark.parametrize("put", ALL)
async def test_what_no_edge_writes_stops_nothing(both: Ends, put: Callable[[Path], None]) -> None:
    put(both.inbox)
    async with running(both):
        bring(both, *await written(both, b"1"))
        await eventually(_is_done(both), "it is set aside, and the file behind it is stored")
    assert [reason for (reason,) in await both.rows("select reason from diode_aside")] in (
        ["no_file"], ["cut_short"], ["too_large"],
    )  # fmt: skip


async def test_a_file_of_another_user_is_stored_and_one_that_cannot_be_read_keeps_no_other_back(
    both: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Path.read_bytes

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("ingest.diode.folders.os.utime", refused)
    monkeypatch.setattr(Path, "read_bytes", lambda path: refused() if path.name == NAME else reads(path))
    (both.inbox / NAME).write_bytes(b"x")
    async with running(both):
        bring(both, *await written(both, b"1"))
        await eventually(_is_done(both), "both are out of the inbox")
    assert both.left("done") == [1]
    assert await both.rows("select reason from diode_aside") == [("unreadable",)]
    async with both.pool.connection() as conn:
        await conn.set_autocommit(True)
        await watch(both.hub)(conn)
    lasting = "select target from alert where cleared_at is null"
    assert await both.rows(lasting) == [("edge_aside:?",)], "of no edge that is known"


async def test_files_that_cannot_be_moved_are_stored_once_and_keep_no_other_back(
    both: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inbox with the sticky bit, of another user: the hub may read its files, and not take them out of it."""
    renames, stuck = Path.rename, {NAME}

    def refused(path: Path, to: Path) -> Path:
        if path.name in stuck:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return renames(path, to)

    monkeypatch.setattr(Path, "rename", refused)
    monkeypatch.setattr("ingest.diode.inbox.AT_ONCE", 2)
    monkeypatch.setattr("ingest.diode.inbox.SWEEP_S", 0.2)
    (both.inbox / NAME).write_bytes(b"no file of an edge")
    [one, two, three] = await written(both, b"1", b"2", b"3")
    stuck |= {one.name, two.name}

    async def stored() -> bool:
        return await both.rows("select count(*) from diode_file where stored_at is not null") == [(3,)]

    async with running(both):
        bring(both, one, two, three)
        await eventually(stored, "what is behind those that cannot be moved is stored")
        await asyncio.sleep(0.5)  # several looks and sweeps
        assert both.sink.payloads == [b"1", b"2", b"3"]
        assert await both.rows("select reason from diode_aside") == [("no_file",)]
        stuck.clear()
        await eventually(_is_done(both), "they are moved as soon as they can be")
    assert both.left("done") == [1, 2, 3]


def test_the_check_tells_of_a_sticky_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).write_bytes(b"x")
    assert left_behind(tmp_path) is None
    tmp_path.chmod(0o1777)
    me = os.geteuid()
    monkeypatch.setattr("app.check.diode.os.geteuid", lambda: me + 1)
    found = left_behind(tmp_path)
    assert found is not None
    assert (found.level, "(1 lie there)" in found.what) == ("fail", True)


def test_a_folder_of_another_user_is_not_taken_from_and_keeps_nothing_back(
    both: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write into the inbox may make a folder `again` there, one that the hub may not read."""
    folders, me, scans = Folders(both.hub), os.geteuid(), os.scandir
    (both.inbox / NAME).write_bytes(b"x")
    (both.inbox / "again" / "x").write_bytes(b"x")
    assert folders.waiting(9) == [NAME, "again/x"]
    assert not_own(both.inbox) is None

    def refused(path: Path) -> object:
        if path.name == "again":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scans(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refused)
        assert folders.waiting(9) == [NAME]
    (both.inbox / "again").chmod(0o770)
    assert folders.waiting(9) == [NAME]
    (both.inbox / "again").chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert folders.waiting(9) == [NAME]
    found = not_own(both.inbox)
    assert found is not None
    assert "not the hub's alone" in found.what


def test_a_posted_file_takes_no_other_ones_place(both: Ends) -> None:
    folders = Folders(both.hub)
    assert folders.put(NAME, b"one")
    assert folders.put(NAME, b"two")
    assert folders.put(NAME, b"one")
    assert sorted((both.inbox / name).read_bytes() for name in folders.waiting(9)) == [b"one", b"two"]


def _is_done(both: Ends) -> Callable[[], Awaitable[bool]]:
    async def done() -> bool:
        stored = await both.rows("select from diode_file where stored_at is not null")
        return (
            bool(stored)
            and [path.name for path in both.inbox.iterdir() if path.name not in ("done", "aside", "again")] == []
        )

    return done

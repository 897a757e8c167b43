"""Names and files in the inbox that no edge writes: each is set aside, and what comes beside them is stored."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

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


def _is_done(both: Ends) -> Callable[[], Awaitable[bool]]:
    async def done() -> bool:
        stored = await both.rows("select from diode_file where stored_at is not null")
        return bool(stored) and [path.name for path in both.inbox.iterdir() if path.name not in ("done", "aside")] == []

    return done

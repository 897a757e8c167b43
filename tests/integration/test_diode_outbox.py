"""The archive of an edge: numbers never come again, what is acknowledged is on the disk, and the disk is never full."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from devices.addressing import LISTENING, Origins, finding
from hub.diode_settings import Diode, DiodeEdge
from hub.errors import ConfigError, TransientError
from hub.models import Batch, Origin, Raw, now_micros
from ingest.diode.archive import exported, head_in
from ingest.diode.envelope import Head, messages_of
from ingest.diode.envelope import opened as unpacked
from ingest.diode.keys import keys_of, made
from ingest.diode.outbox import Outbox
from ingest.diode.poster import Poster

KEY = made()[0]


def settings(folder: Path, **more: object) -> Diode:
    told = {"edge": "video-1", "key": SecretStr(KEY), "archive": folder / "archive", "outbox": folder / "outbox"}
    return Diode(**told | {"heartbeat_s": 0.1} | more)  # type: ignore[arg-type]


def batch(*payloads: bytes) -> Batch:
    origin = Origins("ganzhi/v1").of_topic("ganzhi/v1/air-1/telemetry")
    return Batch([Raw(origin, payload, 1 + place) for place, payload in enumerate(payloads)])


def heads(folder: Path) -> list[Head]:
    return [head_in(path)[0] for path in sorted(folder.glob("*.gdx"))]


@asynccontextmanager
async def opened(told: Diode) -> AsyncIterator[Outbox]:
    outbox = Outbox(told)
    await outbox.open()
    try:
        yield outbox
    finally:
        outbox.close()


async def test_numbers_go_on_after_a_restart_and_each_names_the_one_before(tmp_path: Path) -> None:
    told = settings(tmp_path)
    for start in (0, 2):
        async with opened(told) as outbox:
            await outbox.commit(batch(b"%d" % start))
            await outbox.commit(batch(b"%d" % (start + 1), b"x"))
        for path in (tmp_path / "outbox").iterdir():
            path.unlink()  # the diode has taken them
    found = heads(tmp_path / "archive")
    assert [head.number for head in found] == [1, 2, 3, 4]
    assert [head.count for head in found] == [1, 2, 1, 2]
    assert len({head.chain for head in found}) == 1
    digests = [hashlib.sha256(head_in(path)[1]).hexdigest() for path in sorted((tmp_path / "archive").glob("*.gdx"))]
    assert [head.previous for head in found] == ["", *digests[:-1]]


async def test_what_was_kept_and_not_handed_over_is_after_a_kill(tmp_path: Path) -> None:
    async with opened(settings(tmp_path)) as outbox:
        await outbox.commit(batch(b"1"))
    [handed] = (tmp_path / "outbox").iterdir()
    handed.rename(tmp_path / "outbox" / f".{handed.name}.tmp")  # killed in between
    (tmp_path / "archive" / ".half.tmp").write_bytes(b"half")
    async with opened(settings(tmp_path)) as outbox:
        assert [path.name for path in (tmp_path / "outbox").iterdir()] == [handed.name]
        assert outbox.archive.next == 2
    assert not (tmp_path / "archive" / ".half.tmp").exists()


async def test_a_number_whose_file_cannot_be_written_stays_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(settings(tmp_path)) as outbox:
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", _no_space)
            with pytest.raises(TransientError, match="No space"):
                await outbox.commit(batch(b"1"))
        assert list((tmp_path / "outbox").iterdir()) == []
        await outbox.commit(batch(b"1"))
    assert [head.number for head in heads(tmp_path / "archive")] == [1]


def _no_space(_handle: int) -> None:
    raise OSError(28, "No space left on device")


async def test_silence_is_told_and_heartbeats_between_are_not(tmp_path: Path) -> None:
    beat = Batch([Raw(finding("", LISTENING), b'{"source":"edge","since":5,"until":9}', 1)])
    async with opened(settings(tmp_path, heartbeat_s=3600)) as outbox:
        await outbox.commit(beat)
        await outbox.commit(beat)
        await outbox.commit(batch(b"1"))
    found = heads(tmp_path / "archive")
    assert [(head.count, head.since, head.until) for head in found] == [(0, 5, 9), (1, 5, 9)]


async def test_a_batch_is_parted_and_only_the_last_part_tells_how_far_the_edge_has_heard(tmp_path: Path) -> None:
    beat = Raw(finding("", LISTENING), b'{"source":"edge","since":5,"until":9}', 1)
    async with opened(settings(tmp_path, file_mb=1)) as outbox:
        await outbox.commit(Batch([*batch(b"x" * 700_000, b"y" * 700_000).raws, beat]))
    assert [(head.count, head.since) for head in heads(tmp_path / "archive")] == [(1, None), (1, 5)]


async def test_the_oldest_go_when_it_is_too_much_and_the_range_is_told(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keep_mb=1)) as outbox:
        for number in range(7):
            await outbox.commit(batch(os.urandom(200 << 10) + b"%d" % number))
    found = heads(tmp_path / "archive")
    assert [head.number for head in found] == [2, 3, 4, 5, 6, 7]
    assert found[-1].kept_from == 2, "the range that is left"
    assert len(list((tmp_path / "outbox").iterdir())) == 6


async def test_what_the_diode_has_not_taken_is_never_deleted_and_devices_wait(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keep_mb=1, removes=True)) as outbox:
        for _ in range(6):
            await outbox.commit(batch(os.urandom(200 << 10)))
        with pytest.raises(TransientError, match="takes nothing"):
            await outbox.commit(batch(b"1"))
        assert len(list((tmp_path / "outbox").iterdir())) == 6
        for path in (tmp_path / "outbox").iterdir():
            path.unlink()
        await outbox.commit(batch(b"1"))
    assert [head.number for head in heads(tmp_path / "archive")][-1] == 7


async def test_what_is_too_old_goes(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, keep_days=1)) as outbox:
        await outbox.commit(batch(b"1"))
        await outbox.commit(batch(b"2"))
    for path in (tmp_path / "archive").glob("*.gdx"):
        os.utime(path, (time.time() - 2 * 86_400,) * 2)
    async with opened(settings(tmp_path, keep_days=1)) as outbox:
        await outbox.commit(batch(b"3"))
    assert [head.number for head in heads(tmp_path / "archive")] == [2, 3], "the newest stays: numbers go on from it"


async def test_one_edge_writes_an_archive(tmp_path: Path) -> None:
    async with opened(settings(tmp_path)):
        with pytest.raises(ConfigError, match="another edge"):
            await Outbox(settings(tmp_path)).open()


async def test_files_are_exported_by_number(tmp_path: Path) -> None:
    async with opened(settings(tmp_path)) as outbox:
        for number in range(4):
            await outbox.commit(batch(b"%d" % number))
    assert exported(tmp_path / "archive", "video-1", 2, 3, None, tmp_path / "disk") == [2, 3]
    assert [head.number for head in heads(tmp_path / "disk")] == [2, 3]
    assert exported(tmp_path / "archive", "video-1", 9, 9, None, tmp_path / "disk") == []


async def test_each_file_is_posted_so_often_whatever_is_answered(tmp_path: Path) -> None:
    sent: list[bytes] = []
    fails = iter([True, False])

    async def send(content: bytes) -> None:
        if next(fails, False):
            raise httpx.ConnectError("refused")
        sent.append(content)

    told = settings(tmp_path, post="http://127.0.0.1:1/edges/files", post_times=2, post_again_s=0.05)
    async with opened(told) as outbox:
        await outbox.commit(batch(b"1"))
        await outbox.commit(batch(b"2"))
        await _posts(told, outbox, send, lambda: len(sent) == 4)
        wanted = {path.read_bytes() for path in (tmp_path / "archive").glob("*.gdx")}
        assert set(sent) == wanted
        assert all(sent.count(each) == 2 for each in wanted)
        await outbox.commit(batch(b"3"))
        await _posts(told, outbox, send, lambda: len(sent) == 6)
        assert all(sent.count(each) == 2 for each in set(sent)), "after a restart it goes on where it was"


async def _posts(told: Diode, outbox: Outbox, send: Callable[[bytes], object], done: Callable[[], bool]) -> None:
    posting = asyncio.create_task(Poster(told, outbox, send).run())  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110 a condition of a list
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # the mark is noted behind the last one
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)


async def test_an_outbox_that_takes_nothing_leaves_no_gap_and_is_tried_again(tmp_path: Path) -> None:
    async with opened(settings(tmp_path)) as outbox:
        await outbox.commit(batch(b"1"))
        (tmp_path / "outbox").rename(tmp_path / "away")
        for _ in range(3):
            with pytest.raises(TransientError):
                await outbox.commit(batch(b"2"))
        (tmp_path / "away").rename(tmp_path / "outbox")
        await outbox.commit(batch(b"2"))
    assert [head.number for head in heads(tmp_path / "outbox")] == [1, 2, 3], "one is there twice, none is missing"


async def test_a_start_leaves_no_draft_in_the_outbox(tmp_path: Path) -> None:
    for _ in range(2):
        async with opened(settings(tmp_path)) as outbox:
            if outbox.archive.next == 1:
                await outbox.commit(batch(b"1"))
    assert [path.name[0] for path in (tmp_path / "outbox").iterdir()] == ["v"]


async def test_a_clock_that_is_set_right_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge starts in 1970, and hears the time a minute later."""
    now = time.time()
    async with opened(settings(tmp_path)) as outbox:
        monkeypatch.setattr(time, "time", lambda: 60.0)
        outbox.archive.close()
        await outbox.open()
        await outbox.commit(batch(b"1"))
        await outbox.commit(batch(b"2"))
        monkeypatch.setattr(time, "time", lambda: now)
        assert outbox.archive.forget(handed=False) == []
    for path in (tmp_path / "archive").glob("*.gdx"):
        os.utime(path, (60, 60))
    async with opened(settings(tmp_path)) as outbox:
        assert outbox.archive.forget(handed=False) == [], "nor does the next start"
    assert [head.number for head in heads(tmp_path / "outbox")] == [1, 2]


async def test_what_cameras_say_of_persons_is_in_no_file(tmp_path: Path) -> None:
    """As the hub unpacks it."""
    alert = (
        b"<EventNotificationAlert><channelID>1</channelID><eventType>fireDetection</eventType><eventState>active"
        b"</eventState><Face><name>LiWei-77</name></Face></EventNotificationAlert>"
    )
    private, public = made()
    async with opened(settings(tmp_path, key=SecretStr(private))) as outbox:
        await outbox.commit(
            Batch([Raw(Origin("http", "x", "gate-1", protocol="isapi", form="alert"), alert, now_micros())])
        )
    [file] = (tmp_path / "archive").glob("*.gdx")
    keys = keys_of((DiodeEdge(name="video-1", keys=(public,)),))
    [raw] = messages_of(unpacked(file.read_bytes(), keys), 0, 0)
    assert b"fireDetection" in raw.payload
    assert b"LiWei-77" not in raw.payload

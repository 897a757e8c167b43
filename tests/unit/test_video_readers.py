"""Which process reads a stream."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from devices.cameras.failure import CameraFailed
from hub.clip import SHED, no_clip
from ingest.video import reader as reading
from ingest.video.messages import Clipped, Ended, Open, Report
from ingest.video.reader import NoRoomError, Reader
from ingest.video.readers import Readers


async def test_streams_that_wait_to_be_opened_are_spread_over_the_processes_and_find_their_room() -> None:
    readers, given = Readers(2, 3), list[Reader]()
    async with AsyncExitStack() as waiting:
        for _ in range(6):
            given.append(await waiting.enter_async_context(readers.one(alone=False)))
        assert [given.count(reader) for reader in readers.all[:2]] == [3, 3]
        with pytest.raises(CameraFailed):
            await waiting.enter_async_context(readers.one(alone=False))
    async with readers.one(alone=False) as again:
        assert again in given


async def test_a_stream_that_does_not_say_that_it_is_closed_keeps_its_slot_and_is_not_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it tells late, a clip perhaps, would be taken for that of the next camera with its slot."""
    monkeypatch.setattr(reading, "CLOSE_S", 0.01)
    reader, heard, opened = Reader("reader of a test", 1), list[Report](), asyncio.Event()

    def wanted(slot: int) -> Open:
        opened.set()
        return Open(slot, "cam", "rtsp://127.0.0.1/", [])

    async def take(report: Report) -> None:
        heard.append(report)

    reader._ready.set()
    following = asyncio.create_task(reader.follow(wanted, take))
    await opened.wait()
    clip = Clipped(0, 1, no_clip(SHED))
    await reader._pass_on(clip)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert reader.room == 0
    with pytest.raises(NoRoomError):
        await reader.follow(wanted, take)
    await reader._pass_on(clip)
    assert heard == [clip]
    await reader._pass_on(Ended(0))
    await asyncio.sleep(0)
    assert reader.room == 1

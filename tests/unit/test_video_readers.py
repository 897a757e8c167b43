"""Which process reads a stream."""

from contextlib import AsyncExitStack

import pytest

from devices.cameras.failure import CameraFailed
from ingest.video.reader import Reader
from ingest.video.readers import Readers


async def test_streams_that_wait_to_be_opened_are_spread_over_the_processes_and_find_their_room() -> None:
    readers, given = Readers(2, 3), list[Reader]()
    async with AsyncExitStack() as waiting:
        for _ in range(6):
            given.append(await waiting.enter_async_context(readers.one(alone=False)))
        assert [given.count(reader) for reader in readers.all] == [3, 3, 0]
        with pytest.raises(CameraFailed):
            await waiting.enter_async_context(readers.one(alone=False))
    async with readers.one(alone=False) as again:
        assert again in given

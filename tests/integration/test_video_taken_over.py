"""A process that reads video and tells nonsense is ended, and its streams are told."""

import asyncio
import sys

import pytest

from ingest.video.messages import Found, Open, Report, frame
from ingest.video.reader import Reader, ReaderEnded

AT_THE_END_OF_TIME = frame(Found(0, 1 << 62, 0.0, "black", "active", 1.0, None, {}))
SCRIPT = """
import sys, time
out = sys.stdout.buffer
out.write(b"\\n")
out.flush()
sys.stdin.buffer.read(4)
out.write(bytes.fromhex({told!r}))
out.flush()
time.sleep(600)
"""


@pytest.mark.parametrize("told", [b"\xff" * 8, AT_THE_END_OF_TIME], ids=["too long", "no time"])
async def test_a_process_that_tells_nonsense_is_ended_though_it_would_live_on(told: bytes) -> None:
    taken = list[Report]()

    async def take(report: Report) -> None:
        taken.append(report)

    reader = Reader("reader of a test", 1, (sys.executable, "-c", SCRIPT.format(told=told.hex())))
    running = asyncio.create_task(reader.run())
    try:
        async with asyncio.timeout(15):
            with pytest.raises(ReaderEnded):
                await reader.follow(lambda slot: Open(slot, "cam", "rtsp://127.0.0.1/", []), take)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert taken == []

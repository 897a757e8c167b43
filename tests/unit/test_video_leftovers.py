"""What a stream has held is freed soon after its end, though it is held in circles."""

import asyncio
import gc
from weakref import ref

import pytest

from app.video import leftovers, streams
from app.video.looking import Looking
from app.video.streams import Streams
from ingest.video.marks import made
from ingest.video.messages import Ended, Open, Report, Showing


async def test_what_a_stream_has_held_is_freed_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "AFTER_S", 0.0)
    held, ends = list[ref[Looking]](), list[Report]()

    class Held(Looking):
        """Is waited for."""

        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            held.append(ref(self))

    monkeypatch.setattr(streams, "Looking", Held)
    marks, joins = made()
    joins.unlink()
    gc.disable()  # nothing else frees it
    try:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            child = Streams(marks, ends.append)
            child.take(Open(0, "cam", "rtsp://127.0.0.1:9/", [], showing=Showing(3, 60_000_000, b"seed")), group)
        async with asyncio.timeout(30):
            while held[0]() is not None:  # noqa: ASYNC110 nobody tells that it is freed
                await asyncio.sleep(0)
    finally:
        gc.enable()
    assert isinstance(ends[-1], Ended)

"""`python -m app.video.child MARKS`: reads, decodes and looks at the streams that its parent names.

Streams come from strangers: their bytes end here. It is told where to connect, and connects nowhere else.
"""

import os
import resource
import sys

from app.video.silence import silence

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import asyncio
import queue
import threading
from pathlib import Path

import cv2

from app.video.leftovers import spare_what_stays
from app.video.streams import Streams
from ingest.video.marks import Marks, joined
from ingest.video.messages import LENGTH_BYTES, TOLD, Report, frame

WAITING = 1_000
"""Reports that wait; then what would report waits, and its pictures are dropped."""
FILES = 8_192
STACK = 1 << 20
"""Bytes of a thread: there is one for each stream."""
READY = b"\n"
BEAT_S = 1.0
"""How often the parent is shown that this process goes on."""


def main() -> int:
    """Obey until the input ends."""
    cv2.setNumThreads(0)
    cv2.ocl.setUseOpenCL(False)
    threading.stack_size(STACK)
    go = os.dup(1)
    silence()
    _open_files()
    reports = queue.Queue[Report | None](WAITING)
    writing = threading.Thread(target=_write, args=(go, reports), daemon=True)
    writing.start()
    marks = joined(Path(sys.argv[1]))
    spare_what_stays()
    os.write(go, READY)
    asyncio.run(_serve(Streams(marks, reports.put), marks))
    reports.put(None)
    writing.join(2.0)
    os._exit(0)  # threads of streams that hang in a decoder are waited for by nobody


def _open_files() -> None:
    """As many as there may be: a stream in datagrams is three, and 1,000 of them are more than the usual 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard == resource.RLIM_INFINITY else min(hard, FILES), hard))


def _write(go: int, reports: "queue.Queue[Report | None]") -> None:
    with os.fdopen(go, "wb") as out:
        while (report := reports.get()) is not None:
            try:
                out.write(frame(report))
                out.flush()
            except OSError:
                os._exit(0)  # nobody reads any more


async def _beat(marks: Marks) -> None:
    while True:
        marks.beat()
        await asyncio.sleep(BEAT_S)


async def _serve(streams: Streams, marks: Marks) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as group:
        beating = group.create_task(_beat(marks), name="beat")
        while True:
            try:
                length = await reader.readexactly(LENGTH_BYTES)
                told = TOLD.decode(await reader.readexactly(int.from_bytes(length, "big")))
            except asyncio.IncompleteReadError:
                streams.close()
                beating.cancel()
                return
            streams.take(told, group)


if __name__ == "__main__":
    sys.exit(main())

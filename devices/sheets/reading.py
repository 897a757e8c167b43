"""Reads a sheet in a process of its own, with limits: whatever is in it, the hub's memory and its loop stay free."""

import sys
from asyncio import IncompleteReadError, Semaphore, StreamReader
from collections.abc import AsyncGenerator
from pathlib import Path
from signal import Signals
from subprocess import PIPE
from typing import Literal

import msgspec

from devices.sheets.parts import Part, too_costly
from hub.children import Command, Limits, child

LIMITS = Limits(memory_bytes=1 << 30, cpu_s=300)
"""Several times what a sheet of 1,000,000 devices takes."""
TURNS = Semaphore(2)
"""Sheets that are read at a time; further ones wait, before they hold a connection to the store."""
_READER = Command([sys.executable, "-m", "devices.sheets.child"], LIMITS, output=PIPE)
_ENDED_BY_LIMIT = {-Signals.SIGXCPU, -Signals.SIGKILL}


async def read_parts(kind: Literal["devices", "regions"], path: Path) -> AsyncGenerator[Part, None]:
    """The parts of a sheet as they are read; closing this ends the process. RuntimeError when it fails."""
    async with child(_READER) as reader:
        if reader.stdin is None or reader.stdout is None:
            raise RuntimeError("the process has no pipes")
        reader.stdin.write(f"{kind}\n{path}\n".encode())
        try:
            while told := await _told(reader.stdout):
                yield _DECODER.decode(told)
            return
        except IncompleteReadError:
            status = await reader.wait()
        if status not in _ENDED_BY_LIMIT:
            raise RuntimeError(f"the process that reads a sheet ended with {status}")
        yield too_costly()


_DECODER = msgspec.msgpack.Decoder(Part)


async def _told(stream: StreamReader) -> bytes:
    """A part's bytes; empty at the end."""
    return await stream.readexactly(int.from_bytes(await stream.readexactly(4), "big"))

"""Many readers of the alert streams in a process of their own; what each got is counted.

python -m tests.support.stream_crowd FILE PORT --sse 500 --ws 500. Prints "ready" once all are connected; FILE has
[changes, of which again or in the wrong order] of each reader, written anew every second.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tests.support.stream_client import follow

AT_ONCE = 50
"""Connections that are opened at a time."""


class Counted:
    """What one reader got."""

    def __init__(self) -> None:
        self.count, self.again, self._last = 0, 0, 0

    def take(self, cursor: int, body: bytes) -> None:
        """Count a change."""
        self.count += 1
        self.again += cursor <= self._last
        self._last = cursor


async def read(given: argparse.Namespace) -> None:
    """Read until the process is ended."""
    kinds = ["sse"] * given.sse + ["ws"] * given.ws
    counts, tasks = [Counted() for _ in kinds], list[asyncio.Task[None]]()
    opened = [asyncio.Event() for _ in kinds]
    for number, kind in enumerate(kinds):
        reading = follow(kind, given.port, given.token, None, counts[number].take, opened[number].set)
        tasks.append(asyncio.create_task(reading, name=f"{kind} {number}"))
        if number >= AT_ONCE:
            await opened[number - AT_ONCE].wait()
    await asyncio.gather(*(each.wait() for each in opened))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        fresh = given.file.with_suffix(".new")
        fresh.write_text(json.dumps([[each.count, each.again] for each in counts]), encoding="utf-8")
        fresh.replace(given.file)
        await asyncio.sleep(1.0)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--sse", type=int, default=0)
    parser.add_argument("--ws", type=int, default=0)
    parser.add_argument("--token", default="")
    asyncio.run(read(parser.parse_args()))


if __name__ == "__main__":
    main()

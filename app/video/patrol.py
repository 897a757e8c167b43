"""A patrol (轮巡) from the command line: thousands of cameras, so many at one time, a few frames of each."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from app.video.check import allowed
from devices.cameras.camera_url import CameraUrl
from ingest.video.itinerary import Itinerary, Stop
from ingest.video.reader import Reader
from ingest.video.visits import Visit, Visits

State = Literal["fine", "faults", "failed"]


class Round(NamedTuple):
    """How it goes."""

    at_once: int
    processes: int
    silent_s: float


class Visited(NamedTuple):
    """What a camera was like."""

    camera: str
    state: State
    faults: dict[str, float]
    seconds: float
    why: str | None


async def patrolled(
    stops: Sequence[Stop], round_: Round, known: dict[str, bytes], tell: Callable[[Visited], None]
) -> dict[str, float]:
    """A whole round, and what it took; `known` is what is remembered of each place, and is renewed."""
    room = -(-round_.at_once // round_.processes)
    readers = [Reader(f"patrol {number + 1}", room) for number in range(round_.processes)]
    counts, cpu_s = {"fine": 0, "faults": 0, "failed": 0}, 0.0
    began = time.monotonic()

    async def take(visit: Visit) -> None:
        nonlocal cpu_s
        camera, shown = visit.stop.camera, visit.shown
        why = None if visit.failure is None else visit.failure.why
        state: State = "failed" if shown is None else "faults" if visit.faults else "fine"
        if shown is not None:
            known[camera] = shown.reference
            cpu_s += shown.cpu_s
        counts[state] += 1
        tell(Visited(camera, state, visit.faults, visit.seconds, why))

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(reader.run(), name="patrol.reader") for reader in readers]
        try:
            visits = Visits(readers, round_.silent_s, _allowed, lambda: round_.at_once)
            await visits.go(Itinerary(stops), lambda stop: known.get(stop.camera, b""), take)
        finally:
            for each in running:
                each.cancel()
    seconds = time.monotonic() - began
    return {"cameras": len(stops), **counts, "round_s": round(seconds, 1), "judging_cpu_s": round(cpu_s, 2)}


async def _allowed(url: CameraUrl) -> list[str]:
    return await allowed(url.host, url.port)

"""A patrol (轮巡): thousands of cameras, one after the other, so many at one time, a few frames of each."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from app.video.check import allowed
from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.failure import CameraFailed
from ingest.video.messages import Glance, Glanced, Report
from ingest.video.reader import Reader

COUNTS = 0.5
"""The score of a fault from which it is one."""


class Stop(NamedTuple):
    """A camera on the way."""

    camera: str
    url: CameraUrl
    login: Login | None


class Round(NamedTuple):
    """How it goes."""

    at_once: int
    processes: int
    silent_s: float


class Visited(NamedTuple):
    """What a camera was like."""

    camera: str
    state: Literal["fine", "faults", "failed"]
    faults: dict[str, float]
    seconds: float
    why: str | None


async def patrolled(
    stops: Sequence[Stop], round_: Round, known: dict[str, bytes], tell: Callable[[Visited], None]
) -> dict[str, float]:
    """A whole round, and what it took; `known` is what is remembered of each place, and is renewed."""
    room = -(-round_.at_once // round_.processes)
    readers = [Reader(f"patrol {number + 1}", room) for number in range(round_.processes)]
    waiting, counts, cpu_s = iter(stops), {"fine": 0, "faults": 0, "failed": 0}, 0.0
    began = time.monotonic()

    async def go(reader: Reader) -> None:
        nonlocal cpu_s
        for stop in waiting:
            visited, spent = await _visited(stop, reader, round_.silent_s, known)
            counts[visited.state] += 1
            cpu_s += spent
            tell(visited)

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(reader.run(), name="patrol.reader") for reader in readers]
        try:
            async with asyncio.TaskGroup() as going:
                for number in range(min(round_.at_once, len(stops))):
                    going.create_task(go(readers[number % len(readers)]), name=f"patrol.{number}")
        finally:
            for each in running:
                each.cancel()
    seconds = time.monotonic() - began
    return {"cameras": len(stops), **counts, "round_s": round(seconds, 1), "judging_cpu_s": round(cpu_s, 2)}


async def _visited(stop: Stop, reader: Reader, silent_s: float, known: dict[str, bytes]) -> tuple[Visited, float]:
    began, shown = time.monotonic(), list[Glanced]()
    login = None if stop.login is None else (stop.login.username, stop.login.password)

    async def take(report: Report) -> None:
        if isinstance(report, Glanced):
            shown.append(report)

    why: str | None = None
    try:
        addresses = await allowed(stop.url.host, stop.url.port)
        reference = known.get(stop.camera, b"")
        ended = await reader.follow(
            lambda slot: Glance(slot, stop.camera, stop.url.shown, addresses, login, silent_s, reference), take
        )
        why = ended.sentence or None
    except CameraFailed as error:
        why = error.sentence
    seconds = time.monotonic() - began
    if not shown:
        return Visited(stop.camera, "failed", {}, seconds, why), 0.0
    known[stop.camera] = shown[0].reference
    faults = {kind: score for kind, score in shown[0].scores.items() if score >= COUNTS}
    return Visited(stop.camera, "faults" if faults else "fine", faults, seconds, None), shown[0].cpu_s

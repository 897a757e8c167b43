"""Pictures of a street that is made up, and the gate that looks at them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.picture_settings import Pictures
from ingest.pictures.gate import CHILD, LIMITS, Gate
from ingest.pictures.places import Places

Array = NDArray[np.uint8]
QUICK = Pictures(occasions=3, occasion_s=0.01, longest_side=1280)
"""A place is known after three pictures, however soon they come."""


def street(width: int = 1280, height: int = 720, seed: int = 7) -> Array:
    """A place without anybody: asphalt, a house with windows, a kerb; BGR."""
    random = np.random.default_rng(seed)
    coarse = random.integers(70, 120, (height // 40, width // 40, 3), np.uint8)
    place: Array = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.rectangle(place, (0, 0), (width, height // 4), (150, 140, 120), -1)
    for left in range(30, width - 60, 120):
        cv2.rectangle(place, (left, height // 16), (left + 50, height // 5), (60, 50, 40), -1)
    cv2.line(place, (0, height // 2), (width, height // 2 + 40), (200, 200, 200), 5)
    return place


def noisy(picture: Array, seed: int) -> Array:
    """As the same camera sees it another time."""
    noise = np.random.default_rng(seed).normal(0, 3, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def jpeg(picture: Array, quality: int = 90, *options: int) -> bytes:
    """As a camera sends it."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality, *options])[1])


def decoded(picture: bytes) -> Array:
    """BGR."""
    found = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return np.asarray(found, np.uint8)


@asynccontextmanager
async def open_gate(
    settings: Pictures = QUICK,
    command: Sequence[str | Path] = CHILD,
    *,
    ready: bool = True,
    places: Places | None = None,
) -> AsyncIterator[Gate]:
    """A gate whose processes run; `ready`: all of them have loaded what they need."""
    gate = Gate(settings, command=command, limits=LIMITS, places=places)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(gate.run())
        gate.warm()
        async with asyncio.timeout(60):
            while ready and gate.ready < settings.processes:  # noqa: ASYNC110 another process has no event for it
                await asyncio.sleep(0.01)
        try:
            yield gate
        finally:
            running.cancel()

"""What a child finds at one camera, on its way to an event: each with the picture that has passed the privacy gate.

What is active is remembered here, and read from the store at the start, for a child that is started anew knows nothing
of it: what it does not find again once it has seen pictures for a while has ended.
"""

import json
import time
from collections.abc import Iterable, Mapping

from devices.codecs.video.findings import zone_of
from hub.models import Micros, Origin, from_micros, now_micros
from hub.picture import Picture
from ingest.cameras.alerts import Pass, Put
from ingest.video.messages import Found, Measured

LOST = "signal_loss"
AGAIN_S = 30.0
"""A loss is told again so often: episodes that nobody tells of for longer end."""
LEAST_S = 10.0
"""All that is to be seen again is seen by then: faults of the picture are held for 5 s at most before they are told."""
Key = tuple[str, str | None]
"""Kind and zone."""


class Findings:
    """Of one camera."""

    def __init__(self, camera: str, origin: Origin, put: Put, gate: Pass) -> None:
        self._camera, self._origin, self._put, self._gate = camera, origin, put, gate
        self._active: dict[Key, float] = {}
        self._shown_at: float | None = None
        """Since when the stream of now has brought pictures, by the monotonic clock."""
        self._lost_at = float("-inf")

    async def take(self, found: Found) -> None:
        """A finding of the child."""
        key = found.kind, zone_of(found.zone)[0] or None  # as the store has it
        if found.state == "active":
            self._active[key] = time.monotonic()
        else:
            self._active.pop(key, None)
        pictures: tuple[Picture, ...] = ()
        if found.picture:
            pictures = (await self._gate(self._camera, found.picture),)
        await self._tell(found.at, key, found.state, found.score, found.cues, pictures)

    async def measured(self, measured: Measured) -> None:
        """Readings of the child."""
        told = {"ts": from_micros(measured.at).isoformat(), "values": measured.values}
        await self._put(self._origin, json.dumps(told).encode(), ())

    async def shown(self) -> None:
        """The stream brings pictures, of a new size perhaps."""
        self._shown_at = self._shown_at or time.monotonic()
        await self.back()

    async def back(self) -> None:
        """It is not lost any more."""
        if self._active.pop((LOST, None), None) is not None:
            await self._tell(now_micros(), (LOST, None), "ended", 0.0, {}, ())

    async def over(self) -> None:
        """Nobody looks any more: all has ended."""
        for key in list(self._active):
            del self._active[key]
            await self._tell(now_micros(), key, "ended", 0.0, {}, ())

    def closed(self) -> None:
        """The stream is closed: the next one is looked at by somebody who knows of nothing."""
        self._shown_at = None

    async def lost(self) -> None:
        """It brings none: told again and again."""
        now = time.monotonic()
        if now - self._lost_at < AGAIN_S:
            return
        self._lost_at = self._active[LOST, None] = now
        await self._tell(now_micros(), (LOST, None), "active", 1.0, {"no_stream": 1.0}, ())

    def restore(self, keys: Iterable[Key]) -> None:
        """What lasts, as the store has it."""
        for key in keys:
            self._active.setdefault(key, float("-inf"))

    async def turn(self, after_s: float) -> None:
        """What is not found again in `after_s` of pictures has ended."""
        shown_at = self._shown_at
        if shown_at is None or time.monotonic() - shown_at < max(after_s, LEAST_S):
            return
        for key in [key for key, at in self._active.items() if at < shown_at]:
            del self._active[key]
            await self._tell(now_micros(), key, "ended", 0.0, {}, ())

    async def _tell(
        self, at: Micros, key: Key, state: str, score: float, cues: Mapping[str, float],
        pictures: tuple[Picture, ...],
    ) -> None:  # fmt: skip
        told = {
            "ts": from_micros(at).isoformat(), "kind": key[0], "state": state, "score": score, "zone": key[1],
            "cues": dict(cues),
        }  # fmt: skip
        await self._put(self._origin, json.dumps(told, ensure_ascii=False).encode(), pictures)

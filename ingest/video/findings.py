"""What a child finds at one camera, on its way to an event: each with its picture, which the child has put in blocks.

What is active is remembered here, and read from the store at the start, for a child that is started anew knows nothing
of it: what it does not find again once it has seen pictures for a while has ended.
"""

import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from devices.codecs.video.findings import zone_of
from hub.clip import FOLLOWS, MOST_BYTES, NO_FRAMES, TOO_MANY_BYTES, Clip, is_webp, no_clip
from hub.models import Micros, Origin, from_micros, now_micros
from hub.picture import MOST_BYTES as MOST_BYTES_OF_PICTURE
from hub.picture import REFUSED, Picture, absent
from ingest.pictures.header import RefusedPicture, read_header
from ingest.video.messages import Box, Clipped, Found, Measured

LOST = "signal_loss"
AGAIN_S = 30.0
"""A loss is told again so often: episodes that nobody tells of for longer end."""
LEAST_S = 10.0
"""All that is to be seen again is seen by then: faults of the picture are held for 5 s at most before they are told."""
MOST_CLIPS = 16
"""That follow; a process makes fewer at one time."""
Key = tuple[str, str | None]
"""Kind and zone."""


class Put(Protocol):
    """Takes a message with what belongs to its event."""

    def __call__(
        self, origin: Origin, payload: bytes, pictures: tuple[Picture, ...] = (), clip: Clip | None = None
    ) -> Awaitable[None]:
        """See ingest.cameras.intake.Intake."""


class Findings:
    """Of one camera."""

    def __init__(self, origin: Origin, put: Put, note: Callable[[Picture], None]) -> None:
        """`note` counts pictures, by what became of them."""
        self._origin, self._put, self._note = origin, put, note
        self._active: dict[Key, float] = {}
        self._shown_at: float | None = None
        """Since when the stream of now has brought pictures, by the monotonic clock."""
        self._lost_at = float("-inf")
        self._clips: dict[int, dict[str, object]] = {}
        """By number of a clip that follows: its finding."""
        self.clips: Counter[str] = Counter()
        """Clips by what became of them: made, or why there is none."""

    async def take(self, found: Found) -> None:
        """A finding of the child."""
        key = found.kind, zone_of(found.zone)[0] or None  # as the store has it
        if found.state == "active":
            self._active[key] = time.monotonic()
        else:
            self._active.pop(key, None)
        pictures: tuple[Picture, ...] = ()
        if found.picture is not None:
            pictures = (_checked(found.picture),)
            self._note(pictures[0])
        clip = no_clip(FOLLOWS) if found.clip else None
        if found.no_clip:
            clip = no_clip(found.no_clip)
            self.clips[found.no_clip] += 1
        told = await self._tell(found.at, key, found.state, found.score, found.cues, pictures, clip, found.box)
        if found.clip:
            self._clips[found.clip] = told
            while len(self._clips) > MOST_CLIPS:
                del self._clips[next(iter(self._clips))]

    async def clipped(self, clipped: Clipped) -> None:
        """The clip of a finding that was told before; of any other it is dropped."""
        if (told := self._clips.pop(clipped.number, None)) is None:
            return
        clip = clipped.clip
        if not clip.why and not is_webp(clip.webp):
            clip = no_clip(TOO_MANY_BYTES if len(clip.webp) > MOST_BYTES else NO_FRAMES)
        self.clips[clip.why or "made"] += 1
        await self._put(self._origin, _payload({**told, "clip": True}), clip=clip)

    async def measured(self, measured: Measured) -> None:
        """Readings of the child."""
        told = {"ts": from_micros(measured.at).isoformat(), "values": measured.values}
        await self._put(self._origin, _payload(told))

    async def shown(self) -> None:
        """The stream brings pictures, of a new size perhaps."""
        self._shown_at = self._shown_at or time.monotonic()
        await self.back()

    async def back(self) -> None:
        """It is not lost any more."""
        if self._active.pop((LOST, None), None) is not None:
            await self._tell(now_micros(), (LOST, None), "ended", 0.0, {})

    async def over(self) -> None:
        """Nobody looks any more: all has ended."""
        for key in list(self._active):
            del self._active[key]
            await self._tell(now_micros(), key, "ended", 0.0, {}, ())

    def closed(self) -> None:
        """The stream is closed: the next one is looked at by somebody who knows of nothing."""
        self._shown_at = None
        self.clips["lost"] += len(self._clips)
        self._clips.clear()

    async def lost(self) -> None:
        """It brings none: told again and again."""
        now = time.monotonic()
        if now - self._lost_at < AGAIN_S:
            return
        self._lost_at = self._active[LOST, None] = now
        await self._tell(now_micros(), (LOST, None), "active", 1.0, {"no_stream": 1.0})

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
            await self._tell(now_micros(), key, "ended", 0.0, {})

    async def _tell(
        self, at: Micros, key: Key, state: str, score: float, cues: Mapping[str, float],
        pictures: tuple[Picture, ...] = (), clip: Clip | None = None, box: Box | None = None,
    ) -> dict[str, object]:  # fmt: skip
        told: dict[str, object] = {
            "ts": from_micros(at).isoformat(), "kind": key[0], "state": state, "score": score, "zone": key[1],
            "cues": dict(cues),
        }  # fmt: skip
        if box is not None:
            told["box"] = box
        await self._put(self._origin, _payload(told), pictures, clip)
        return told


def _checked(picture: Picture) -> Picture:
    """No child passes on what is no picture, or a large one."""
    try:
        if picture.jpeg and not (len(picture.jpeg) <= MOST_BYTES_OF_PICTURE and read_header(picture.jpeg).jpeg):
            return absent(f"{REFUSED}too_many_bytes")
    except RefusedPicture as refused:
        return absent(REFUSED + refused.reason)
    return picture


def _payload(told: Mapping[str, object]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()

"""A few frames of a camera: opened, diagnosed and closed again."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from analytics.video.quality.quick import quick
from app.video.trust import trust_of
from devices.cameras.camera_url import CameraUrl, Login, parse_url
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import HttpPeer
from hub.words.sentence import Sentence
from ingest.pictures.header import RefusedPicture
from ingest.video import decoding
from ingest.video.addressed import Addressed
from ingest.video.http_pictures import pictures
from ingest.video.marks import Marks
from ingest.video.messages import Glance, Glanced
from ingest.video.parameter_sets import Encoding
from ingest.video.rtp import Unit
from ingest.video.rtsp import RtspStream

LONGEST = 3
"""A camera may take so many times as long as silence until its frames are there, however it dawdles."""
COUNTS = 0.5
"""The score of a fault from which its picture is sent."""
FRAMES = 3
"""A key picture and those behind it: noise and rolling bars are told from two."""


async def glanced(told: Glance, marks: Marks) -> Glanced:
    """What a camera shows. CameraFailed."""
    units, url = list[Unit](), parse_url("rtsp", told.url)[0]
    opened = asyncio.Event()
    try:
        async with asyncio.timeout(LONGEST * told.silent_s):
            encoding = await _read(told, url, units, opened)
    except TimeoutError:
        seconds = f"{LONGEST * told.silent_s:g}"
        why = Sentence("camera.failed.no_frames", seconds=seconds)
        if not opened.is_set():
            why = Sentence("camera.failed.slow", seconds=seconds, host=url.host, port=url.port)
        raise CameraFailed("answer", why) from None
    return await asyncio.to_thread(_judged, told, units, encoding, marks)


async def _read(told: Glance, url: CameraUrl, units: list[Unit], opened: asyncio.Event) -> Encoding | None:
    """Its first pictures, and their encoding; None: JPEG. `opened` is set once it has answered."""
    encoding = None
    login = None if told.login is None else Login(*told.login)
    peer = HttpPeer(url, login, Addressed(told.addresses), trust_of(url, told.tls))
    if url.scheme.startswith("rtsp"):
        async with RtspStream(peer, login, told.silent_s).opened() as (encoding, stream):
            opened.set()
            async for unit in stream:
                units.append(unit)
                if len(units) == FRAMES:
                    break
    else:
        opened.set()  # it is asked once, and says itself what it waits for
        async for picture in pictures(peer, 2.0, told.silent_s):
            units.append(Unit(picture, is_key=True, is_needed=True, size=None))
            if len(units) == 2:
                break
    return encoding


def _waiting(marks: Marks, slot: int, begins: bool) -> None:
    (marks.leave if begins else marks.enter)(slot)


def _judged(told: Glance, units: Sequence[Unit], encoding: Encoding | None, marks: Marks) -> Glanced:
    began = time.thread_time()
    marks.enter(told.slot)
    try:
        if encoding is None:
            found = [decoding.still(unit.data) for unit in units]
        else:
            found = decoding.few(encoding, units, partial(_waiting, marks, told.slot))
        if not found:
            raise CameraFailed("answer", Sentence("camera.failed.decoder"))
        scores, reference = quick(found, told.reference or None)
    except RefusedPicture as error:
        why = Sentence("camera.failed.picture", told=Sentence(f"picture.refused.{error.reason}"))
        raise CameraFailed("answer", why) from error
    finally:
        marks.leave(told.slot)
    told_scores = {kind: round(float(cue.score), 4) for kind, cue in scores.items()}
    picture = decoding.jpeg_of(found[-1]) if max(told_scores.values(), default=0.0) >= COUNTS else b""
    return Glanced(told.slot, told_scores, reference, time.thread_time() - began, picture)

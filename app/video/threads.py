"""The thread of one stream: it decodes what the network has brought, and looks at it."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.video.looking import Looking
from hub.words.sentence import Sentence
from ingest.pictures.header import RefusedPicture
from ingest.video import decoding
from ingest.video.complaints import Complaints, complaints
from ingest.video.feed import Feed
from ingest.video.file_time import FileTime
from ingest.video.marks import Marks
from ingest.video.messages import Pace, Up
from ingest.video.parameter_sets import Encoding
from ingest.video.rtp import Unit

log = logging.getLogger(__name__)

BLIND_S = 60.0
"""A stream whose pictures come and cannot be decoded for so long is given up: it holds a place among others."""
EMPTY = 30
"""Pictures in a row that cannot be had, after which a stream is given up."""
MOST_LOST = 0.05
"""Of the frames of a file: with more of them left out it is not told as read."""
EXHAUSTED = 70
"""The status of a child that has no memory left: nothing that it reads can go on."""
Over = Callable[[str, str], None]
"""Told the step and the sentence when a stream cannot be decoded."""


class StreamThread(threading.Thread):
    """Of a stream; `feed` takes what comes, `stop` ends it."""

    def __init__(self, slot: int, encoding: Encoding | None, looking: Looking, marks: Marks, over: Over) -> None:
        """Without an `encoding` it is pictures, JPEG after JPEG."""
        super().__init__(name=f"video {slot}", daemon=True)
        self._slot, self._encoding, self._looking, self._marks, self._over = slot, encoding, looking, marks, over
        self.feed = Feed(encoding or "h264", self._waiting)
        self._shown: tuple[int, int] | None = None
        self._bad, self._why = 0, Sentence("camera.failed.decoder")
        self._decoded_at = time.monotonic()

    def _waiting(self, begins: bool) -> None:
        if begins:
            self._looking.figures()
            self._marks.leave(self._slot)
        else:
            self._marks.enter(self._slot)

    def pace(self, pace: Pace) -> None:
        """Look at more or less."""
        self.feed.pace = pace
        self._looking.pace(pace)

    @property
    def is_blind(self) -> bool:
        """Whether nothing of what comes was decoded for too long."""
        return time.monotonic() - self._decoded_at > BLIND_S

    def stop(self) -> None:
        """End it; `join` waits for that."""
        self.feed.end()

    def run(self) -> None:
        """Until it is stopped or cannot be decoded."""
        self._looking.begin()
        self._marks.enter(self._slot)
        try:
            while self._bad < EMPTY and self.feed.first():
                if self._encoding is None:
                    self._still(self.feed.take())
                else:
                    self._decode(self._encoding)
            if self._bad >= EMPTY:
                self._over("answer", self._why)
        except Exception as error:
            if decoding.is_exhausted(error):
                os._exit(EXHAUSTED)  # its mark stays: the hub reads this stream alone from now on
            log.exception("video of slot %d", self._slot)
            told = f"{type(error).__name__}: {error}"[:200]
            self._over("answer", Sentence("camera.failed.unforeseen", error=told))
        finally:
            self._marks.leave(self._slot)
            self._looking.dropped += self.feed.dropped
            self._looking.close()

    def _decode(self, encoding: Encoding) -> None:
        decoder = decoding.of_stream(encoding, self.feed)
        try:
            if not decoder.opened:
                self._bad += 1
                self.feed.skip()
                return
            while self._bad < EMPTY and decoder.step():
                self._marks.enter(self._slot)  # a stream that is behind never waits, and hangs in no picture
                self._looking.decoded += 1
                self._decoded_at = time.monotonic()
                t = self.feed.arrived()
                if not self._looking.is_due(t):
                    continue
                picture = decoder.picture()
                if picture is None:
                    self._bad += 1
                    continue
                self._see(t, picture, decoder.size, encoding)
        finally:
            decoder.close()

    def _still(self, unit: Unit | None) -> None:
        if unit is None:
            return
        self._marks.enter(self._slot)
        t = time.monotonic()
        if not self._looking.is_due(t):
            return
        try:
            picture = decoding.still(unit.data)
        except RefusedPicture as error:
            self._bad += 1
            self._why = Sentence("camera.failed.picture", told=Sentence(f"picture.refused.{error.reason}"))
            return
        self._looking.decoded += 1
        self._decoded_at = time.monotonic()
        height, width = picture.shape[:2]
        self._see(t, picture, (width, height), "jpeg")

    def _see(self, t: float, picture: decoding.Picture, size: tuple[int, int], encoding: str) -> None:
        self._bad = 0
        if size != self._shown:
            self._shown = size
            self._looking.tell(Up(self._slot, encoding, *size))
        self._looking.see(t, picture)
        self._looking.figures()


def read_file(slot: int, path: Path, looking: Looking, marks: Marks) -> str:
    """Look at a file from its beginning to its end, as fast as it can be; returns why it cannot be read, or ""."""
    looking.begin()
    marks.enter(slot)
    try:
        if not path.is_file() and path.exists():  # to open a pipe waits for somebody who writes
            return Sentence("camera.failed.file", path=str(path), told=Sentence("video.file.none"))
        with path.open("rb") as file:
            head = file.read(8 << 20)
            file.seek(0)
            if head.startswith((b"\xff\xd8\xff", b"\x89PNG")) and not decoding.is_series(head):
                picture = decoding.still(head)
                looking.tell(Up(slot, "jpeg", picture.shape[1], picture.shape[0]))
                looking.decoded += 1
                looking.see(0.0, picture)
                return ""
            if not head:
                return Sentence("camera.failed.file", path=str(path), told=Sentence("video.file.empty"))
            with complaints() as told:
                decoder = decoding.of_file(file)
                try:
                    return _frames(slot, path, decoder, looking, marks, told)
                finally:
                    decoder.close()
    except FileNotFoundError:
        return Sentence("video.no_file", path=str(path))
    except OSError as error:
        return Sentence("camera.failed.file", path=str(path), told=error.strerror or "-")
    except RefusedPicture as error:
        return Sentence("camera.failed.file", path=str(path), told=Sentence(f"picture.refused.{error.reason}"))
    finally:
        marks.leave(slot)
        looking.close()


def _frames(
    slot: int, path: Path, decoder: decoding.Decoder, looking: Looking, marks: Marks, told: Complaints
) -> str:  # fmt: skip
    width, height = decoder.size
    if not decoder.opened or not 0 < width * height <= decoding.MAX_CODED:
        large, strange = Sentence("video.file.large", width=width, height=height), Sentence("video.file.kind")
        why = large if decoder.opened else strange
        return Sentence("camera.failed.file", path=str(path), told=why)
    looking.tell(Up(slot, "file", width, height))
    time_of, frames, t = FileTime(), 0, 0.0
    while decoder.step_on():
        marks.enter(slot)
        looking.decoded += 1
        frames += 1
        looking.dropped += told.told()
        t = time_of.of(decoder.at())
        if not looking.is_due(t):
            continue
        picture = decoder.picture()
        if picture is not None:
            looking.see(t, picture)
        looking.figures()
    if not frames:
        return Sentence("camera.failed.file", path=str(path), told=Sentence("video.file.kind"))
    looking.dropped += told.told()
    if (lost := decoding.lost_of(decoder, frames, told)) > 0:
        looking.dropped += lost
        if lost > MOST_LOST * (frames + lost):
            whole = decoding.damage_of(frames, lost, t, decoder.seconds)
            return Sentence("camera.failed.file", path=str(path), told=whole)
    return ""

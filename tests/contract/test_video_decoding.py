"""Decoders are opened one after the other; who waits for another one is at fault for nothing."""

import threading
from pathlib import Path

import numpy as np
import pytest

from ingest.video import decoding
from ingest.video.feed import Feed
from ingest.video.marks import joined, made
from ingest.video.rtp import Unit
from simulator.cameras.rtsp import clip

PATIENCE_S = 30.0


def _units(name: str, count: int) -> list[Unit]:
    return [
        Unit(b"".join(b"\0\0\0\1" + nal for nal in picture), number == 0, is_needed=True, size=None)
        for number, picture in enumerate(clip(name).pictures[:count])
    ]


def test_only_the_stream_that_hangs_while_it_is_opened_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    marks, path = made()
    own, asked, let = joined(Path(path)), threading.Event(), threading.Event()
    path.unlink()

    class Stuck(Feed):
        def read(self, _size: int | None = -1) -> bytes:
            asked.set()
            let.wait(2 * PATIENCE_S)
            return b""

    def opened(slot: int, feed: Feed) -> None:
        own.enter(slot)
        decoding.of_stream("h264", feed).close()
        own.leave(slot)

    def feed_of(slot: int, kind: type[Feed]) -> Feed:
        def waiting(begins: bool) -> None:
            (own.leave if begins else own.enter)(slot)

        return kind("h264", waiting)

    first = threading.Thread(target=opened, args=(3, feed_of(3, Stuck)), daemon=True)
    first.start()
    assert asked.wait(PATIENCE_S)
    good = feed_of(5, Feed)
    for unit in _units("street.h264", 2):
        good.put(unit)
    good.first()
    waits = threading.Event()
    monkeypatch.setattr(decoding, "_OPENING", _Told(decoding._OPENING, waits))
    second = threading.Thread(target=opened, args=(5, good), daemon=True)
    second.start()
    assert waits.wait(PATIENCE_S)
    assert marks.inside() == [3]
    let.set()
    for each in (first, second):
        each.join(PATIENCE_S)
    assert marks.inside() == []


class _Told:
    """A lock that tells when somebody comes to it."""

    def __init__(self, lock: threading.Lock, came: threading.Event) -> None:
        self._lock, self._came = lock, came

    def __enter__(self) -> None:
        self._came.set()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_jpegs_that_lie_one_behind_the_other_are_a_video_and_a_photo_with_its_preview_is_none(tmp_path: Path) -> None:
    pictures = [decoding.jpeg_of(np.full((48, 64, 3), 20 * number, np.uint8)) for number in range(10)]
    assert not decoding.is_series(b"".join(pictures[:3]))
    file = tmp_path / "clip.mjpeg"
    file.write_bytes(b"".join(pictures))
    assert decoding.is_series(file.read_bytes())
    with file.open("rb") as opened:
        decoder = decoding.of_file(opened)
        seen = [(decoder.at(), decoder.picture()) for _ in pictures if decoder.step()]
        decoder.close()
    assert [t for t, _ in seen] == pytest.approx([number / 25 for number in range(10)], abs=0.001)
    assert [round(float(picture.mean())) for _, picture in seen if picture is not None] == list(range(0, 200, 20))

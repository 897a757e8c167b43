"""Streams are read by a process of their own, which may die."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest

from app.video.networks import FOLDER
from hub.clip import is_webp
from hub.words.sentence import Sentence
from ingest.video.messages import Clipped, Ended, Figures, Found, Measured, Open, OpenFile, Report, Showing, Up
from ingest.video.reader import Reader, ReaderEnded
from simulator.cameras.http_login import HttpLogin
from simulator.cameras.rtsp import Clip, RtspCamera, clip
from tests.support.http_camera import LEVEL, PIER, HttpCamera
from tests.support.onnx_network import boxes_by_colour

T = TypeVar("T", bound=Report)
PATIENCE_S = 60.0
SILENT_S = 1.5


class Followed:
    """One stream, and what is told of it."""

    def __init__(self, reader: Reader, told: Open | OpenFile) -> None:
        self.slot = -1
        self.reports: list[Report] = []
        self._changed = asyncio.Condition()

        def wanted(slot: int) -> Open | OpenFile:
            self.slot = told.slot = slot
            return told

        self.task = asyncio.create_task(reader.follow(wanted, self._take))

    async def _take(self, report: Report) -> None:
        async with self._changed:
            self.reports.append(report)
            self._changed.notify_all()

    async def until(self, kind: type[T], count: int = 1) -> list[T]:
        """So many reports of a kind."""

        def found() -> list[T]:
            return [each for each in self.reports if isinstance(each, kind)]

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: len(found()) >= count)
        return found()

    async def ended(self) -> Ended:
        """How it ended."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.task


@asynccontextmanager
async def running(most: int = 16) -> AsyncIterator[Reader]:
    """A reader with its process."""
    reader = Reader("reader of a test", most)
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def stream(camera: RtspCamera, login: tuple[str, str] | None = None) -> Open:
    """As the hub opens one."""
    return Open(0, "cam", camera.url(), ["127.0.0.1"], login, 5.0, silent_s=SILENT_S)


def told_of(pid: int | None) -> bytes:
    """What others see of a process."""
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


async def test_a_bad_stream_ends_alone_with_why_and_the_others_go_on() -> None:
    login = HttpLogin("ganzhi", "s3cret-pass")
    async with (
        RtspCamera(clip("street.h264"), login) as good,
        RtspCamera(clip("huge.h264")) as huge,
        RtspCamera(clip("street.h264")) as silent,
        RtspCamera(clip("street.h265")) as nonsense,
        RtspCamera(clip("street.h265")) as elsewhere,
        RtspCamera(clip("street.h264")) as blind,
        running() as reader,
    ):
        silent.speaks, nonsense.nonsense, elsewhere.redirects_to = False, True, "rtsp://169.254.169.254/"
        followed = Followed(reader, stream(good, ("ganzhi", "s3cret-pass")))
        wrong = Followed(reader, stream(good, ("ganzhi", "wrong")))
        others = {each: Followed(reader, stream(each)) for each in (huge, silent, nonsense, elsewhere)}
        blinded = Followed(reader, stream(blind))
        await blinded.until(Up)
        blind.clip = Clip("h264", ((b"\x06\x05\x01\x00\x80",),))  # it goes on, with packets that are no pictures
        others[blind] = blinded
        assert [(up.encoding, up.width, up.height) for up in await followed.until(Up)] == [("h264", 640, 360)]
        why = {each: (await other.ended()).sentence for each, other in others.items()}
        keys = {each: told.key for each, told in why.items() if isinstance(told, Sentence)}
        assert keys == {
            huge: "camera.failed.large", silent: "camera.failed.no_frames",
            blind: "camera.failed.no_frames", nonsense: "camera.failed.garbage", elsewhere: "camera.failed.redirect",
        }  # fmt: skip
        assert (await wrong.ended()).step == "login"
        good.clip = clip("small.h264")  # the resolution changes on the way
        assert (await followed.until(Up, 2))[1].width == 320
        good.clip, good.jumps = clip("black.h264"), True
        assert "black" in {found.kind for found in await followed.until(Found)}
        assert b"s3cret" not in told_of(reader.pid)
        followed.task.cancel()
        await asyncio.gather(followed.task, return_exceptions=True)
        assert reader.room == 16


async def test_a_clip_follows_its_finding_and_of_a_camera_that_dies_it_ends_there() -> None:
    settings = json.dumps({"kinds": ["black"], "clip_s": 10}).encode()
    async with RtspCamera(clip("street.h264")) as camera, running() as reader:
        told = stream(camera)
        told.settings, told.showing = settings, Showing(3, 60_000_000, b"gate")
        followed = Followed(reader, told)
        await followed.until(Up)
        camera.clip = clip("black.h264")
        found = (await followed.until(Found))[0]
        assert (found.kind, found.no_clip) == ("black", "")
        assert found.picture is not None
        assert (found.picture.why, found.picture.whole) == ("", True)
        camera.speaks = False
        assert (await followed.ended()).sentence
        (clipped,) = await followed.until(Clipped)
        assert (clipped.number, clipped.clip.why) == (found.clip, "")
        assert is_webp(clipped.clip.webp)
        assert clipped.clip.before_s + 0.19 <= clipped.clip.seconds < 10  # both are rounded


async def test_a_child_that_is_killed_ends_its_streams_and_comes_again() -> None:
    async with RtspCamera(clip("street.h265")) as camera, running() as reader:
        followed = Followed(reader, stream(camera))
        await followed.until(Up)
        assert reader.pid is not None
        os.kill(reader.pid, 9)
        with pytest.raises(ReaderEnded):
            await followed.ended()
        again = Followed(reader, stream(camera))
        assert (await again.until(Up))[0].encoding == "hevc"
        again.task.cancel()
        await asyncio.gather(again.task, return_exceptions=True)


async def test_a_file_that_names_others_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.h264"
    secret.write_bytes((Path(__file__).parents[2] / "simulator/cameras/clips/street.h264").read_bytes())
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n")
    concat = tmp_path / "list.ffconcat"
    concat.write_text(f"ffconcat version 1.0\nfile {secret}\n")
    async with running() as reader:
        for path in (playlist, concat):
            ended = await Followed(reader, OpenFile(0, str(path))).ended()
            assert ended.step == "answer"
            assert "cannot be read as video" in ended.sentence
        whole = Followed(reader, OpenFile(0, str(secret)))
        assert (await whole.ended()).step == ""
        assert (await whole.until(Up))[0].width == 640
        assert sum(each.dropped for each in await whole.until(Figures)) == 0


async def test_of_a_damaged_file_is_told_how_much_of_it_is(tmp_path: Path) -> None:
    written = await asyncio.to_thread(_damaged_files, tmp_path)
    async with running() as reader:
        told = {}
        for name in written:
            followed = Followed(reader, OpenFile(0, str(tmp_path / name)))
            sentence = (await followed.ended()).sentence
            dropped = sum(each.dropped for each in await followed.until(Figures))
            told[name] = isinstance(sentence, Sentence), "ends early" in sentence, dropped > 0
    assert told == {
        "whole.mp4": (False, False, False), "scratched.mp4": (False, False, True), "broken.mp4": (True, True, True)
    }  # fmt: skip


def _damaged_files(folder: Path) -> list[str]:
    """A clip of 60 frames as it was written, with some bytes turned, and with most of them gone."""
    path = folder / "whole.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (320, 180))
    for number in range(60):
        writer.write(np.random.default_rng(number).integers(0, 255, (180, 320, 3), np.uint8))
    writer.release()
    whole = path.read_bytes()
    begin = whole.index(b"mdat") + 4
    length = int.from_bytes(whole[begin - 8 : begin - 4], "big") - 8
    scratched, broken = bytearray(whole), bytearray(whole)
    middle = begin + length // 2
    scratched[middle : middle + 40] = bytes(40)
    broken[begin + length // 4 : begin + length] = bytes(length - length // 4)
    (folder / "scratched.mp4").write_bytes(scratched)
    (folder / "broken.mp4").write_bytes(broken)
    return ["whole.mp4", "scratched.mp4", "broken.mp4"]


async def test_mjpeg_and_snapshots_are_looked_at_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    (tmp_path / "fire.onnx").write_bytes(
        boxes_by_colour(64, np.zeros((1, 6), np.float32), np.zeros((1, 3), np.float32))
    )
    network = {
        "file": "fire.onnx",
        "output": "columns",
        "size": [64, 64],
        "classes": {"0": {"name": "a", "count": "a"}},
    }
    analysis = {"kinds": ["level", "black"], "gauges": [PIER], "readings_s": 5, "network": network}
    settings = json.dumps(analysis).encode()
    with HttpCamera() as camera:
        async with running() as reader:
            told = {
                path: Open(0, "cam", camera.url(path), ["127.0.0.1"], settings=settings, silent_s=SILENT_S)
                for path in ("mjpeg", "snapshot")
            }
            followed = {path: Followed(reader, each) for path, each in told.items()}
            for each in followed.values():
                (up,) = (await each.until(Up))[:1]
                assert (up.encoding, up.width, up.height) == ("jpeg", 320, 180)
                (measured,) = (await each.until(Measured))[:1]
                assert measured.values == {"pier/level": pytest.approx(LEVEL, abs=0.15)}
                (figures,) = (await each.until(Figures))[:1]
                assert "its network fire.onnx cannot look" in figures.text, (
                    "it goes on without its network, and says so"
                )
            camera.show = lambda _number: b"<html>no picture</html>"
            why = [(await each.ended()).sentence for each in followed.values()]
            assert {told.key for told in why if isinstance(told, Sentence)} == {"camera.failed.picture"}

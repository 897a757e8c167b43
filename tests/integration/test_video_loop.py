"""A process that reads streams and does nothing any more is noticed, ended and started again; others go on."""

import os
from signal import SIGCONT, SIGSTOP

import pytest

from ingest.video import reader as reading
from ingest.video.messages import Figures, Up
from ingest.video.reader import Reader, ReaderEnded
from simulator.cameras.rtsp import RtspCamera, clip
from tests.integration.test_video_reader import Followed, running, stream


def _stopped(reader: Reader) -> int:
    """Stop its process while it is about no picture: the marks of pictures tell nothing then."""
    pid, marks = reader.pid, reader._marks
    assert pid is not None
    assert marks is not None
    while True:
        os.kill(pid, SIGSTOP)
        if not marks.inside():
            return pid
        os.kill(pid, SIGCONT)


async def test_a_child_whose_loop_hangs_is_ended_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "HANGS_S", 6.0)
    async with RtspCamera(clip("small.h264"), fps=4) as camera, running() as reader, running() as other:
        followed, beside = Followed(reader, stream(camera)), Followed(other, stream(camera))
        await followed.until(Up)
        await beside.until(Up)
        pid = _stopped(reader)
        with pytest.raises(ReaderEnded) as ended:
            await followed.ended()
        assert (ended.value.guilty, ended.value.sentence.key) == (False, "camera.failed.reader")
        again = Followed(reader, stream(camera))
        await again.until(Up)
        assert reader.pid not in (pid, None)
        assert other.restarts == 0
        told = sum(isinstance(each, Figures) for each in beside.reports)
        await beside.until(Figures, told + 1)

"""What a process that reads video is about is marked picture by picture."""

import threading

from analytics.video.settings import VideoSettings
from app.video.looking import Looking
from app.video.threads import StreamThread, read_file
from ingest.video.marks import Marks, made
from ingest.video.parameter_sets import START
from ingest.video.rtp import Unit
from simulator.cameras.rtsp import CLIPS, clip, is_key

PATIENCE_S = 60.0


class _Counted(Looking):
    """Looks at nothing; keeps what the mark said at each picture."""

    def __init__(self, marks: Marks) -> None:
        super().__init__(0, VideoSettings(), 5.0, lambda _report: None, None)
        self._marks, self.counts = marks, list[int]()
        self.enough = threading.Event()

    def is_due(self, t: float) -> bool:
        """Never."""
        self.counts.append(self._marks.count(0))
        if len(self.counts) == 30:
            self.enough.set()
        return False


def test_what_is_long_or_behind_is_not_taken_for_a_picture_that_hangs() -> None:
    marks, joins = made()
    joins.unlink()
    of_file = _Counted(marks)
    assert read_file(0, CLIPS / "street.h264", of_file, marks) == ""
    assert len(set(of_file.counts)) > 10
    assert marks.inside() == []
    of_stream = _Counted(marks)
    thread = StreamThread(0, "h264", of_stream, marks, lambda _step, _sentence: None)
    for picture in clip("street.h264").pictures[:100]:  # all are there before the first is decoded: it never waits
        data = START + START.join(picture)
        thread.feed.put(Unit(data, is_key("h264", picture), is_needed=True, size=None))
    thread.start()
    assert of_stream.enough.wait(PATIENCE_S)
    thread.stop()
    thread.join(PATIENCE_S)
    assert len(set(of_stream.counts)) > 10

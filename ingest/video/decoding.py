"""Decodes coded pictures with OpenCV's FFmpeg, which opens nothing: it is given bytes, and reads no URL and no file.

Only processes that may die import this. What is decoded is reduced at once.
"""

import io
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.words.sentence import Sentence
from ingest.pictures.header import RefusedPicture, read_header
from ingest.video.complaints import Complaints
from ingest.video.feed import Feed
from ingest.video.parameter_sets import KINDS, Encoding
from ingest.video.rtp import Unit

WIDTH, HEIGHT = 640, 360
"""Of what is looked at, at most."""
MAX_CODED = 4096 * 2304
"""Pixels of a file's frames."""
_CUT = 0.95
"""Of its length: a file whose last picture is before that was cut off, and one that goes on behind it is damaged."""
TRIES = 3
"""In a row that a decoder fails at a file until that is at its end."""
_STREAM = "fpsprobesize;0|analyzeduration;1|probesize;32|protocol_whitelist;none|threads;1|input_format;"
_FILE = (
    "protocol_whitelist;none|threads;1|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,"
    "h264,hevc,flv,asf,ogg,mjpeg,jpeg_pipe"
)
"""No playlist and no concat: what names other files is not read."""
_FEW = 4
"""JPEGs in one file that are still one photo: a phone puts a preview and a map of its light behind it."""
_OPENING = threading.Lock()
"""The options are those of the process, and OpenCV opens one at a time."""
Waiting = Callable[[bool], None]
"""Called with True before a wait for others, and with False after it: who waits is at fault for nothing."""

Picture = NDArray[np.uint8]


def reduced(picture: Picture) -> Picture:
    """640 x 360 at most, in its proportions; grey becomes BGR."""
    if picture.ndim == 2:
        picture = cast("Picture", cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    height, width = picture.shape[:2]
    factor = min(WIDTH / width, HEIGHT / height)
    if factor >= 1:
        return np.ascontiguousarray(picture)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cast("Picture", cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def is_exhausted(error: Exception) -> bool:
    """Whether there is no memory left for what is small: something in this process has eaten it."""
    return isinstance(error, MemoryError) or (isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem)


class Decoder:
    """Decodes one stream up to where its size changes, or a file; `close` it."""

    def __init__(self, capture: "cv2.VideoCapture") -> None:
        self._capture = capture

    @property
    def opened(self) -> bool:
        """Whether it can be decoded at all."""
        return bool(self._capture.isOpened())

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as the file tells them."""
        return int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))

    @property
    def frames(self) -> int:
        """How many there are, as the file tells or lets guess; 0 or less: it does not."""
        return int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))

    @property
    def seconds(self) -> float:
        """How long it is, as the file tells or lets guess; 0: it does not."""
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        return max(0.0, self.frames / rate) if rate > 0 else 0.0

    def step(self) -> bool:
        """Decode the next picture; False at the end."""
        return bool(self._capture.grab())

    def step_on(self) -> bool:
        """The same of a file, whose damage is passed over."""
        return any(self.step() for _ in range(TRIES))

    def at(self) -> float:
        """Seconds of the file, of the picture that was decoded."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    def picture(self) -> Picture | None:
        """It, reduced; None where it cannot be had."""
        done, found = self._capture.retrieve()
        if not done or found is None or found.dtype != np.uint8 or found.ndim not in (2, 3) or not found.size:
            return None
        return reduced(found)

    def close(self) -> None:
        """Free it."""
        self._capture.release()


@contextmanager
def _options(told: str, waiting: Waiting) -> Iterator[None]:
    waiting(True)
    with _OPENING:
        waiting(False)
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = told
        yield


def of_stream(encoding: Encoding, feed: Feed) -> Decoder:
    """A decoder of what a feed gives, whose first picture is there."""
    with _options(_STREAM + encoding, feed.waiting), feed.opening():
        return Decoder(_capture(feed))


def _nobody(_begins: bool) -> None:
    """Nobody asks who waits."""


def few(encoding: Encoding, units: Sequence[Unit], waiting: Waiting = _nobody) -> list[Picture]:
    """The pictures of some units, of which the first one is a key picture."""
    end = KINDS[encoding].end
    with _options(_STREAM + encoding, waiting):
        source = io.BytesIO(b"".join(unit.data + end for unit in units))  # OpenCV itself does not keep it
        decoder = Decoder(_capture(source))
    try:
        found = list[Picture]()
        while decoder.opened and decoder.step() and len(found) < len(units):
            picture = decoder.picture()
            if picture is not None:
                found.append(picture)
        return found
    finally:
        decoder.close()
        source.close()


def of_file(file: BinaryIO) -> Decoder:
    """A decoder of an open file."""
    with _options(_FILE, _nobody):
        return Decoder(_capture(file))


def is_series(head: bytes) -> bool:
    """Whether the begin of a file is a video of JPEGs that lie one behind the other, and no photo."""
    return head.count(b"\xff\xd9\xff\xd8\xff") >= _FEW


def lost_of(decoder: Decoder, frames: int, told: Complaints) -> int:
    """Frames that did not come, when so many did: only what was complained of has lost any, for a clip that was cut
    may tell more than it shows."""
    return max(0, decoder.frames - frames) if told.any_told else 0


def damage_of(frames: int, lost: int, t: float, length: float) -> Sentence:
    """What a file is like of which so many frames came, the last at `t` seconds of `length`, and others are lost."""
    if t < _CUT * length:
        return Sentence("video.file.cut", seconds=f"{t:.1f}", length=f"{length:.1f}")
    return Sentence("video.file.damaged", frames=frames, all=frames + lost)


def _capture(source: object) -> "cv2.VideoCapture":
    capture: Any = cv2.VideoCapture  # its stubs ask for a class that Python has not
    return cast("cv2.VideoCapture", capture(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]))


def still(jpeg: bytes) -> Picture:
    """A JPEG or PNG, reduced. RefusedPicture."""
    size = read_header(jpeg)
    mode = cv2.IMREAD_COLOR
    if size.jpeg:
        modes = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))
        fits = (mode for by, mode in modes if size.width >= by * WIDTH and size.height >= by * HEIGHT)
        mode = next(fits, mode)
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8, size.end), mode)
    except cv2.error as error:
        if is_exhausted(error):
            raise
        picture = None
    if picture is None or picture.dtype != np.uint8:
        raise RefusedPicture("damaged")
    return reduced(picture)


def jpeg_of(picture: Picture, quality: int = 85) -> bytes:
    """A picture as it is sent on."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])

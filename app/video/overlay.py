"""A copy of a stream in a file, with what is found drawn in. It shows all that the camera does, to whoever asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2

from analytics.video.finding import Finding
from analytics.video.settings import VideoSettings
from app.video.overlay_place import beside
from hub.errors import HubError
from ingest.pictures.framing import draw_frame
from ingest.video.decoding import Picture

_RED, _GREEN, _BLACK = (40, 40, 230), (80, 200, 80), (0, 0, 0)
_MP4, _WEBM = "mp4v", "VP80"
"""MPEG-4, and what browsers play. OpenCV's FFmpeg has no H.264; its VP9 takes ten times as long as VP8, or longer."""
_CODES = {".webm": _WEBM}
_ROOM = 40
"""Pixels above a thing that its kind is written in."""


class OverlayError(HubError):
    """The file cannot be written"""


class Overlay:
    """A video of 640 x 360 or less, opened with the first frame; in its place once it is whole.

    It lasts as long as what was looked at: a frame is repeated until the time of the next one.
    """

    def __init__(self, path: Path, fps: float, settings: VideoSettings) -> None:
        self._path, self._fps, self._settings = path, fps, settings
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._held: Picture | None = None
        """The frame drawn last, which is not written before its end is known."""
        self._slot, self._at, self._begin = 0, 0.0, 0.0

    def draw(self, t: float, picture: Picture, active: Sequence[Finding]) -> None:
        """Write a frame with zones, lines, the time and what is active; `t`: seconds. OverlayError."""
        height, width = picture.shape[:2]
        if self._writer is None:
            self._size = width - width % 2, height - height % 2
            self._at = self._begin = t
            part, code = str(beside(self._path)), _CODES.get(self._path.suffix.lower(), _MP4)
            self._writer = cv2.VideoWriter(part, cv2.VideoWriter.fourcc(*code), self._fps, self._size)
            if not self._writer.isOpened():
                raise OverlayError(f"{self._path} cannot be written as {code}")
        shown = cast("Picture", cv2.resize(picture, self._size) if (width, height) != self._size else picture.copy())
        self._places(shown, {each.zone for each in active})
        lines = [f"{t:8.1f} s", *(_line(each) for each in active)]
        for row, line in enumerate(lines):
            _text(shown, line, 16 + 16 * row, _RED if row else _GREEN)
        for each in active:
            self._around(shown, each)
        self._until(t, self._writer)
        self._held = shown

    def _around(self, picture: Picture, finding: Finding) -> None:
        """A frame where it is, or around the whole picture, with its kind: at its corner, within the picture."""
        width, height = self._size
        if finding.box is None:
            cv2.rectangle(picture, (0, 0), (width - 1, height - 1), _RED, 3)
            return
        draw_frame(picture, finding.box)
        left, top = round(finding.box[0] * width), round(finding.box[1] * height)
        below = min(round(finding.box[3] * height) + 22, height - 6)
        _text(picture, finding.kind, top - 14 if top > _ROOM else below, _RED, max(left, 2))

    def _until(self, t: float, writer: cv2.VideoWriter) -> None:
        """What was drawn last lasts until then."""
        if t < self._at:  # time was set back: it goes on with the next frame
            self._begin = t - (self._slot + 1) / self._fps
        slot = max(round((t - self._begin) * self._fps), self._slot)
        for _ in range(slot - self._slot):
            if self._held is not None:
                writer.write(self._held)
        self._slot, self._at = slot, t

    def _places(self, picture: Picture, active: set[str | None]) -> None:
        width, height = self._size

        def at(point: tuple[float, float]) -> tuple[int, int]:
            return round(point[0] * width), round(point[1] * height)

        for zone in self._settings.zones:
            corners = [at(each) for each in zone.polygon]
            for begin, end in zip(corners, [*corners[1:], corners[0]], strict=True):
                cv2.line(picture, begin, end, _RED if zone.name in active else _GREEN, 1)
        for line in self._settings.lines:
            cv2.line(picture, at(line.begin), at(line.end), _RED if line.name in active else _GREEN, 2)

    def close(self) -> None:
        """Finish the file, and put it in its place."""
        if self._writer is not None:
            if self._held is not None:
                self._writer.write(self._held)
            self._writer.release()
            self._writer = None
            beside(self._path).replace(self._path)


def _line(finding: Finding) -> str:
    zone = f" {finding.zone}" if finding.zone else ""
    return f"{finding.kind}{zone} {finding.score:.2f}"


def _text(picture: Picture, text: str, y: int, colour: tuple[int, int, int], x: int = 6) -> None:
    plain = text.encode("ascii", "replace").decode()
    for thickness, shade in ((3, _BLACK), (1, colour)):
        cv2.putText(picture, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, shade, thickness, cv2.LINE_AA)

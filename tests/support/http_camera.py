"""A camera that gives pictures over HTTP: MJPEG at /mjpeg, a snapshot at /snapshot. What it shows is made up."""

import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.support.scene_clips import crossers
from tests.support.scenes import Frames

FPS = 5
LEVEL = 2.0
GATE = {"name": "gate", "begin": [0.5, 1.0], "end": [0.5, 0.55]}
PIER = {
    "name": "pier", "upper": [0.0875, 10 / 180], "lower": [0.0875, 90 / 180], "top": 4, "bottom": 0, "width": 0.035,
}  # fmt: skip
"""A gauge on the wall above the road; its marks end half way down, at LEVEL."""


@cache
def road_and_gauge() -> tuple[bytes, ...]:
    """20 s, again and again: two cars to the right and one to the left, and a gauge in still water."""
    frames: Frames = crossers(30)
    return tuple(_shown(picture, number) for number, (t, picture) in enumerate(frames) if t >= 10)


def _shown(picture: NDArray[np.uint8], number: int) -> bytes:
    frame = picture.copy()
    frame[10:50, 22:34] = 225
    for y in range(12, 50, 4):
        frame[y : y + 2, 22 : 28 if y % 8 else 34] = 40
    water = np.random.default_rng(number).normal(90, 2, (60, 24, 3))
    frame[50:110, 16:40] = np.clip(water, 0, 255)
    return bytes(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


class HttpCamera:
    """Listens at a port of this machine; `with` opens and closes. `show` may change at any time."""

    def __init__(self, show: Callable[[int], bytes] | None = None) -> None:
        """`show` gives the picture of a number, FPS of them a second."""
        self.show = show or (lambda number: road_and_gauge()[number % len(road_and_gauge())])
        self._began = time.monotonic()
        self._ended = threading.Event()
        self.opened = 0
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.opened += 1
                if self.path == "/snapshot":
                    self._snapshot()
                else:
                    self._stream()

            def _snapshot(self) -> None:
                picture = camera.now()[1]
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(picture)))
                self.end_headers()
                self.wfile.write(picture)

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                last = -1
                while not camera._ended.wait(0.5 / FPS):
                    number, picture = camera.now()
                    if number == last:
                        continue
                    last = number
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    try:
                        self.wfile.write(head.encode() + picture + b"\r\n")
                    except OSError:
                        return

            def log_message(self, *_: object) -> None:
                """It says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def now(self) -> tuple[int, bytes]:
        """The picture of this moment with its number."""
        number = int((time.monotonic() - self._began) * FPS)
        return number, self.show(number)

    def url(self, path: str = "mjpeg") -> str:
        """Where it gives pictures."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{path}"

    def __enter__(self) -> "HttpCamera":
        road_and_gauge()
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

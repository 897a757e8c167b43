"""What stations dial in tests: it answers each frame, or is silent, late, refuses, or cuts the line, as it is told."""

import socket
import socketserver
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal

from devices.codecs.gb26875 import frame as gb26875
from devices.codecs.gb26875.writing import frames as gb26875_frames
from devices.codecs.hj212.frame import read as hj212_read
from devices.codecs.hj212.frame import written as hj212_written
from devices.codecs.hj212.reply import reply as hj212_reply
from devices.codecs.sl651.readings import reply as sl651_reply
from simulator.stations.sl651 import Sl651
from tests.support.frames import RECEIVED, ZONE

Does = Literal["answer", "silence", "late", "refuse", "cut", "cut after"]
"""With a frame; `late`: once the next frame comes; `cut after`: answered, and then cut."""


class Acceptor:
    """Frames in the order in which they came; what it does with the next ones is in `script`, then `does`."""

    def __init__(
        self, split: Callable[[bytes], tuple[list[bytes], bytes]], reply: Callable[[bytes], bytes | None]
    ) -> None:
        self.split, self.reply = split, reply
        self.received: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.does: Does = "answer"
        self.script: deque[Does] = deque()
        self.is_open = True
        self.late: list[bytes] = []
        self.lock = threading.Lock()
        self.live: set[Any] = set()

    def cut(self) -> None:
        """End all connections."""
        for each in list(self.live):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def next(self) -> Does:
        """What it does with a frame."""
        return self.script.popleft() if self.script else self.does


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        acceptor: Acceptor = self.server.acceptor  # type: ignore[attr-defined]
        if not acceptor.is_open:
            return
        acceptor.connections += 1
        acceptor.live.add(self.request)
        buffer = b""
        try:
            while data := self.request.recv(65_536):
                frames, buffer = acceptor.split(buffer + data)
                for frame in frames:
                    if not self._take(acceptor, frame):
                        return
        except OSError:
            return
        finally:
            acceptor.live.discard(self.request)

    def _take(self, acceptor: Acceptor, frame: bytes) -> bool:
        with acceptor.lock:
            acceptor.received.append(frame)
            does = acceptor.next()
            late, acceptor.late = acceptor.late, []
        for each in late:
            self.request.sendall(each)
        answer = acceptor.reply(frame)
        if does == "cut":
            return False
        if does == "refuse":
            self.request.sendall(refusal(frame))
        elif does == "late" and answer:
            acceptor.late.append(answer)
        elif does in ("answer", "cut after") and answer:
            self.request.sendall(answer)
        return does != "cut after"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


@contextmanager
def accepting(protocol: str, port: int = 0) -> Iterator[Acceptor]:
    """An acceptor for a protocol, on 127.0.0.1."""
    acceptor = Acceptor(*KINDS[protocol])
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.acceptor = acceptor  # type: ignore[attr-defined]
        acceptor.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield acceptor
        finally:
            server.shutdown()
            acceptor.cut()
            thread.join()


def lines_of(buffer: bytes) -> tuple[list[bytes], bytes]:
    """Frames of HJ 212, each of which ends in CR LF."""
    *whole, rest = buffer.split(b"\r\n")
    return [each for each in whole if each], rest


def fields_of(frames: Sequence[bytes], *names: str) -> list[tuple[str, ...]]:
    """Some fields of frames of HJ 212."""
    return [tuple(hj212_read(each).fields.get(name, "") for name in names) for each in frames]


def refusal(frame: bytes) -> bytes:
    """What a platform of HJ 212 says of a wrong password."""
    fields = hj212_read(frame).fields
    told = ";".join(f"{name}={fields[name]}" for name in ("QN", "PW", "MN"))
    return hj212_written(f"ST=91;CN=9011;{told};Flag=4;CP=&&QnRtn=3&&".encode())


KINDS: dict[str, tuple[Callable[[bytes], tuple[list[bytes], bytes]], Callable[[bytes], bytes | None]]] = {
    "hj212": (lines_of, lambda frame: hj212_reply(hj212_read(frame))),
    "gb26875": (gb26875_frames, gb26875.reply),
    "sl651": (Sl651("0000000000", 1).frames, lambda frame: sl651_reply(frame, RECEIVED, ZONE)),
}

"""How media of a stream arrives: in the connection of RTSP, or beside it in datagrams (UDP)."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence
from ingest.video.rtsp_answer import DOLLAR, Answer, read_answer

STRANGE = 64 << 10
"""Bytes that are neither media nor an answer, until the stream is given up."""
WAITING, LARGEST = 2_048, 9_216
"""Datagrams that wait, and bytes of one; more are lost, as they are in the network."""
RECEIVE = 2 << 20
"""Bytes that the kernel keeps of them, if it may: a key picture comes at once."""
EMPTY_RTP = bytes([0x80, 0]) + bytes(10)
EMPTY_RECEIVER_REPORT = bytes([0x80, 201, 0, 1]) + bytes(4)
"""Mean nothing to who takes them (RFC 3550)."""
PAIRS = 50
"""Times that a pair of ports is looked for."""
Answered = Callable[[Answer], None]
"""Told what answers to requests that keep the session alive."""


class Media(Protocol):
    """Packets of RTP as they come."""

    transport: str
    """As it is asked for in SETUP."""
    taken: int
    """Messages so far, with those that are passed over."""

    async def next(self) -> bytes:
        """The next one. OSError, asyncio.IncompleteReadError at the end; CameraFailed for what is none."""

    def close(self) -> None:
        """Take no more."""


class Interleaved:
    """In the connection."""

    transport = "RTP/AVP/TCP;unicast;interleaved=0-1"

    def __init__(self, reader: asyncio.StreamReader, answered: Answered) -> None:
        self._reader, self._answered = reader, answered
        self.channel = self.taken = 0

    async def next(self) -> bytes:
        """See Media; answers are passed over."""
        strange, reader = 0, self._reader
        while True:
            head = await reader.readexactly(4)
            self.taken += 1
            if head[0] == DOLLAR:
                told = await reader.readexactly(int.from_bytes(head[2:], "big"))
                if head[1] == self.channel:
                    return told
                strange += 64
            elif head == b"RTSP" or head.isalpha() or head[:3].isupper():
                self._answered(await read_answer(reader, head))
                strange += 64
            else:
                strange = STRANGE
            if strange >= STRANGE:
                raise CameraFailed("answer", Sentence("camera.failed.garbage"))

    def close(self) -> None:
        """Its connection is another's."""


class Datagrams(asyncio.DatagramProtocol):
    """Beside the connection, from the address of the camera alone."""

    def __init__(self, peer: str, reader: asyncio.StreamReader, answered: Answered) -> None:
        self._peer, self._reader, self._answered = peer, reader, answered
        self._waiting: deque[bytes] = deque(maxlen=WAITING)
        self._arrived = asyncio.Event()
        self._sockets: list[asyncio.DatagramTransport] = []
        self._answers: asyncio.Task[None] | None = None
        self.transport, self.taken = "", 0

    async def open(self, own: str) -> None:
        """Listen at an address of this machine, at an even port and the next one. OSError."""
        loop = asyncio.get_running_loop()
        first, second = _pair(own)
        for each, protocol in ((first, lambda: self), (second, asyncio.DatagramProtocol)):
            transport, _ = await loop.create_datagram_endpoint(protocol, sock=each)
            self._sockets.append(transport)
        port = first.getsockname()[1]
        self.transport = f"RTP/AVP;unicast;client_port={port}-{port + 1}"

    def punch(self, ports: tuple[int, int] | None) -> None:
        """Send a datagram to each of the camera's ports, so that a router or a firewall lets theirs through."""
        if ports is not None:
            for each, port, told in zip(self._sockets, ports, (EMPTY_RTP, EMPTY_RECEIVER_REPORT), strict=True):
                each.sendto(told, (self._peer, port))

    def listen(self) -> None:
        """All is agreed: from now on what comes in the connection answers nobody who waits."""
        self._answers = asyncio.create_task(self._read(), name="rtsp.answers")

    async def _read(self) -> None:
        try:
            while True:
                self._answered(await read_answer(self._reader, await self._reader.readexactly(4)))
        except (OSError, asyncio.IncompleteReadError, ValueError):
            return
        finally:
            self._arrived.set()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Of the camera or of somebody else."""
        self.taken += 1
        if addr[0] == self._peer and len(data) <= LARGEST:
            self._waiting.append(data)
            self._arrived.set()

    async def next(self) -> bytes:
        """See Media."""
        while not self._waiting:
            if self._answers is not None and self._answers.done():
                raise ConnectionResetError
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    def close(self) -> None:
        """See Media."""
        if self._answers is not None:
            self._answers.cancel()
        for each in self._sockets:
            each.close()


def _pair(own: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in own else socket.AF_INET
    for _ in range(PAIRS):
        first, second = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        try:
            first.bind((own, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((own, port + 1))
                first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE)
                for each in (first, second):
                    each.setblocking(False)
                return first, second
        except OSError:
            pass  # the next one is taken by somebody else
        with suppress(OSError):
            first.close()
            second.close()
    raise OSError("no two ports are free")

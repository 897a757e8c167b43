"""A camera that streams over RTSP (RFC 2326, media in the connection): clips of H.264 or H.265, again and again.

It can be what cameras are at their worst: late with its first key picture, silent, sending nonsense, jumping in time.
"""

import asyncio
import base64
import re
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from simulator.cameras.http_login import HttpLogin

CLIPS = Path(__file__).with_name("clips")
MTU = 1_400
_START = re.compile(rb"\x00\x00\x00?\x01")
Encoding = Literal["h264", "h265"]


class Clip(NamedTuple):
    """Pictures as they are coded, each its NAL units; the first one is a key picture."""

    encoding: Encoding
    pictures: tuple[tuple[bytes, ...], ...]

    @property
    def sets(self) -> list[bytes]:
        """Parameter sets of the first picture."""
        return [nal for nal in self.pictures[0] if _is_set(self.encoding, nal)]


@cache
def clip(name: str) -> Clip:
    """A shipped one, or a file: Annex B, with one slice a picture."""
    path = CLIPS / name if (CLIPS / name).exists() else Path(name)
    encoding: Encoding = "h265" if path.suffix in (".h265", ".hevc") else "h264"
    pictures, nals = list[tuple[bytes, ...]](), list[bytes]()
    for nal in filter(None, _START.split(path.read_bytes())):
        nals.append(nal)
        kind = _kind(encoding, nal)
        if (encoding == "h264" and 1 <= kind <= 5) or (encoding == "h265" and kind < 32):
            pictures.append(tuple(nals))
            nals = []
    return Clip(encoding, tuple(pictures))


def is_key(encoding: Encoding, picture: Sequence[bytes]) -> bool:
    """Whether it needs no other."""
    kinds = [_kind(encoding, nal) for nal in picture]
    return 5 in kinds if encoding == "h264" else any(16 <= kind <= 21 for kind in kinds)


class RtspCamera:
    """Listens at a port of this machine; `async with` opens and closes. What it streams may change at any time."""

    def __init__(
        self, clip_: Clip, login: HttpLogin | None = None, port: int = 0, fps: float = 10.0,
        late_s: Callable[[str], float | None] = lambda _path: 0.0, hosts: Sequence[str] = ("127.0.0.1",),
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        """`late_s` tells of a path after how long its first key picture comes; None: nothing is ever answered."""
        self._hosts, self._tls = hosts, tls
        self.clip, self._login, self.port, self.fps = clip_, login, port, fps
        self._late_s = late_s
        self._server: asyncio.Server | None = None
        self._others: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked: list[str] = []
        """Requests as they came: method and URL."""
        self.redirects_to = ""
        self.speaks = True
        """Whether it sends media."""
        self.nonsense = False
        self.jumps = False
        """Whether the time of its pictures jumps."""
        self.played = 0
        self.channel = 0
        """On which its media comes, whatever is asked for."""
        self.wire: Callable[[list[bytes]], list[bytes]] = list
        """What the network makes of the packets of a picture."""
        self.udp = False
        """Whether its media comes in datagrams, and in no other way."""
        self.group = ""
        """The address of a group to which alone it sends (multicast)."""
        self.is_fenced = False
        """Whether its datagrams go only where one has come from, as those through a router do."""
        self.unknown: set[str] = set()
        """Methods that it has not, whatever it says."""
        self.public = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
        self.timeout_s = 60

    async def __aenter__(self) -> "RtspCamera":
        first, *others = self._hosts
        self._server = await asyncio.start_server(self._connected, first, self.port, backlog=4096, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        if others:
            self._others = await asyncio.start_server(self._connected, others, self.port, backlog=64)
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in (self._server, self._others):
            if server is not None:
                server.close()
        self.hang_up()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, path: str = "stream1", login: str = "") -> str:
        """Where it streams."""
        return f"{'rtsp' if self._tls is None else 'rtsps'}://{login}127.0.0.1:{self.port}/{path}"

    def hang_up(self) -> None:
        """End all connections."""
        for writer in list(self._open):
            writer.transport.abort()

    @property
    def connections(self) -> int:
        """That are open."""
        return len(self._open)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        playing: asyncio.Task[None] | None = None
        path, port = "", 0
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        datagrams.setblocking(False)
        try:
            while head := await _head(reader):
                method, url, _ = head[0].split(" ", 2)
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                self.asked.append(f"{method} {url}")
                path = path or url.rpartition("/")[2]  # later ones name a track
                late = self._late_s(path)
                if late is None:
                    continue
                answer = self._answer(method, url, headers, datagrams.getsockname()[1])
                if method == "SETUP":
                    port = int((re.findall(r"client_port=(\d+)", headers.get("transport", "")) or ["0"])[0])
                writer.write(answer)
                if method == "PLAY" and b" 200 " in answer:
                    self.played += 1
                    playing = asyncio.create_task(self._play(writer, late, datagrams, port))
                if method == "TEARDOWN":
                    break
        except (OSError, ValueError):
            pass  # the client has gone, or is none
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
            self._open.discard(writer)
            datagrams.close()
            writer.transport.abort()

    def _answer(self, method: str, url: str, headers: dict[str, str], port: int) -> bytes:
        number = headers.get("cseq", "0")
        if self._login is not None and not self._login.lets(method, headers.get("authorization", "")):
            return _told(401, number, {"WWW-Authenticate": self._login.challenge()})
        if self.redirects_to:
            return _told(302, number, {"Location": self.redirects_to})
        if method == "OPTIONS":
            return _told(200, number, {"Public": self.public})
        if method == "DESCRIBE":
            described = {"Content-Type": "application/sdp", "Content-Base": f"{url}/"}
            return _told(200, number, described, self._description())
        if method == "SETUP" and self.group:
            return _told(461, number, {})
        if method == "SETUP" and self.udp is not ("client_port" in headers.get("transport", "")):
            return _told(461, number, {})
        if method == "SETUP":
            channels = f"interleaved={self.channel}-{self.channel + 1}"
            transport = headers["transport"].replace("interleaved=0-1", channels)
            transport += f";server_port={port}-{port + 1}" if self.udp else ""
            return _told(200, number, {"Transport": transport, "Session": f"4711;timeout={self.timeout_s}"})
        if method in self.unknown:
            return _told(501, number, {})
        return _told(200, number, {"Session": "4711"})

    def _description(self) -> bytes:
        name = "H264" if self.clip.encoding == "h264" else "H265"
        sets = ",".join(base64.b64encode(each).decode() for each in self.clip.sets)
        told = f"packetization-mode=1;sprop-parameter-sets={sets}" if self.clip.encoding == "h264" else "tx-mode=SRST"
        lines = (
            "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=camera", "t=0 0", "a=control:*",
            f"c=IN IP4 {self.group or '127.0.0.1'}", "m=video 0 RTP/AVP 96",
            f"a=rtpmap:96 {name}/90000", f"a=fmtp:96 {told}", "a=control:trackID=1",
            "m=audio 0 RTP/AVP 8", "a=control:trackID=2",
        )  # fmt: skip
        return "".join(f"{line}\r\n" for line in lines).encode()

    async def _play(self, writer: asyncio.StreamWriter, late_s: float, datagrams: socket.socket, port: int) -> None:
        """`port` to which datagrams go; 0: in the connection."""
        if port and self.is_fenced:
            _, (_, port) = await asyncio.get_running_loop().sock_recvfrom(datagrams, MTU)
        sequence, number, began = 0, 1, asyncio.get_running_loop().time()
        while True:
            now = asyncio.get_running_loop().time()
            clip_ = self.clip
            picture = clip_.pictures[number % len(clip_.pictures)]
            number += 1
            if is_key(clip_.encoding, picture) and now - began < late_s:
                picture = clip_.pictures[1 % len(clip_.pictures)]
            stamp = number * 90_000 // max(1, round(self.fps))
            if self.jumps and number % 7 == 0:
                stamp = stamp * 77_777
            if self.nonsense:
                writer.write(bytes(range(256)) * 8)
            elif self.speaks:
                made = packets(clip_.encoding, picture, sequence, stamp & 0xFFFFFFFF)
                sequence = sequence + len(made) & 0xFFFF
                for packet in self.wire(made):
                    if port:
                        datagrams.sendto(packet, ("127.0.0.1", port))
                    else:
                        writer.write(struct.pack(">BBH", 0x24, self.channel, len(packet)) + packet)
            await writer.drain()
            await asyncio.sleep(1 / self.fps)


def packets(encoding: Encoding, picture: Sequence[bytes], sequence: int, stamp: int) -> list[bytes]:
    """RTP packets of a picture: small units together, large ones in parts."""
    payloads = [part for nal in picture for part in _payloads(encoding, nal)]
    return [
        struct.pack(">BBHII", 0x80, 96 | (0x80 if at == len(payloads) - 1 else 0), sequence + at & 0xFFFF, stamp, 7)
        + payload
        for at, payload in enumerate(payloads)
    ]


def _payloads(encoding: Encoding, nal: bytes) -> list[bytes]:
    if len(nal) <= MTU:
        return [nal]
    head = 1 if encoding == "h264" else 2
    parts = [nal[at : at + MTU] for at in range(head, len(nal), MTU)]
    made = list[bytes]()
    for number, part in enumerate(parts):
        flags = (0x80 if number == 0 else 0) | (0x40 if number == len(parts) - 1 else 0)
        if encoding == "h264":
            made.append(bytes([nal[0] & 0xE0 | 28, flags | nal[0] & 0x1F]) + part)
        else:
            made.append(bytes([nal[0] & 0x81 | 49 << 1, nal[1], flags | _kind(encoding, nal)]) + part)
    return made


async def _head(reader: asyncio.StreamReader) -> list[str]:
    """The lines of a request; none at the end."""
    lines = list[str]()
    while True:
        with suppress(asyncio.IncompleteReadError):
            line = (await reader.readline()).decode("latin-1")
            if not line:
                return []
            if line.strip():
                lines.append(line.strip())
            elif lines:
                return lines


def _told(status: int, number: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = {"CSeq": number, **headers, **({"Content-Length": str(len(body))} if body else {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"RTSP/1.0 {status} {'OK' if status == 200 else 'No'}\r\n{head}\r\n".encode() + body


def _kind(encoding: Encoding, nal: bytes) -> int:
    return nal[0] & 0x1F if encoding == "h264" else nal[0] >> 1 & 0x3F


def _is_set(encoding: Encoding, nal: bytes) -> bool:
    return _kind(encoding, nal) in ((7, 8) if encoding == "h264" else (32, 33, 34))

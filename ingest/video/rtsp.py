"""An RTSP client (RFC 2326) over one TCP connection: what a camera streams as pictures as they are coded.

All of a stream, its media too, comes over the connection that the guard has allowed: no redirect is followed, and no
address that the server tells is called.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from devices.cameras.camera_url import Login
from devices.cameras.digest import Challenge, challenge_of, offers_basic
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import FORBIDDEN, UNAUTHORIZED, HttpPeer
from hub.words.sentence import Sentence
from ingest.video.description import NoVideoError, Track, track_of
from ingest.video.parameter_sets import Encoding
from ingest.video.rtp import BadStreamError, Depacketizer, TooLargeError, Unit, packet_of

ANSWER_S = 10.0
"""Until a request is answered."""
PICTURE_TIMES = 2
"""A picture may take so many times as long as silence: cameras send a key picture every 1 to 10 s."""
MAX_HEAD, MAX_BODY = 16 << 10, 64 << 10
STRANGE = 64 << 10
"""Bytes that are neither media nor an answer, until the stream is given up."""
_DOLLAR = 0x24


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    challenges: tuple[str, ...]
    body: bytes


class RtspStream:
    """The stream of one camera, opened once."""

    def __init__(self, peer: HttpPeer, login: Login | None, silent_s: float) -> None:
        """`peer` opens the connection; its URL is that of the stream. Silent for so many seconds, it is over."""
        self._silent_s = silent_s
        self._peer, self._url, self._login = peer, peer.url, login
        self._challenge: Challenge | None = None
        self._number, self._session = 0, ""
        self._every_s, self._alive = 30.0, "OPTIONS"
        self.received = 0
        """Bytes of media."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Encoding, AsyncIterator[Unit]]]:
        """The encoding, and pictures as they come, without an end. CameraFailed, also while they come."""
        reader, writer = await self._peer.connected()
        try:
            url = self._url.shown
            options = await self._ask(reader, writer, "OPTIONS", url, {})
            if "GET_PARAMETER" in options.headers.get("public", ""):
                self._alive = "GET_PARAMETER"
            described = await self._ask(reader, writer, "DESCRIBE", url, {"Accept": "application/sdp"})
            track = self._track(described)
            base = described.headers.get("content-base") or described.headers.get("content-location") or url
            transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
            set_up = await self._ask(reader, writer, "SETUP", _within(base, track.control), transport)
            self._remember(set_up.headers.get("session", ""))
            await self._ask(reader, writer, "PLAY", _within(base, track.aggregate), {"Range": "npt=0.000-"})
            yield track.encoding, self._units(reader, writer, track)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise CameraFailed("answer", Sentence("camera.failed.stream_ended")) from error
        finally:
            if self._session and not writer.is_closing():
                writer.write(self._request("TEARDOWN", self._url.shown, {}))
            writer.close()

    def _track(self, described: _Answer) -> Track:
        try:
            return track_of(described.body.decode("utf-8", "replace"))
        except NoVideoError as error:
            raise CameraFailed("answer", Sentence("camera.failed.no_video", told=error.told)) from error

    def _remember(self, session: str) -> None:
        self._session, _, rest = session.partition(";")
        timeout = rest.partition("timeout=")[2].partition(";")[0].strip()
        if timeout.isdigit():
            self._every_s = min(max(int(timeout[:6]) / 2, 5.0), 60.0)

    async def _units(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, track: Track
    ) -> AsyncIterator[Unit]:
        depacketizer = Depacketizer(track.encoding, track.sets)
        shown = asked = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._silent_s):
                    told = await self._media(reader)
            except TimeoutError:
                raise _no_frames(self._silent_s) from None
            except (OSError, asyncio.IncompleteReadError) as error:
                raise CameraFailed("answer", Sentence("camera.failed.stream_ended")) from error
            now = time.monotonic()
            if now - shown > PICTURE_TIMES * self._silent_s:
                raise _no_frames(PICTURE_TIMES * self._silent_s)
            if now - asked > self._every_s:
                asked = now
                writer.write(self._request(self._alive, self._url.shown, {}))
            try:
                packet = packet_of(told)
                if packet.type != track.payload_type:
                    continue
                for unit in depacketizer.take(packet):
                    shown = now
                    yield unit
            except TooLargeError as error:
                told_size = {"width": error.width, "height": error.height}
                raise CameraFailed("answer", Sentence("camera.failed.large", **told_size)) from error
            except BadStreamError as error:
                raise CameraFailed("answer", Sentence("camera.failed.garbage")) from error

    async def _media(self, reader: asyncio.StreamReader) -> bytes:
        """The next packet of media; answers to what keeps the session alive are passed over."""
        strange = 0
        while True:
            head = await reader.readexactly(4)
            if head[0] == _DOLLAR:
                told = await reader.readexactly(int.from_bytes(head[2:], "big"))
                self.received += len(told)
                if head[1] == 0:
                    return told
                strange += 4
            elif head == b"RTSP" or head.isalpha() or head[:3].isupper():
                answer = await _read_answer(reader, head)
                if answer.status == UNAUTHORIZED:
                    self._challenge = challenge_of(answer.challenges) or self._challenge
                strange += 64
            else:
                strange = STRANGE
            if strange >= STRANGE:
                raise CameraFailed("answer", Sentence("camera.failed.garbage"))

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, url: str,
        headers: Mapping[str, str],
    ) -> _Answer:  # fmt: skip
        """An answer with status 200. CameraFailed."""
        for _ in range(3):
            tried = self._challenge
            try:
                async with asyncio.timeout(ANSWER_S):
                    writer.write(self._request(method, url, headers))
                    answer = await self._answer(reader)
            except TimeoutError:
                where = {"host": self._url.host, "port": self._url.port}
                told = Sentence("camera.failed.slow", seconds=f"{ANSWER_S:g}", **where)
                raise CameraFailed("answer", told) from None
            except ValueError as error:
                raise CameraFailed("answer", Sentence("camera.failed.rtsp", told=repr(str(error)[:40]))) from error
            if answer.status != UNAUTHORIZED:
                return self._accepted(answer)
            self._challenge = challenge = challenge_of(answer.challenges)
            if self._login is None or challenge is None:
                raise self._no_login(answer)
            if tried is not None and not challenge.stale:
                break
        raise CameraFailed("login", Sentence("camera.failed.login", user=repr(self._login and self._login.username)))

    def _no_login(self, answer: _Answer) -> CameraFailed:
        if self._login is None:
            return CameraFailed("login", Sentence("camera.failed.no_login"))
        if offers_basic(answer.challenges):
            return CameraFailed("login", Sentence("camera.failed.basic"))
        return CameraFailed("login", Sentence("camera.failed.challenge"))

    def _accepted(self, answer: _Answer) -> _Answer:
        path = self._url.path or "/"
        if answer.status == FORBIDDEN:
            raise CameraFailed("login", Sentence("camera.failed.forbidden", path=path))
        if 300 <= answer.status < 400:
            raise CameraFailed("path", Sentence("camera.failed.redirect", path=path))
        if answer.status != 200:
            raise CameraFailed("path", Sentence("camera.failed.path", path=path, status=answer.status))
        return answer

    def _request(self, method: str, url: str, headers: Mapping[str, str]) -> bytes:
        self._number += 1
        told = {"CSeq": str(self._number), "User-Agent": "ganzhi", **headers}
        if self._session:
            told["Session"] = self._session
        if self._challenge is not None and self._login is not None:
            told["Authorization"] = self._challenge.header(self._login, method, url)
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return f"{method} {url} RTSP/1.0\r\n{lines}\r\n".encode()

    async def _answer(self, reader: asyncio.StreamReader) -> _Answer:
        """The next answer; media before it is passed over. ValueError for what is none."""
        while True:
            head = await reader.readexactly(4)
            if head[0] == _DOLLAR:
                await reader.readexactly(int.from_bytes(head[2:], "big"))
            elif head == b"RTSP":
                return await _read_answer(reader, head)
            else:
                raise ValueError(head.decode("latin-1"))


async def _read_answer(reader: asyncio.StreamReader, begun: bytes) -> _Answer:
    """A message whose first bytes are read; ValueError for what is too long."""
    lines, size = list[str](), 0
    while True:
        line = await reader.readline()
        size += len(line)
        if not line.endswith(b"\n") or size > MAX_HEAD:
            raise ValueError("a head without an end")
        text = (begun + line).decode("latin-1").rstrip("\r\n")
        begun = b""
        if not text:
            break
        lines.append(text)
    status = lines[0].split(" ")[1] if " " in lines[0] else ""
    pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    headers = dict(pairs)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length[:9]) > MAX_BODY:
        raise ValueError("a body that is too long")
    body = await reader.readexactly(int(length))
    challenges = tuple(value for name, value in pairs if name == "www-authenticate")
    return _Answer(int(status) if status.isdigit() else 0, headers, challenges, body)


def _no_frames(seconds: float) -> CameraFailed:
    return CameraFailed("answer", Sentence("camera.failed.no_frames", seconds=f"{seconds:g}"))


def _within(base: str, control: str) -> str:
    """The URL of a part of a stream; nothing in it begins another line."""
    url = base if control in ("", "*") else f"{base.rstrip('/')}/{control}"
    if control.lower().startswith(("rtsp://", "rtspu://")):
        url = control
    return url if url.isprintable() and " " not in url else base

"""An RTSP client (RFC 2326): what a camera streams as pictures as they are coded.

Media comes over the connection that the guard has allowed, or in datagrams (rtspu://) from its address: no redirect is
followed, and no address that the server tells is called (of ports that it tells, two datagrams open the way back).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from devices.cameras.camera_url import Login, masked
from devices.cameras.digest import Challenge, challenge_of, offers_basic
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import FORBIDDEN, TLS, UNAUTHORIZED, HttpPeer
from hub.words.sentence import Sentence
from ingest.video.description import NoVideoError, Track, track_of
from ingest.video.media import Datagrams, Interleaved, Media
from ingest.video.ordering import Ordering
from ingest.video.parameter_sets import Encoding
from ingest.video.rtp import BadStreamError, Depacketizer, StrangeError, TooLargeError, Unit, packet_of
from ingest.video.rtp_jpeg import JpegPictures
from ingest.video.rtsp_answer import Answer, channel_of, next_answer, ports_of, session_of, within
from ingest.video.toll import Toll

ANSWER_S = 10.0
"""Until a request is answered."""
PICTURE_TIMES = 2
"""A picture may take so many times as long as silence: cameras send a key picture every 1 to 10 s."""
_TLS_RECORDS = "\x15\x16"
"""First octets of what a server of TLS says: an alert, a handshake."""
NO_METHOD, NO_SESSION, NO_TRANSPORT = (405, 501), 454, 461


class RtspStream:
    """The stream of one camera, opened once."""

    def __init__(self, peer: HttpPeer, login: Login | None, silent_s: float) -> None:
        """`peer` opens the connection; its URL is that of the stream. Silent for so many seconds, it is over."""
        self._silent_s = silent_s
        self._peer, self._url, self._login = peer, peer.url, login
        self._shown = self._url.shown.replace("rtspu://", "rtsp://", 1)
        self._challenge: Challenge | None = None
        self._number, self._session = 0, ""
        self._every_s, self._alive = 30.0, "OPTIONS"
        self._is_over = self._is_for_many = False
        self.toll = Toll()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Encoding | None, AsyncIterator[Unit]]]:
        """The encoding (None: JPEG), and pictures as they come, without an end. CameraFailed, also while they come."""
        reader, writer = await self._peer.connected()
        media: Media | None = None
        try:
            url = self._shown
            options = await self._ask(reader, writer, "OPTIONS", url, {})
            if "GET_PARAMETER" in options.headers.get("public", ""):
                self._alive = "GET_PARAMETER"
            described = await self._ask(reader, writer, "DESCRIBE", url, {"Accept": "application/sdp"})
            track = self._track(described)
            self._is_for_many = track.is_for_many
            told = described.headers.get("content-base") or described.headers.get("content-location") or url
            base = within(url, told) if told.lower().startswith("rtsp") else url
            media = await self._media(reader, writer)
            wanted = {"Transport": media.transport}
            set_up = await self._ask(reader, writer, "SETUP", within(base, track.control), wanted)
            if "multicast" in set_up.headers.get("transport", "").lower():
                raise CameraFailed("path", Sentence("camera.failed.multicast"))
            if isinstance(media, Interleaved):
                media.channel = channel_of(set_up.headers.get("transport", ""))
            elif isinstance(media, Datagrams):
                media.punch(ports_of(set_up.headers.get("transport", "")))
            self._session, every_s = session_of(set_up.headers.get("session", ""))
            self._every_s = every_s or self._every_s
            await self._ask(reader, writer, "PLAY", within(base, track.aggregate), {"Range": "npt=0.000-"})
            if isinstance(media, Datagrams):
                media.listen()
            yield track.encoding, self._units(media, writer, track)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise CameraFailed("answer", Sentence("camera.failed.stream_ended")) from error
        finally:
            if media is not None:
                media.close()
            if self._session and not writer.is_closing():
                writer.write(self._request("TEARDOWN", self._shown, {}))
            writer.close()

    async def _media(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Media:
        if self._url.scheme != "rtspu":
            return Interleaved(reader, self._answered)
        datagrams = Datagrams(writer.get_extra_info("peername")[0], reader, self._answered)
        await datagrams.open(writer.get_extra_info("sockname")[0])
        return datagrams

    def _track(self, described: Answer) -> Track:
        try:
            return track_of(described.body.decode("utf-8", "replace"))
        except NoVideoError as error:
            raise CameraFailed("answer", Sentence("camera.failed.no_video", told=error.told)) from error

    def _answered(self, answer: Answer) -> None:
        """What keeps the session alive was answered."""
        if answer.status == UNAUTHORIZED:
            self._challenge = challenge_of(answer.challenges) or self._challenge
        elif answer.status in NO_METHOD:
            self._alive = "OPTIONS"
        elif answer.status == NO_SESSION:
            self._is_over = True

    async def _units(self, media: Media, writer: asyncio.StreamWriter, track: Track) -> AsyncIterator[Unit]:
        pictures = _Pictures(track)
        shown = asked = time.monotonic()
        taken = media.taken
        while not self._is_over:
            try:
                async with asyncio.timeout(self._silent_s):
                    told = await media.next()
            except TimeoutError:
                raise _no_frames(self._silent_s) from None
            except (OSError, asyncio.IncompleteReadError) as error:
                raise CameraFailed("answer", Sentence("camera.failed.stream_ended")) from error
            now = time.monotonic()
            if now - shown > PICTURE_TIMES * self._silent_s:
                raise _no_frames(PICTURE_TIMES * self._silent_s)
            if now - asked > self._every_s:
                asked = now
                writer.write(self._request(self._alive, self._shown, {}))
            began = time.thread_time()
            units = pictures.take(told)
            worked_s = time.thread_time() - began
            for unit in units:
                shown = now
                yield unit
            if wait_s := self.toll.wait_s(media.taken - taken, len(told), worked_s):
                await asyncio.sleep(wait_s)
            taken = media.taken
        raise CameraFailed("answer", Sentence("camera.failed.stream_ended"))

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, url: str,
        headers: Mapping[str, str],
    ) -> Answer:  # fmt: skip
        """An answer with status 200. CameraFailed."""
        for _ in range(3):
            tried = self._challenge
            try:
                async with asyncio.timeout(ANSWER_S):
                    writer.write(self._request(method, url, headers))
                    answer = await next_answer(reader)
            except TimeoutError:
                where = {"host": self._url.host, "port": self._url.port}
                told = Sentence("camera.failed.slow", seconds=f"{ANSWER_S:g}", **where)
                raise CameraFailed("answer", told) from None
            except ValueError as error:
                raise self._strange(str(error)) from error
            except (OSError, asyncio.IncompleteReadError) as error:
                if self._number > 1:
                    raise
                where = {"host": self._url.host, "port": self._url.port}
                raise CameraFailed("answer", Sentence("camera.failed.hung_up", **where)) from error
            if answer.status != UNAUTHORIZED:
                return self._accepted(answer)
            self._challenge = challenge = challenge_of(answer.challenges)
            if self._login is None or challenge is None:
                raise self._no_login(answer)
            if tried is not None and not challenge.stale:
                break
        raise CameraFailed("login", Sentence("camera.failed.login", user=repr(self._login and self._login.username)))

    def _strange(self, told: str) -> CameraFailed:
        """What answers is no RTSP."""
        where = {"host": self._url.host, "port": self._url.port}
        if told == "HTTP":
            return CameraFailed("answer", Sentence("camera.failed.is_http", **where))
        if told[1:2] == "\x03" and told[0] in _TLS_RECORDS and self._url.scheme not in TLS:
            return CameraFailed("answer", Sentence("camera.failed.is_tls", **where))
        return CameraFailed("answer", Sentence("camera.failed.rtsp", told=repr(told[:40])))

    def _no_login(self, answer: Answer) -> CameraFailed:
        if self._login is None:
            return CameraFailed("login", Sentence("camera.failed.no_login"))
        if offers_basic(answer.challenges):
            return CameraFailed("login", Sentence("camera.failed.basic"))
        return CameraFailed("login", Sentence("camera.failed.challenge"))

    def _accepted(self, answer: Answer) -> Answer:
        path = masked(self._url.path or "/")
        if answer.status == FORBIDDEN:
            raise CameraFailed("login", Sentence("camera.failed.forbidden", path=path))
        if 300 <= answer.status < 400:
            raise CameraFailed("path", Sentence("camera.failed.redirect", path=path))
        if answer.status == NO_TRANSPORT and self._is_for_many:
            raise CameraFailed("path", Sentence("camera.failed.multicast"))
        if answer.status == NO_TRANSPORT:
            other = "rtsp" if self._url.scheme == "rtspu" else "rtspu"
            raise CameraFailed("path", Sentence("camera.failed.transport", scheme=f"{other}://"))
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


class _Pictures:
    """From packets as they come to pictures."""

    def __init__(self, track: Track) -> None:
        self._type, self._ordering = track.payload_type, Ordering()
        self._made = JpegPictures() if track.encoding is None else Depacketizer(track.encoding, track.sets)

    def take(self, told: bytes) -> list[Unit]:
        """Pictures that are whole with a packet. CameraFailed."""
        try:
            packet = packet_of(told)
            due = self._ordering.take(packet) if packet.type == self._type else []
            return [unit for each in due for unit in self._made.take(each)]
        except TooLargeError as error:
            told_size = {"width": error.width, "height": error.height}
            raise CameraFailed("answer", Sentence("camera.failed.large", **told_size)) from error
        except StrangeError as error:
            raise CameraFailed("answer", Sentence("camera.failed.strange", told=error.told)) from error
        except BadStreamError as error:
            raise CameraFailed("answer", Sentence("camera.failed.garbage")) from error


def _no_frames(seconds: float) -> CameraFailed:
    return CameraFailed("answer", Sentence("camera.failed.no_frames", seconds=f"{seconds:g}"))

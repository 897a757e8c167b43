"""A Hikvision camera or recorder: its stream of alerts with heartbeats, repeats and pictures, behind digest."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from simulator.cameras.http_login import HttpLogin
from simulator.cameras.web_server import Asked, WebServer, reply

STREAM, INFO = "/ISAPI/Event/notification/alertStream", "/ISAPI/System/deviceInfo"
_SPACE = "http://www.hikvision.com/ver20/XMLSchema"


def alert(type_: str, *, is_active: bool = True, count: int = 1, channel: int = 1, at: str | None = None) -> bytes:
    """An alert; `at` is its time as the camera writes it, by default now with an offset."""
    time = at or datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    state = "active" if is_active else "inactive"
    return (
        f'<EventNotificationAlert version="2.0" xmlns="{_SPACE}">\r\n<ipAddress>127.0.0.1</ipAddress>\r\n'
        f"<channelID>{channel}</channelID>\r\n<dateTime>{time}</dateTime>\r\n"
        f"<activePostCount>{count}</activePostCount>\r\n<eventType>{type_}</eventType>\r\n"
        f"<eventState>{state}</eventState>\r\n<eventDescription>{type_} alarm</eventDescription>\r\n"
        "</EventNotificationAlert>\r\n"
    ).encode()


class IsapiCamera:
    """One camera; `async with` opens and closes it. What is told while nobody listens is lost, as at a real one."""

    def __init__(
        self, login: HttpLogin, *, heartbeat_s: float = 10.0, boundary: str = "<frontier>", end: str = "\r\n",
        port: int = 0,
    ) -> None:  # fmt: skip
        self.login, self._heartbeat_s, self._boundary, self._end = login, heartbeat_s, boundary, end
        self._web = WebServer(self._serve, login, port=port)
        self._listeners: set[asyncio.StreamWriter] = set()
        self.served = 0
        """Streams that have begun."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._web.port}"

    @property
    def listeners(self) -> int:
        """Streams that are open."""
        return len(self._listeners)

    async def __aenter__(self) -> "IsapiCamera":
        await self._web.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._web.stop()

    def hang_up(self) -> None:
        """End all streams."""
        self._web.hang_up()

    async def tell(self, document: bytes, picture: bytes | None = None) -> None:
        """Send an alert to who listens, with its picture behind it."""
        parts = self._part("application/xml; charset=UTF-8", document)
        if picture is not None:
            parts += self._part("image/jpeg", picture)
        await self._send(parts)

    async def repeat(self, type_: str, times: int, *, channel: int = 1, every_s: float = 1.0) -> None:
        """An event that goes on: told again and again with a rising count, then its end."""
        for count in range(1, times + 1):
            await self.tell(alert(type_, count=count, channel=channel))
            await asyncio.sleep(every_s)
        await self.tell(alert(type_, is_active=False, count=0, channel=channel))

    def _part(self, type_: str, body: bytes) -> bytes:
        end = self._end
        head = f"--{self._boundary}{end}Content-Type: {type_}{end}Content-Length: {len(body)}{end}{end}"
        return head.encode() + body + end.encode()

    async def _send(self, octets: bytes) -> None:
        for writer in list(self._listeners):
            with suppress(OSError):
                writer.write(octets)
                await writer.drain()

    async def _serve(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path == INFO:
            told = "<model>SIM-2CD</model><firmwareVersion>V5.7.1</firmwareVersion>"
            await reply(writer, f'<DeviceInfo xmlns="{_SPACE}">{told}</DeviceInfo>'.encode(), "application/xml")
        elif asked.path == STREAM:
            await self._stream(writer)
        else:
            await reply(writer, b"", "text/plain", "404 Not Found")

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        type_ = f"multipart/mixed; boundary={self._boundary}"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {type_}\r\nConnection: keep-alive\r\n\r\n".encode())
        self._listeners.add(writer)
        self.served += 1
        try:
            while not writer.is_closing():
                beat = alert("videoloss", is_active=False, count=0)
                writer.write(self._part("application/xml; charset=UTF-8", beat))
                await writer.drain()
                await asyncio.sleep(self._heartbeat_s)
        finally:
            self._listeners.discard(writer)

"""What a superior platform asks and is answered: the directory, who and how the hub is; no media, no control."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import NamedTuple

from api.forwarding.gb28181.alarms import Alarms
from api.forwarding.gb28181.link import Link
from api.forwarding.gb28181.platform import Superior
from api.forwarding.gb28181.requests import Requests
from api.forwarding.gb28181.subscriptions import EVENTS, Subscriptions
from devices.codecs.gb28181 import sip
from devices.codecs.gb28181.manscdp import Body, read
from devices.codecs.gb28181.sip import Header, Message
from devices.codecs.gb28181.telling import VERSIONS, Directory, catalogue, pages, told
from devices.codecs.gb28181.writing import CONTENT_TYPE, Fields
from devices.sip.answers import Answers, Key, key_of
from hub.errors import DecodeError, HubError

log = logging.getLogger(__name__)

ALLOWED = "MESSAGE, SUBSCRIBE, OPTIONS"
NO_MEDIA = '304 ganzhi "no media goes through this platform"'
WAITING = 16
"""Questions under way; with more the platform is told to ask later: each may be of a whole directory."""
ROOM = {"udp": 1_000, "tcp": 16_384}
"""Bytes of the items of a page: a datagram that is cut into fragments is lost as often as any of them."""


class Part(NamedTuple):
    """What answers are made of."""

    link: Link
    requests: Requests
    subscriptions: Subscriptions
    alarms: Alarms
    directory: Callable[[], Awaitable[Directory]]
    shown: Callable[[Directory], Awaitable[None]]
    """Told that all of a directory has gone to the platform."""
    subscribed: Callable[[], Awaitable[None]]
    """Told before news of the directory begin."""


class Answering:
    """Of one connection to a platform."""

    def __init__(self, superior: Superior, part: Part, group: asyncio.TaskGroup) -> None:
        self._superior, self._part, self._group = superior, part, group
        self._platform, self._charset = superior.told, VERSIONS[superior.told.version]
        self._answers = Answers()
        self._asked = 0
        self._ports: dict[Key, int] = {}
        """Of requests that are not answered yet, where they come from."""
        self.unreadable = 0
        """Messages that were none, or of somebody else."""

    def take(self, octets: bytes, port: int) -> None:
        """Whatever has come, and from which port; what cannot be read is not answered."""
        try:
            message = sip.read(octets)
        except DecodeError as error:
            self.unreadable += 1
            log.debug("%s sends what is no message: %s", self._superior.code, error.detail)
            return
        if message.status:
            self._part.requests.answered(message)
            return
        if message.method == "ACK":
            return
        link = self._part.link
        key = key_of(link.host, message)
        is_new, before = self._answers.begin(key, asyncio.get_running_loop().time())
        if not is_new:
            if before is not None:
                link.send(before, port)
            return
        self._ports[key] = port
        self._request(sip.arrived(message, link.host, port), key)

    def _request(self, message: Message, key: Key) -> None:
        if message.method == "OPTIONS":
            self._answer(message, key, 200, "OK", ("allow", ALLOWED))
        elif message.method == "INVITE":
            self._answer(message, key, 488, "Not Acceptable Here", ("warning", NO_MEDIA))
        elif message.method in ("BYE", "CANCEL"):
            self._answer(message, key, 481, "Call/Transaction Does Not Exist")
        elif message.method not in ("MESSAGE", "SUBSCRIBE"):
            self._answer(message, key, 405, "Method Not Allowed", ("allow", ALLOWED))
        elif message.sender != self._platform.id:
            self.unreadable += 1
            self._answer(message, key, 403, "Forbidden: not the platform that this hub is registered at")
        elif self._asked >= WAITING:
            self._answer(message, key, 503, "Ask later", ("retry-after", "5"))
        else:
            try:
                body = read(message.body)
            except DecodeError:
                self.unreadable += 1
                self._answer(message, key, 400, "Body cannot be read")
                return
            self._asked += 1
            work = self._subscribe if message.method == "SUBSCRIBE" else self._message
            self._group.create_task(self._guarded(work(message, key, body), message, key))

    async def _guarded(self, work: Awaitable[None], message: Message, key: Key) -> None:
        """A store that is away is no reason to end the connection: the platform asks again."""
        try:
            await work
        except HubError as error:
            log.debug("%s is not answered: %s", self._superior.code, error)
            self._answer(message, key, 500, "Not now")
        finally:
            self._asked -= 1

    def _answer(
        self, message: Message, key: Key, status: int, reason: str, *headers: Header, body: bytes = b""
    ) -> None:
        more = (*headers, ("content-type", CONTENT_TYPE)) if body else headers
        octets = sip.answer(message, status, reason, token_hex(6), *more, body=body)
        self._send_answer(key, octets)

    def _send_answer(self, key: Key, octets: bytes) -> None:
        self._answers.end(key, octets)
        self._part.link.send(octets, self._ports.pop(key, 0))

    async def _subscribe(self, message: Message, key: Key, body: Body) -> None:
        name = message.header("event").partition(";")[0].strip().lower()
        event = EVENTS.get(body.command.lower() if name in ("presence", "") else name)
        if event is None:
            self._answer(message, key, 489, "Bad Event", ("allow-events", ", ".join(EVENTS.values())))
            return
        if event == "Catalog":
            await self._part.subscribed()
        tag = token_hex(6)
        seconds = await self._part.subscriptions.take(event, message, tag)
        answer = told("Response", event, body.number, body.device, {"Result": "OK"}, self._charset)
        octets = sip.answer(
            message, 200, "OK", tag, ("expires", str(seconds)), ("event", message.header("event") or event),
            ("contact", f"<sip:{self._superior.number}@{self._part.requests.here}>"), ("content-type", CONTENT_TYPE),
            body=answer,
        )  # fmt: skip
        self._send_answer(key, octets)

    async def _message(self, message: Message, key: Key, body: Body) -> None:
        self._answer(message, key, 200, "OK")
        command = body.command.lower()
        if body.kind == "Response":
            if command == "alarm":
                self._part.alarms.heard(body)
        elif body.kind == "Query" and command == "catalog":
            await self._catalogue(body)
        elif body.kind in ("Query", "Control"):
            await self._send(body, await self._facts(body) if body.kind == "Query" else {"Result": "ERROR"})

    async def _catalogue(self, body: Body) -> None:
        """Page after page, the next one once the platform has taken the one before."""
        directory = await self._part.directory()
        items = directory.items(body.device)
        for page in pages(items, ROOM[self._part.link.transport]):
            octets = catalogue("Response", body.number, body.device, len(items), page, self._charset)
            answer = await self._part.requests.message(octets)
            if answer is None or answer.status >= 300:
                log.debug("%s does not take the directory", self._superior.code)
                return
        if body.device == self._superior.number:
            await self._part.shown(directory)

    async def _facts(self, body: Body) -> Fields:
        """Of the hub, or of a channel that was granted."""
        command, own = body.command.lower(), body.device == self._superior.number
        directory = await self._part.directory()
        channel = directory.channels.get(body.device)
        if command == "deviceinfo" and own:
            count = len(directory.channels)
            return {"DeviceName": self._superior.name, "Result": "OK", "DeviceType": "Platform",
                    "Manufacturer": "Ganzhi", "Model": "Ganzhi", "Firmware": "", "Channel": count}  # fmt: skip
        if command == "deviceinfo" and channel is not None:
            return {"DeviceName": channel.name, "Result": "OK", "Manufacturer": channel.maker, "Model": channel.model,
                    "Firmware": "", "Channel": 1}  # fmt: skip
        if command == "devicestatus" and (own or channel is not None):
            online = own or (channel is not None and channel.online)
            return {"Result": "OK", "Online": "ONLINE" if online else "OFFLINE", "Status": "OK" if online else "ERROR"}
        return {"Result": "ERROR"}

    async def _send(self, body: Body, fields: Fields) -> None:
        await self._part.requests.message(
            told("Response", body.command, body.number, body.device, fields, self._charset)
        )

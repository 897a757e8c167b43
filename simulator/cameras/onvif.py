"""An ONVIF camera: PullPoint subscriptions behind a UsernameToken, with a clock that may be wrong."""

import asyncio
import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta

from simulator.cameras.http_login import HttpLogin
from simulator.cameras.web_server import Asked, WebServer, reply

DEVICE, EVENTS = "/onvif/device_service", "/onvif/event_service"
_TOKEN = re.compile(r"<w:Username>(.*?)</w:Username>.*?<w:Password[^>]*>(.*?)</w:Password>.*?<w:Nonce>(.*?)</w:Nonce>"
                    r".*?<u:Created>(.*?)</u:Created>", re.DOTALL)  # fmt: skip
_SECONDS = re.compile(r"PT(\d+)S")
_NAMES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tev="http://www.onvif.org/ver10/events/wsdl" '
    'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:wsa="http://www.w3.org/2005/08/addressing" '
    'xmlns:ter="http://www.onvif.org/ver10/error" xmlns:tns1="http://www.onvif.org/ver10/topics"'
)
LENIENT_S = 5.0
"""By how much the time of a token may differ from the camera's own."""


class OnvifCamera:
    """One camera; `async with` opens and closes it."""

    def __init__(
        self, username: str, password: str, *, ahead: timedelta = timedelta(), http: HttpLogin | None = None,
        port: int = 0,
    ) -> None:  # fmt: skip
        """`http`: it asks for digest of HTTP, too."""
        self._username, self._password, self._ahead = username, password, ahead
        self._web = WebServer(self._serve, http, public=_is_public, port=port)
        self._waiting: dict[str, asyncio.Queue[str]] = {}
        """Of each subscription."""
        self._state: dict[tuple[str, str], str] = {}
        """Of properties, by topic and source: told as Initialized to who subscribes."""
        self._number = 0
        self.calls: list[str] = []
        """Names of the calls that came."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._web.port}"

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return len(self._waiting)

    async def __aenter__(self) -> "OnvifCamera":
        await self._web.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._web.stop()

    def forget(self) -> None:
        """Lose all subscriptions, as at a restart."""
        self._waiting.clear()

    @property
    def untold(self) -> int:
        """Notifications that nobody has pulled yet; of several subscriptions one is enough: others are left behind."""
        return min((waiting.qsize() for waiting in self._waiting.values()), default=0)

    def tell(self, topic: str, data: str, source: str = "VideoSourceToken=1", operation: str = "Changed") -> datetime:
        """Tell a notification to each subscription; `data` and `source` are NAME=VALUE. The time that it tells."""
        self._state[topic, source] = data
        at = self._now().replace(microsecond=0)
        for waiting in self._waiting.values():
            waiting.put_nowait(self._notice(topic, data, source, operation, at))
        return at

    def _now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def _notice(self, topic: str, data: str, source: str, operation: str, at: datetime) -> str:
        def items(name: str, told: str) -> str:
            left, _, right = told.partition("=")
            return f'<tt:{name}><tt:SimpleItem Name="{left}" Value="{right}"/></tt:{name}>'

        told = f'UtcTime="{_written(at)}" PropertyOperation="{operation}"'
        return (
            f"<wsnt:NotificationMessage><wsnt:Topic>{topic}</wsnt:Topic><wsnt:Message><tt:Message {told}>"
            f"{items('Source', source)}{items('Data', data)}</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
        )

    async def _serve(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        body = asked.body.decode()
        found = re.search(r"<s:Body><\w+:(\w+)", body)
        call = "" if found is None else found[1]
        self.calls.append(call)
        if call != "GetSystemDateAndTime" and not self._knows(body):
            await self._fault(writer, "ter:NotAuthorized", "Sender not Authorized")
            return
        if asked.path.startswith("/onvif/pull/") and asked.path not in self._waiting:
            await self._fault(writer, "ter:InvalidArgVal", "Unknown subscription")
            return
        answer = await self._answer(call, asked.path, body)
        if answer is None:
            await self._fault(writer, "ter:ActionNotSupported", "Not supported")
        else:
            await reply(writer, _envelope(answer), "application/soap+xml")

    async def _answer(self, call: str, path: str, body: str) -> str | None:
        now = self._now()
        if call == "GetSystemDateAndTime":
            date = _elements(Year=now.year, Month=now.month, Day=now.day)
            time = _elements(Hour=now.hour, Minute=now.minute, Second=now.second)
            stated = f"<tt:UTCDateTime><tt:Time>{time}</tt:Time><tt:Date>{date}</tt:Date></tt:UTCDateTime>"
            stated = f"<tds:SystemDateAndTime>{stated}</tds:SystemDateAndTime>"
            return f"<tds:GetSystemDateAndTimeResponse>{stated}</tds:GetSystemDateAndTimeResponse>"
        if call == "GetDeviceInformation":
            told = "<tds:Manufacturer>Sim</tds:Manufacturer><tds:Model>PTZ-1</tds:Model>"
            return f"<tds:GetDeviceInformationResponse>{told}</tds:GetDeviceInformationResponse>"
        if call == "GetCapabilities":
            events = f"<tt:Events><tt:XAddr>http://192.0.2.1{EVENTS}</tt:XAddr></tt:Events>"
            told = f"<tds:Capabilities>{events}</tds:Capabilities>"
            return f"<tds:GetCapabilitiesResponse>{told}</tds:GetCapabilitiesResponse>"
        if call == "CreatePullPointSubscription":
            return self._subscribed(body)
        if call == "PullMessages":
            return await self._pulled(path, body)
        if call == "Renew":
            return f"<wsnt:RenewResponse>{self._lasts(body)}</wsnt:RenewResponse>"
        if call == "Unsubscribe":
            self._waiting.pop(path, None)
            return "<wsnt:UnsubscribeResponse/>"
        return None

    def _subscribed(self, body: str) -> str:
        self._number += 1
        path = f"/onvif/pull/{self._number}"
        waiting = self._waiting[path] = asyncio.Queue()
        for (topic, source), data in self._state.items():
            waiting.put_nowait(self._notice(topic, data, source, "Initialized", self._now()))
        reference = (
            f"<tev:SubscriptionReference><wsa:Address>http://192.0.2.1{path}</wsa:Address></tev:SubscriptionReference>"
        )
        told = reference + self._lasts(body)
        return f"<tev:CreatePullPointSubscriptionResponse>{told}</tev:CreatePullPointSubscriptionResponse>"

    async def _pulled(self, path: str, body: str) -> str:
        waiting, seconds = self._waiting[path], _seconds(body)
        notices = list[str]()
        try:
            async with asyncio.timeout(seconds):
                notices.append(await waiting.get())
        except TimeoutError:
            pass  # there was nothing to tell
        while not waiting.empty() and len(notices) < 100:
            notices.append(waiting.get_nowait())
        now, end = _written(self._now()), _written(self._now() + timedelta(seconds=60))
        head = f"<tev:CurrentTime>{now}</tev:CurrentTime><tev:TerminationTime>{end}</tev:TerminationTime>"
        return f"<tev:PullMessagesResponse>{head}{''.join(notices)}</tev:PullMessagesResponse>"

    def _lasts(self, body: str) -> str:
        now = self._now()
        end = now + timedelta(seconds=_seconds(body))
        told = f"<wsnt:CurrentTime>{_written(now)}</wsnt:CurrentTime>"
        return f"{told}<wsnt:TerminationTime>{_written(end)}</wsnt:TerminationTime>"

    def _knows(self, body: str) -> bool:
        found = _TOKEN.search(body)
        if found is None:
            return False
        username, digest, nonce, created = found.groups()
        told = base64.b64decode(nonce) + created.encode() + self._password.encode()
        right = base64.b64encode(hashlib.sha1(told, usedforsecurity=False).digest()).decode()
        off = abs((datetime.fromisoformat(created) - self._now()).total_seconds())
        return username == self._username and digest == right and off <= LENIENT_S

    async def _fault(self, writer: asyncio.StreamWriter, code: str, reason: str) -> None:
        inner = (
            f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}</s:Value></s:Subcode></s:Code>"
            f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>'
        )
        await reply(writer, _envelope(inner), "application/soap+xml", "400 Bad Request")


def _is_public(asked: Asked) -> bool:
    return b"GetSystemDateAndTime" in asked.body


def _elements(**told: int) -> str:
    return "".join(f"<tt:{name}>{number}</tt:{name}>" for name, number in told.items())


def _seconds(body: str) -> int:
    found = _SECONDS.search(body)
    return 60 if found is None else int(found[1])


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _envelope(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {_NAMES}><s:Body>{body}</s:Body></s:Envelope>'.encode()

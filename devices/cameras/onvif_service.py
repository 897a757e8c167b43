"""Calls of ONVIF: SOAP 1.2 with a UsernameToken by the camera's own clock, and HTTP digest where it asks for that.

Addresses that a camera tells of its services count by their path alone: behind a translation of addresses it tells
those of its own network, and no camera sends the hub elsewhere.
"""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import NamedTuple
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from devices.cameras.camera_url import Login
from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import ANSWER_S, Answer, HttpPeer
from devices.codecs.xml_tree import Element, tree
from hub.errors import DecodeError
from hub.words.sentence import Sentence

DEVICE = "/onvif/device_service"
_EVENTS = "http://www.onvif.org/ver10/events/wsdl"
_ACTIONS = {
    "GetSystemDateAndTime": "http://www.onvif.org/ver10/device/wsdl/GetSystemDateAndTime",
    "GetDeviceInformation": "http://www.onvif.org/ver10/device/wsdl/GetDeviceInformation",
    "GetCapabilities": "http://www.onvif.org/ver10/device/wsdl/GetCapabilities",
    "CreatePullPointSubscription": f"{_EVENTS}/EventPortType/CreatePullPointSubscriptionRequest",
    "PullMessages": f"{_EVENTS}/PullPointSubscription/PullMessagesRequest",
    "SetSynchronizationPoint": f"{_EVENTS}/PullPointSubscription/SetSynchronizationPointRequest",
    "Renew": "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest",
    "Unsubscribe": "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest",
}
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity"
_TOKEN = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"  # noqa: S105
_NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope", "a": "http://www.w3.org/2005/08/addressing",
    "tds": "http://www.onvif.org/ver10/device/wsdl", "tev": _EVENTS, "wsnt": "http://docs.oasis-open.org/wsn/b-2",
}  # fmt: skip


class PullPoint(NamedTuple):
    """A subscription at a camera."""

    path: str
    reference: str
    """What each call to it has in its header, as XML."""
    lasts_s: float


def password_digest(password: str, nonce: bytes, created: str) -> str:
    """Of a UsernameToken: base64 of SHA-1 over nonce, time and password, as WS-Security 1.0 has it."""
    told = nonce + created.encode() + password.encode()
    return base64.b64encode(hashlib.sha1(told, usedforsecurity=False).digest()).decode()


class OnvifService:
    """The services of one camera."""

    def __init__(self, peer: HttpPeer, login: Login | None) -> None:
        self._peer, self._login = peer, login
        self.clock_offset = timedelta()
        """How far the camera's clock is ahead of the hub's."""
        self._device = peer.url.path or DEVICE

    async def set_clock(self) -> timedelta:
        """Ask the camera for its time, which needs no login; the offset that it then has. CameraFailed."""
        asked = datetime.now(UTC)
        answer = await self._call(self._device, "GetSystemDateAndTime", "<tds:GetSystemDateAndTime/>", secure=False)
        stated = next(answer.all("UTCDateTime"), None)
        if stated is not None:
            told = {part.name: part.text for each in ("Date", "Time") for part in _parts(stated, each)}
            names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
            try:
                year, month, day, hour, minute, second = (int(told[name]) for name in names)
                there = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
            except (KeyError, ValueError):
                return self.clock_offset
            self.clock_offset = there - (asked + (datetime.now(UTC) - asked) / 2)
        return self.clock_offset

    async def model(self) -> str:
        """Manufacturer, model and firmware, which needs the login. CameraFailed."""
        answer = await self._call(self._device, "GetDeviceInformation", "<tds:GetDeviceInformation/>")
        found = next(answer.all("GetDeviceInformationResponse"), Element("", 0))
        told = (found.told(name) for name in ("Manufacturer", "Model", "FirmwareVersion"))
        return " ".join(each for each in told if each)

    async def events_path(self) -> str:
        """The path of its events. CameraFailed, where it has none."""
        body = "<tds:GetCapabilities><tds:Category>Events</tds:Category></tds:GetCapabilities>"
        answer = await self._call(self._device, "GetCapabilities", body)
        events = next(answer.all("Events"), None)
        path = "" if events is None else _path(events.told("XAddr"))
        if not path:
            raise CameraFailed("path", Sentence("camera.failed.no_events"))
        return path

    async def subscribe(self, events: str, lasts_s: int) -> PullPoint:
        """Create a subscription to all topics. CameraFailed."""
        body = (
            f"<tev:CreatePullPointSubscription><tev:InitialTerminationTime>PT{lasts_s}S</tev:InitialTerminationTime>"
            "</tev:CreatePullPointSubscription>"
        )
        answer = await self._call(events, "CreatePullPointSubscription", body)
        found = next(answer.all("CreatePullPointSubscriptionResponse"), None)
        reference = None if found is None else found.child("SubscriptionReference")
        if found is None or reference is None:
            raise CameraFailed("answer", Sentence("camera.failed.soap", call="CreatePullPointSubscription"))
        path = _path(reference.told("Address")) or events
        parameters = reference.child("ReferenceParameters")
        told = "" if parameters is None else "".join(map(_written, parameters.children))
        return PullPoint(path, told, _lasting(found, lasts_s))

    async def pull(self, at: PullPoint, wait_s: int, most: int) -> bytes:
        """Messages, once there are some or the time is over: the answer as it is. CameraFailed."""
        body = (
            f"<tev:PullMessages><tev:Timeout>PT{wait_s}S</tev:Timeout>"
            f"<tev:MessageLimit>{most}</tev:MessageLimit></tev:PullMessages>"
        )
        return (await self._ask(at.path, "PullMessages", body, at.reference, wait_s + ANSWER_S)).body

    async def renew(self, at: PullPoint, lasts_s: int) -> PullPoint:
        """Let a subscription last longer. CameraFailed."""
        body = f"<wsnt:Renew><wsnt:TerminationTime>PT{lasts_s}S</wsnt:TerminationTime></wsnt:Renew>"
        answer = await self._call(at.path, "Renew", body, at.reference)
        return at._replace(lasts_s=_lasting(next(answer.all("RenewResponse"), Element("", 0)), lasts_s))

    async def unsubscribe(self, at: PullPoint) -> None:
        """End a subscription. CameraFailed."""
        await self._call(at.path, "Unsubscribe", "<wsnt:Unsubscribe/>", at.reference)

    async def _call(self, path: str, action: str, body: str, reference: str = "", *, secure: bool = True) -> Element:
        answer = await self._ask(path, action, body, reference, secure=secure)
        try:
            return tree(answer.body)[0]
        except DecodeError as error:
            raise CameraFailed("answer", Sentence("camera.failed.xml", error=error.detail)) from error

    async def _ask(
        self, path: str, action: str, body: str, reference: str, wait_s: float = ANSWER_S, *, secure: bool = True
    ) -> Answer:
        envelope = self._envelope(path, action, body, reference, secure=secure)
        type_ = f'application/soap+xml; charset=utf-8; action="{_ACTIONS[action]}"'
        answer = await self._peer.ask("POST", path, envelope, {"Content-Type": type_}, wait_s)
        if answer.status != 200:
            raise _refused(answer, action)
        return answer

    def _envelope(self, path: str, action: str, body: str, reference: str, *, secure: bool) -> bytes:
        url = self._peer.url
        names = "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in _NAMESPACES.items())
        to = escape(f"{url.scheme}://{url.authority}{path}")
        addressing = f"<a:Action>{_ACTIONS[action]}</a:Action><a:To>{to}</a:To>"
        security = self._security() if secure and self._login is not None else ""
        inner = f"<s:Header>{security}{addressing}{reference}</s:Header><s:Body>{body}</s:Body>"
        return f"<?xml version='1.0' encoding='UTF-8'?><s:Envelope{names}>{inner}</s:Envelope>".encode()

    def _security(self) -> str:
        login = self._login or Login("", "")
        nonce = token_bytes(16)
        created = (datetime.now(UTC) + self.clock_offset).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = password_digest(login.password, nonce, created)
        return (
            f'<w:Security xmlns:w="{_SECURITY}-secext-1.0.xsd" xmlns:u="{_SECURITY}-utility-1.0.xsd" '
            f's:mustUnderstand="true"><w:UsernameToken><w:Username>{escape(login.username)}</w:Username>'
            f'<w:Password Type="{_TOKEN}">{digest}</w:Password>'
            f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
            "</w:UsernameToken></w:Security>"
        )


def _refused(answer: Answer, action: str) -> CameraFailed:
    """What a fault of SOAP says."""
    try:
        root = tree(answer.body)[0]
    except DecodeError:
        root = Element("", 0)
    reason = " ".join(each.text for each in root.all("Text"))[:120]
    codes = " ".join(each.text for each in root.all("Value"))
    if answer.status in (400, 401, 403) and "NotAuthorized" in codes.replace("NotAuthorised", "NotAuthorized"):
        return CameraFailed("login", Sentence("camera.failed.token"))
    if answer.status == 404:
        return CameraFailed("path", Sentence("camera.failed.path", path=DEVICE, status=404))
    told = reason or codes or str(answer.status)
    return CameraFailed("answer", Sentence("camera.failed.fault", call=action, status=answer.status, told=repr(told)))


def _path(address: str) -> str:
    """Path and query of an address that a camera tells."""
    try:
        found = urlsplit(address.strip())
    except ValueError:
        return ""
    path = found.path + (f"?{found.query}" if found.query else "")
    return path if path.isascii() and path.isprintable() and " " not in path else ""


def _parts(element: Element, name: str) -> list[Element]:
    found = element.child(name)
    return [] if found is None else found.children


def _written(element: Element) -> str:
    """A reference parameter as XML again; cameras have a text in it, in a namespace of their own."""
    attributes = "".join(f" {name}={quoteattr(told)}" for name, told in element.attributes.items() if name != "xmlns")
    space = element.space
    inner = "".join(map(_written, element.children)) or escape(element.text)
    named = f" xmlns={quoteattr(space)}" if space else ""
    return f'<{element.name}{named} a:IsReferenceParameter="true"{attributes}>{inner}</{element.name}>'


def _lasting(element: Element, wanted_s: float) -> float:
    """Seconds until a subscription ends, by the camera's own clock; as it was asked for where that is not told."""
    try:
        now, end = (datetime.fromisoformat(element.told(name)) for name in ("CurrentTime", "TerminationTime"))
        lasts = (end - now).total_seconds()
    except (ValueError, TypeError):
        return wanted_s
    return lasts if 1 <= lasts <= 86_400 else wanted_s

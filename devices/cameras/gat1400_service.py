"""Calls of GA/T 1400 (视图库): the hub subscribes at a library to devices, states and tollgates, and cancels it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from devices.cameras.failure import CameraFailed
from devices.cameras.http_peer import FORBIDDEN, Answer, HttpPeer
from devices.codecs.gat1400.writing import DEVICES, STATES, TOLLGATES, moment, subscription
from hub.words.sentence import Sentence

DETAILS = (DEVICES, STATES, TOLLGATES)
LASTS = timedelta(days=3650)
"""Until it is cancelled; there is no other end than a time that is told."""
TIME, SUBSCRIBES = "/VIID/System/Time", "/VIID/Subscribes"
_TYPE = "application/VIID+JSON;charset=UTF-8"


class Gat1400Service:
    """One library; `own` are the hub's 20 digits, `number` those of the library."""

    def __init__(self, peer: HttpPeer, own: str, number: str) -> None:
        self._peer, self._own, self.number = peer, own, number
        self._headers = {"User-Identify": own, "Content-Type": _TYPE}

    async def clock(self) -> str:
        """What it says the time is, in its own words. CameraFailed: it is none, or lets the hub not in."""
        path = self._peer.url.path + TIME
        answer = await self._peer.ask("GET", path, headers=self._headers)
        told = _object(answer, path).get("SystemTimeObject")
        if not isinstance(told, dict):
            raise CameraFailed("answer", Sentence("camera.failed.viid.time"))
        return str(told.get("LocalTime", ""))[:32]

    def subscription(self, detail: str, since: datetime) -> str:
        """The id of a subscription: 12 digits of an organisation, 03, a time, a number; the same after a restart."""
        return f"{self._own[:6]:0<12}03{since.astimezone(UTC):%Y%m%d%H%M%S}{int(detail):05}"

    async def subscribe(self, detail: str, since: datetime, receive: str) -> None:
        """Subscribe; one that is there already is changed to this. CameraFailed."""
        id_ = self.subscription(detail, since)
        body = subscription({
            "SubscribeID": id_, "Title": f"ganzhi-{detail}", "SubscribeDetail": detail, "ResourceURI": self.number,
            "ApplicantName": "ganzhi", "ApplicantOrg": self._own, "BeginTime": moment(since),
            "EndTime": moment(since + LASTS), "ReceiveAddr": receive, "ReportInterval": 60, "Reason": "ganzhi",
            "OperateType": 0,
        }.items())  # fmt: skip
        path = self._peer.url.path + SUBSCRIBES
        refused = _refused(await self._peer.ask("POST", path, body, self._headers), path)
        if refused is not None and _refused(await self._peer.ask("PUT", path, body, self._headers), path) is not None:
            raise refused

    async def cancel(self, detail: str, since: datetime) -> None:
        """Subscribe to it no more. CameraFailed."""
        id_ = self.subscription(detail, since)
        body = subscription({
            "SubscribeID": id_, "SubscribeCancelOrg": self._own, "SubscribeCancelPerson": "ganzhi",
            "CancelTime": moment(datetime.now(UTC)), "CancelReason": "ganzhi", "OperateType": 1,
        }.items())  # fmt: skip
        path = f"{self._peer.url.path}{SUBSCRIBES}/{id_}"
        if (refused := _refused(await self._peer.ask("PUT", path, body, self._headers), path)) is not None:
            raise refused


def _object(answer: Answer, path: str) -> dict[str, Any]:
    """CameraFailed where it is none."""
    if answer.status == FORBIDDEN:
        raise CameraFailed("login", Sentence("camera.failed.forbidden", path=path))
    if answer.status != 200:
        raise CameraFailed("path", Sentence("camera.failed.viid.path", path=path, status=answer.status))
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CameraFailed("answer", Sentence("camera.failed.viid.json"))
    return found


def _refused(answer: Answer, path: str) -> CameraFailed | None:
    """Why it has not done it; None where it has. Some tell the code as a text, some one object, some a list."""
    told: Any = _object(answer, path)
    while isinstance(told, dict | list) and told:
        if isinstance(told, dict) and "StatusCode" in told:
            code = str(told["StatusCode"])[:16]
            if code == "0":
                return None
            said = str(told.get("StatusString", ""))[:80]
            return CameraFailed("answer", Sentence("camera.failed.viid.code", code=code, told=repr(said)))
        told = told[0] if isinstance(told, list) else next(iter(told.values()))
    return CameraFailed("answer", Sentence("camera.failed.viid.json"))

"""Documents of GA/T 1400 as the hub writes them: answers, what it asks, and the parts of what it was told. Pure.

A part is a document of its own, for each device is told for itself; nothing but what is read stands in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from devices.codecs.gat1400.document import State, read
from hub.models import Micros, from_micros

BEIJING = ZoneInfo("Asia/Shanghai")
"""Of the times that are told: they have no other zone."""
MAX_ID = 64
"""Characters of an id that is answered."""
MAX_ANSWERS = 5_000
DEVICES, STATES, TOLLGATES = "3", "4", "7"
"""SubscribeDetail (GA/T 1400.3, SubscribeDetail): what the hub subscribes to, and nothing else."""


class Code(IntEnum):
    """StatusCode (GA/T 1400.3-2017, ConfirmStatusType). After 0 nobody sends it again; after all others many do."""

    OK = 0
    OTHER = 1
    BUSY = 2
    FAULT = 3
    INVALID_OPERATION = 4
    JSON_FORMAT = 7
    JSON_CONTENT = 8


def moment(at: datetime) -> str:
    """yyyyMMddHHmmss in the time of Beijing."""
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def status(url: str, code: Code, said: str, id_: str = "", at: datetime | None = None) -> dict[str, Any]:
    """What happened to one object; `at` is left out while the clock is not sure."""
    told: dict[str, Any] = {"RequestURL": url, "StatusCode": int(code), "StatusString": said}
    if id_:
        told["Id"] = id_
    if at is not None:
        told["LocalTime"] = moment(at)
    return told


def one(told: Mapping[str, Any]) -> bytes:
    """An answer about one object."""
    return msgspec.json.encode({"ResponseStatusObject": told})


def many(told: Sequence[Mapping[str, Any]]) -> bytes:
    """An answer about each of several."""
    return msgspec.json.encode({"ResponseStatusListObject": {"ResponseStatusObject": told}})


def ids(document: Mapping[str, Any]) -> list[str]:
    """Of each object of a document its id, as answers name it: NotificationID, FaceID, ApeID; "" where it has none."""
    found: list[str] = []
    waiting: list[tuple[str, Any]] = list(document.items())[:8]
    while waiting and len(found) < MAX_ANSWERS:
        name, value = waiting.pop(0)
        objects = value if isinstance(value, list) else [value]
        for each in objects[: MAX_ANSWERS - len(found)]:
            if isinstance(each, dict):
                inner = [(below, held) for below, held in each.items() if below.endswith("Object")]
                if inner and not _id(name, each):
                    waiting += inner[:8]
                else:
                    found.append(_id(name, each))
    return found


def _id(kind: str, members: Mapping[str, Any]) -> str:
    name = kind.removesuffix("Object")
    wanted = {"APE": "ApeID", "APEStatus": "ApeID", "SubscribeNotification": "NotificationID"}.get(name, f"{name}ID")
    value = members.get(wanted, "")
    return value[:MAX_ID] if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def answer(payload: bytes, _received: Micros, _zone: tzinfo) -> bytes | None:
    """What the hub answers to a document once it is stored, as `hub frame check` shows it."""
    document, at = read(payload), from_micros(_received)
    system = next((name for name in ("Register", "UnRegister", "Keepalive") if f"{name}Object" in document), "")
    if system or "DeviceID" in document:
        return one(status(f"/VIID/System/{system or 'Register'}", Code.OK, "OK", at=at))
    url = "/VIID/SubscribeNotifications"
    return many([status(url, Code.OK, "OK", id_, at) for id_ in ids(document)])


def state_part(state: State) -> bytes:
    """The state of one device."""
    return msgspec.json.encode({"APEStatusObject": {"ApeID": state.device, "IsOnline": "1" if state.online else "2"}})


def dropped_part(count: int) -> bytes:
    """That so many objects were dropped, and nothing of them."""
    return msgspec.json.encode({"DroppedListObject": {"DroppedObject": [{}] * count}})


def system_part(kind: str, device: str) -> bytes:
    """Of Register, UnRegister or Keepalive."""
    return msgspec.json.encode({f"{kind}Object": {"DeviceID": device}})


def time_told(server: str, at: datetime) -> bytes:
    """The hub's clock; TimeMode 1: it is synchronised by a network."""
    told = {"VIIDServerID": server, "TimeMode": "1", "LocalTime": moment(at), "TimeZone": "Asia/Shanghai"}
    return msgspec.json.encode({"SystemTimeObject": told})


def subscription(members: Iterable[tuple[str, object]]) -> bytes:
    """A subscription, or a change of one."""
    return msgspec.json.encode({"SubscribeListObject": {"SubscribeObject": [dict(members)]}})

"""What a document of GA/T 1400 holds: devices, their states, tollgates. Whatever else is there is counted only. Pure.

What is read is listed (names.json): a kind of object that nobody knows may be about persons, and counts as one. Of a
device is read what the registry keeps: not its login, its IP address or whom it belongs to.
"""

from functools import cache
from typing import Any, NamedTuple

import msgspec

from devices.codecs.code_table import told
from devices.codecs.decoded import MAX_BYTES, MAX_LEFT_OUT
from devices.codecs.gb28181.catalogue import Channel, degrees, one_line
from devices.codecs.gb28181.ids import is_id
from devices.codecs.jsontext import parse, quoted
from devices.codecs.pointer import pointer
from devices.privacy import as_code, is_private
from hub.errors import DecodeError
from hub.words.sentence import Sentence

MAX_ITEMS = 10_000
"""Devices, states and tollgates of one document; those beyond are left out and counted as faults."""
MAX_OBJECTS = 200_000
"""Objects of a large body: 20 MB as Python objects."""
MAX_NAMED = 256
"""Devices of which it is told how much was dropped, of one document."""
_DEEP = 6
Path = tuple[str | int, ...]


class State(NamedTuple):
    """Whether a device is there."""

    device: str
    online: bool


class Contents:
    """What was found."""

    def __init__(self) -> None:
        self.sender = ""
        """DeviceID of who registers or is alive; also at the root, as some write it."""
        self.devices: list[Channel] = []
        self.tollgates: list[Channel] = []
        self.states: list[State] = []
        self.private = 0
        """Objects and members that are dropped."""
        self.private_of: dict[str, int] = {}
        """Of the objects, those that name the device from which they come, by its 20 digits; MAX_NAMED at most."""
        self.unwanted: set[str] = set()
        """SubscribeID of notifications in which something was dropped."""
        self.faults: list[DecodeError] = []
        """The first MAX_LEFT_OUT: a large document has 200,000 objects, each of which may be wrong."""
        self.is_cut = False
        """Whether there were more than MAX_ITEMS."""
        self.unused: list[str] = []

    @property
    def has_room(self) -> bool:
        """Whether another fault is remembered."""
        return len(self.faults) < MAX_LEFT_OUT

    @property
    def is_something(self) -> bool:
        """Whether anything in it has a meaning, and be it that it is dropped."""
        found = self.sender or self.devices or self.tollgates or self.states
        return bool(found or self.private or self.faults or self.unused)


def read(body: bytes, most: int = MAX_BYTES) -> dict[str, Any]:
    """The object of a body of at most `most` bytes; DecodeError."""
    if len(body) > most:
        sentence = Sentence("refusal.bytes", size=f"{len(body):,}", most=f"{most:,}")
        raise DecodeError("too_large", sentence, most)
    found = _large(body) if len(body) > MAX_BYTES else parse(body)
    if not isinstance(found, dict):
        raise DecodeError("not_an_object", Sentence("refusal.gat1400.object"), "")
    return found


def _large(body: bytes) -> object:
    """Of what carries pictures."""
    objects = body.count(b"{") + body.count(b"[")
    if objects > MAX_OBJECTS or body.count(b",") > 8 * MAX_OBJECTS:
        raise DecodeError(
            "too_many_values", Sentence("refusal.parts", count=f"{objects:,}", most=f"{MAX_OBJECTS:,}"), ""
        )
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise DecodeError("not_json", Sentence("refusal.json.strict"), 0) from None


def contents(document: dict[str, Any]) -> Contents:
    """What a document holds; DecodeError where there is nothing in it that has a meaning."""
    found = Contents()
    _take(document, found, (), 0)
    if not found.is_something:
        raise DecodeError("missing_field", Sentence("refusal.gat1400.nothing"), "")
    return found


def _take(members: dict[str, Any], found: Contents, path: Path, depth: int) -> None:
    names = _names()
    for name, value in members.items():
        here = (*path, name)
        if name in _ITEMS or name in names["opened"]:
            _open(name, value, found, here, depth)
        elif name in names["told_by"] and isinstance(value, dict):
            found.sender = _sender(value, found, here)
        elif name == "DeviceID" and not path:
            found.sender = _sender(members, found, path)
        elif name in names["things"]:
            found.unused.append(name)
        else:
            found.private += _drop(value, found) if isinstance(value, dict | list) else is_private(name)


def _open(name: str, value: object, found: Contents, path: Path, depth: int) -> None:
    """Take an object, or each of a list; null is none."""
    each_of: list[tuple[Path, object]] = [(path, value)]
    if isinstance(value, list):
        each_of = [((*path, number), each) for number, each in enumerate(value)]
    for place, each in each_of:
        if isinstance(each, dict) and name in _ITEMS:
            _item(name, each, found, place)
        elif isinstance(each, dict) and depth < _DEEP:
            before = found.private
            _take(each, found, place, depth + 1)
            if found.private > before and name == "SubscribeNotificationObject":
                found.unwanted.add(_text(each, "SubscribeID"))
        elif isinstance(each, dict):
            found.private += 1
        elif each is not None and found.has_room:
            _leave_out(found, "bad_field", Sentence("refusal.gat1400.member", name=name), place)


def _drop(value: dict[str, Any] | list[Any], found: Contents) -> int:
    """How many objects a list of unknown kind has: those of its own list, as in {"FaceObject": [{}, {}]}."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), list):
        value = inner
    objects = value if isinstance(value, list) else [value]
    for each in objects:
        device = _text(each, "DeviceID") if isinstance(each, dict) else ""
        if is_id(device) and (device in found.private_of or len(found.private_of) < MAX_NAMED):
            found.private_of[device] = found.private_of.get(device, 0) + 1
    return len(objects)


def _item(kind: str, item: dict[str, Any], found: Contents, path: Path) -> None:
    found.private += sum(is_private(name) for name in item)
    if len(found.devices) + len(found.tollgates) + len(found.states) >= MAX_ITEMS:
        if not found.is_cut:
            found.is_cut = True
            _leave_out(found, "too_many_values", Sentence("refusal.gat1400.items", most=f"{MAX_ITEMS:,}"), path)
        return
    name = _ITEMS[kind]
    id_ = _text(item, name)
    if not is_id(id_):
        if found.has_room:
            sentence = Sentence("refusal.gat1400.id", name=name, told=_shown(item.get(name)))
            _leave_out(found, "bad_address", sentence, (*path, name) if name in item else path)
        return
    if kind == "TollgateObject":
        found.tollgates.append(_channel(id_, item, ""))
        return
    told_online = _text(item, "IsOnline")
    online = _names()["online"].get(told_online)
    if told_online and told_online not in _names()["online"]:
        if found.has_room:
            sentence = Sentence("refusal.gat1400.online", told=_shown(item["IsOnline"]))
            _leave_out(found, "bad_field", sentence, (*path, "IsOnline"))
    elif online is not None:
        found.states.append(State(id_, online))
    if kind == "APEObject":
        found.devices.append(_channel(id_, item, {True: "ON", False: "OFF"}.get(online, "")))


_ITEMS = {"APEObject": "ApeID", "APEStatusObject": "ApeID", "TollgateObject": "TollgateID"}
"""Kinds of objects that are read, and the member that is their id."""


def _channel(id_: str, item: dict[str, Any], status: str) -> Channel:
    lon, lat = degrees(_text(item, "Longitude"), 180), degrees(_text(item, "Latitude"), 90)
    if lon is None or lat is None or (lon, lat) == (0, 0):
        lon = lat = None
    name, model, parent = one_line(_text(item, "Name")), one_line(_text(item, "Model")), _text(item, "OwnerApsID")
    return Channel(id_, name, parent if is_id(parent) else "", "", model, status, "", lon, lat)


def _sender(members: dict[str, Any], found: Contents, path: Path) -> str:
    id_ = _text(members, "DeviceID")
    if is_id(id_):
        return id_
    sentence = Sentence("refusal.gat1400.id", name="DeviceID", told=_shown(members.get("DeviceID")))
    _leave_out(found, "bad_address", sentence, (*path, "DeviceID") if "DeviceID" in members else path)
    return ""


def _leave_out(found: Contents, reason: str, sentence: Sentence, path: Path) -> None:
    found.faults.append(DecodeError(reason, sentence, pointer(*path)))


def _shown(value: object) -> str:
    """What was told instead of a number, where it is no name, no plate, and no number of a person or a telephone."""
    if isinstance(value, str):
        return quoted(as_code(value))
    told = quoted(value)
    return as_code(told) if isinstance(value, int | float) else told


def _text(members: dict[str, Any], name: str) -> str:
    """A text or number as text; "" where there is none."""
    value = members.get(name)
    is_told = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value)[:512].strip() if is_told else ""


@cache
def _names() -> dict[str, Any]:
    found = told(__package__, "names.json")
    return {**found, **{name: frozenset(found[name]) for name in ("opened", "told_by", "things")}}

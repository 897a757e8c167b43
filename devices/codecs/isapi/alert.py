"""One EventNotificationAlert of ISAPI, from XML or JSON: what stands in it, by name, with places. Pure."""

from typing import Any

from devices.codecs.jsontext import parse
from devices.codecs.pointer import pointer
from devices.codecs.xml_tree import Element, tree
from devices.privacy import is_private
from hub.errors import At, DecodeError
from hub.words.sentence import Sentence

ROOT = "EventNotificationAlert"
MAX_PARTS = 4_000
"""Members and elements of a JSON document."""


class Alert:
    """What an alert says. Names of members are as the camera writes them."""

    def __init__(self, members: dict[str, Any], places: dict[str, At], root: str, at: At) -> None:
        self._members, self._places = members, places
        self.root, self.at = root, at

    def told(self, name: str) -> str:
        """A member that is a text or number; "" where there is none."""
        value = self._members.get(name)
        return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""

    def within(self, name: str) -> str:
        """The first text of a name at any depth; "" where there is none."""
        return _first(self._members, name)

    def place(self, name: str) -> At:
        """Where a member stands; of one that does not: the alert's own."""
        return self._places.get(name, self.at)

    @property
    def type(self) -> str:
        """Its event type in lower case; "" where it tells none."""
        return self.told("eventType").lower()

    @property
    def channel(self) -> str:
        """The dynamic channel of a recorder, else the channel; "" where neither is told, or the device is meant."""
        told = self.told("dynChannelID") or self.told("channelID") or self.told("dynVideoInputChannelID")
        return told.lstrip("0") if told.isascii() and told.isdigit() and len(told) < 10 else ""

    @property
    def is_heartbeat(self) -> bool:
        """Whether it says nothing but that the camera is there."""
        if self.type == "heartbeat":
            return True
        is_over = self.told("eventState").lower() == "inactive"
        return self.type == "videoloss" and is_over and self.told("activePostCount") in ("0", "")

    def private_members(self) -> int:
        """How many of its members concern persons, at any depth."""
        return _private(self._members)


def alert_of(document: bytes) -> Alert:
    """The alert of a document; DecodeError when it cannot be read."""
    if document.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _of_json(document)
    root, text = tree(document)
    offset = max(document.find(text), 0)
    places: dict[str, At] = {}
    for child in root.children:
        places.setdefault(child.name, min(offset + child.start, len(document)))
    members = _plain(root)
    return Alert(
        members if isinstance(members, dict) else {}, places, root.name, min(offset + root.start, len(document))
    )


def _of_json(document: bytes) -> Alert:
    value, above = parse(document, MAX_PARTS), tuple[str, ...]()
    if isinstance(value, dict) and isinstance(value.get(ROOT), dict):
        value, above = value[ROOT], (ROOT,)
    if not isinstance(value, dict):
        raise DecodeError("not_an_object", Sentence("refusal.isapi.object"), pointer(*above))
    places: dict[str, At] = {name: pointer(*above, name) for name in value}
    return Alert(value, places, ROOT, pointer(*above))


def _plain(element: Element) -> dict[str, Any] | str:
    """An element as JSON would have it: a text, or members of which the first of a name counts, others in a list."""
    if not element.children:
        return element.text
    members: dict[str, Any] = {}
    for child in element.children:
        value = _plain(child)
        if child.name not in members:
            members[child.name] = value
        elif isinstance(members[child.name], list):
            members[child.name].append(value)
        else:
            members[child.name] = [members[child.name], value]
    return members


def _first(value: Any, name: str) -> str:
    waiting = [value]
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, dict):
            found = part.get(name)
            if isinstance(found, str | int) and not isinstance(found, bool) and str(found).strip():
                return str(found).strip()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return ""


def _private(value: Any) -> int:
    found, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for name, below in part.items():
                if is_private(name):
                    found += 1
                else:
                    waiting.append(below)
        elif isinstance(part, list):
            waiting += part
    return found

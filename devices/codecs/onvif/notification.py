"""Notifications of ONVIF, from XML (WS-BaseNotification) or JSON (ONVIF over MQTT): what stands in each. Pure.

The topic tells which property or event it is about; `Source` and `Key` tell of which thing, and with the topic they are
the key of a property; `Data` tells its value.
"""

from typing import Any, NamedTuple

from devices.codecs.decoded import MAX_EVENTS
from devices.codecs.jsontext import parse, quoted
from devices.codecs.pointer import pointer
from devices.codecs.xml_tree import Element, local, tree
from hub.errors import At, DecodeError
from hub.words.sentence import Sentence

MAX_PARTS = 4_000
"""Members and elements of a JSON document."""
_CHANNELS = ("VideoSourceToken", "VideoSourceConfigurationToken", "VideoSource", "Source", "VideoChannel")


class Notification(NamedTuple):
    """One notification."""

    topic: str
    """Without prefixes of namespaces: RuleEngine/CellMotionDetector/Motion; "" where it is not told."""
    operation: str
    """Initialized, Changed or Deleted in lower case; "" of an event that is no property."""
    utc: str
    source: dict[str, str]
    key: dict[str, str]
    data: dict[str, str]
    at: At
    """Where it stands."""
    utc_at: At
    document: bytes = b""
    """The notification by itself, where it came among others."""

    @property
    def channel(self) -> str:
        """The token of the video source; "" where none is told."""
        return _channel(self.source)


def notifications(payload: bytes) -> list[Notification]:
    """All of a document, at most MAX_EVENTS; DecodeError when it cannot be read or holds none."""
    found = _of_json(payload) if payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else _of_xml(payload)
    if len(found) > MAX_EVENTS:
        raise DecodeError("too_many_values", Sentence("refusal.most.events", most=f"{MAX_EVENTS:,}"), found[0].at)
    return found


def _of_xml(payload: bytes) -> list[Notification]:
    root, document = tree(payload)
    offset = max(payload.find(document), 0)
    if root.name == "NotificationMessage":
        return [_notification(root, document, offset)]
    found = [_notification(each, document, offset) for each in root.all("NotificationMessage")]
    if not found and root.name == "Message" and "UtcTime" in root.attributes:
        return [_message(root, "", offset, b"", min(offset + root.start, len(payload)))]
    if not found and not _is_empty_answer(root):
        told = Sentence("refusal.onvif.nothing", root=quoted(root.name[:40]))
        raise DecodeError("missing_field", told, min(offset + root.start, len(payload)))
    return found


def _is_empty_answer(root: Element) -> bool:
    """Whether it answers a pull, and there was nothing to tell."""
    return root.name == "PullMessagesResponse" or next(root.all("PullMessagesResponse"), None) is not None


def _notification(element: Element, document: bytes, offset: int) -> Notification:
    topic = next(element.all("Topic"), None)
    message = next((each for each in _messages(element) if "UtcTime" in each.attributes), element)
    close = document.find(b">", element.end)
    whole = document[element.start : close + 1] if close >= 0 else b""
    named = "" if topic is None else _local_topic(topic.text)
    return _message(message, named, offset, whole, offset + element.start)


def _messages(element: Element) -> list[Element]:
    found = list(element.all("Message"))
    return [each for outer in found for each in (outer, *outer.all("Message"))]


def _message(message: Element, topic: str, offset: int, whole: bytes, at: int) -> Notification:
    source, key, data = (_items(message.child(name)) for name in ("Source", "Key", "Data"))
    told = message.attributes
    operation, utc = told.get("PropertyOperation", "").lower(), told.get("UtcTime", "")
    return Notification(topic, operation, utc, source, key, data, at, offset + message.start, whole)


def _items(element: Element | None) -> dict[str, str]:
    if element is None:
        return {}
    items = (each.attributes for each in element.all("SimpleItem"))
    return {item["Name"]: item.get("Value", "") for item in items if item.get("Name")}


def _local_topic(text: str) -> str:
    return "/".join(local(level) for level in text.strip().split("/"))


def _of_json(payload: bytes) -> list[Notification]:
    value = parse(payload, MAX_PARTS)
    if not isinstance(value, dict):
        raise DecodeError("not_an_object", Sentence("refusal.onvif.object", value=quoted(value)), "")
    above: tuple[str, ...] = ()
    topic = value.get("Topic", "")
    message: Any = value
    if isinstance(value.get("Message"), dict):
        message, above = value["Message"], ("Message",)
    if not ({"UtcTime", "Data", "Source"} & message.keys()):
        raise DecodeError("missing_field", Sentence("refusal.onvif.members"), pointer(*above))
    source, key, data = (_members(message.get(name)) for name in ("Source", "Key", "Data"))
    utc, operation = message.get("UtcTime"), message.get("PropertyOperation")
    said = operation.lower() if isinstance(operation, str) else ""
    named = topic_of_mqtt(topic) if isinstance(topic, str) else ""
    utc_at = pointer(*above, "UtcTime") if "UtcTime" in message else pointer(*above)
    utc_text = utc if isinstance(utc, str) else ""
    return [Notification(named, said, utc_text, source, key, data, pointer(*above), utc_at, payload)]


def topic_of_mqtt(topic: str) -> str:
    """RuleEngine/LineDetector/Crossed, of that with &1/Line1 behind it: the values of its source.

    Cameras write prefixes of namespaces all the same: Device/tns1:Trigger/tns1:Relay.
    """
    levels = topic.split("/")
    ends = next((number for number, level in enumerate(levels) if level.startswith("&")), len(levels))
    return "/".join(local(level) for level in levels[:ends] if not level.startswith("tns:"))


def channel_in(document: dict[str, Any]) -> str:
    """The token of the video source that a JSON document is about; "" where none is told."""
    return _channel(_members(document.get("Source")))


def _channel(source: dict[str, str]) -> str:
    return next((told for name in _CHANNELS if (told := source.get(name))), "")


def _members(value: object) -> dict[str, str]:
    """Members that are texts, numbers or truths, by name; of objects within, none.

    Some cameras write items as XML has them: {"SimpleItem": [{"Name": ..., "Value": ...}]}.
    """
    if not isinstance(value, dict):
        return {}
    items = value.get("SimpleItem")
    if isinstance(items, dict | list):
        told = [items] if isinstance(items, dict) else items
        named = {each.get("Name"): each.get("Value", "") for each in told if isinstance(each, dict)}
        return _members({name: item for name, item in named.items() if isinstance(name, str)})
    return {name: _text(told) for name, told in value.items() if isinstance(told, str | int | float)}


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

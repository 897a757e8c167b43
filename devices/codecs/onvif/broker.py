"""What cameras of ONVIF publish at a broker: the topic tells what it is about, the payload what it says. Pure."""

from typing import Any

import msgspec

from devices.codecs.jsontext import parse
from devices.codecs.onvif.events import is_person
from devices.codecs.onvif.notification import MAX_PARTS, channel_in, topic_of_mqtt
from hub.errors import DecodeError

PERSON = b'{"Source":{},"Data":{}}'
"""In place of what is about persons: nothing of it is kept, and it is counted where it is decoded."""


def document(topic: str, payload: bytes) -> tuple[bytes, str]:
    """A payload with its topic, so that it means the same by itself; and the channel that it is about, "" for none.

    An empty payload, by which a broker forgets what it had retained, and one that cannot be read stay as they are.
    """
    named = topic_of_mqtt(topic)
    if not payload:
        return payload, ""
    if is_person(named):
        return _joined(named, PERSON), ""
    try:
        value: Any = parse(payload, MAX_PARTS)
    except DecodeError:
        return payload, ""
    if not isinstance(value, dict) or "Topic" in value:
        return payload, ""
    return _joined(named, payload), channel_in(value)


def _joined(topic: str, message: bytes) -> bytes:
    return b'{"Topic":%b,"Message":%b}' % (msgspec.json.encode(topic), message.lstrip(b"\xef\xbb\xbf"))

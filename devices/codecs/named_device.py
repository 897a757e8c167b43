"""The device that a payload names in "device", where it is no strict JSON: with nan in it, or cut. Pure."""

import re

from devices.codecs.jsontext import parse
from hub.errors import DecodeError

_DEVICE = re.compile(rb'"device"\s*:\s*"([A-Za-z0-9._:-]+)"')


def named_device(payload: bytes) -> str:
    """The first device named; of a broken text the one that its beginning names. '' if none."""
    if b'"device"' not in payload:
        return ""
    try:
        message = parse(payload)
    except DecodeError:
        named = _DEVICE.search(payload)
        return "" if named is None else named[1].decode()
    parts = message if isinstance(message, list) else [message]
    named_in = (part.get("device") for part in parts if isinstance(part, dict))
    return next((name for name in named_in if isinstance(name, str) and name), "")

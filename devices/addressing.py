"""Where a message says it comes from: topics of the contract, parsed into device, form and gateway."""

import re
from typing import NamedTuple

from hub.errors import DecodeError

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""A device code."""

FORMS = ("telemetry", "senml", "event", "reply", "status")
"""The last level of a topic: what kind of payload it carries."""


LISTENING = "listening"
"""The address of what an edge of the bus tells of itself; no device can send to it."""


class Address(NamedTuple):
    """A device, the form of its payload, and the gateway that speaks for it (None: itself)."""

    device: str
    form: str
    gateway: str | None = None
    keyed: bool = False
    """Whether it comes from a record's key, so that the payload may name the device too."""


def subscriptions(prefix: str) -> list[str]:
    """The topic filters that together take every message of the contract."""
    own = [f"{prefix}/+/{form}" for form in FORMS]
    return own + [f"{prefix}/+/child/+/{form}" for form in FORMS]


def parse_topic(topic: str, prefix: str) -> Address:
    """`{prefix}/{device}/{form}` or `{prefix}/{gateway}/child/{device}/{form}`; else DecodeError says why not."""
    parts = topic[len(prefix) + 1 :].split("/") if topic.startswith(prefix + "/") else []
    if len(parts) == 2:
        device, form = parts
        gateway = None
    elif len(parts) == 4 and parts[1] == "child":
        gateway, _, device, form = parts
    else:
        raise DecodeError("bad_topic", f"publish to {prefix}/<device>/telemetry, /senml or /event, not to {topic!r}")
    if form not in FORMS:
        raise DecodeError("bad_topic", f"a topic ends in {', '.join(FORMS)}; not in {form!r}")
    if not device:
        raise DecodeError("no_device", 'it names no device: a topic or path holds its code, a batch has "device" in it')
    for code in (device, gateway):
        if code is not None and not CODE.fullmatch(code):
            raise DecodeError(
                "bad_device_code",
                f"{code!r} in the topic is no code: at most 64 letters, digits and . _ : - after a letter or digit",
            )
    return Address(device, form, gateway)


def parse_record(address: str, form: str) -> Address:
    """`{topic}/{device}` of a record that a third party published; else DecodeError says why not."""
    topic, _, device = address.partition("/")
    if not device:
        raise DecodeError("no_device", f'set the key of a record of {topic} to the device code, or send "device" in it')
    if not CODE.fullmatch(device):
        raise DecodeError(
            "bad_device_code",
            f"{device[:64]!r} is no code: at most 64 letters, digits and . _ : - after a letter or digit",
        )
    return Address(device, form, keyed=True)

"""Alerts ended by an operator, sent to the deciding stage as internal messages, in order with the device's own.

The condition of such an alert lasts: the rule that raised it must neither change it any more nor raise it again.
"""

from uuid import UUID

import msgspec

from hub.models import HUB, Micros, Origin, Raw

FORM = "ended"


class Ending(msgspec.Struct, frozen=True):
    """An alert whose handling ended while its condition was active."""

    alert_id: UUID
    rule_id: int
    device_id: int
    series_id: int | None
    """None: an alert of an event."""
    kind: str
    """closed, false_alarm or merged; reopened takes it back."""
    peak_level: int
    at: Micros
    """When it was ended, by the hub's clock."""
    part: str | None = None
    """Of the device, where the event was at one."""


class Endings(dict[UUID, Ending]):
    """Endings in a batch, by alert id; idempotent."""


_DECODER = msgspec.json.Decoder(Ending)


def ending_raw(ending: Ending, device: str, received: Micros) -> Raw:
    """Internal message for an ending, addressed to the worker of that device (code)."""
    origin = Origin(HUB, f"{FORM}/{device}", device, FORM, protocol=HUB)
    return Raw(origin, msgspec.json.encode(ending), received)


def decode_ending(payload: bytes) -> Ending | None:
    """Decode an ending; None when unreadable."""
    try:
        return _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None

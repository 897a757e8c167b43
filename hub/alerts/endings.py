"""Alerts that a desk ended, as the stage that decides hears of it: messages of the hub, in order with the device's own.

The condition of such an alert lasts: the rule that raised it must neither change it any more nor raise it again.
"""

from uuid import UUID

import msgspec

from hub.models import HUB, Micros, Origin, Raw

FORM = "ended"


class Ending(msgspec.Struct, frozen=True):
    """The handling of an alert ended while its condition lasted."""

    alert_id: UUID
    rule_id: int
    device_id: int
    series_id: int | None
    """None: an alert of an event."""
    kind: str
    """closed, false_alarm or merged."""
    peak_level: int
    at: Micros
    """When it was ended, by the hub's clock."""


class Endings(dict[UUID, Ending]):
    """The endings that a batch tells of, by alert id; what is told again is the same."""


_DECODER = msgspec.json.Decoder(Ending)


def ending_raw(ending: Ending, device: str, received: Micros) -> Raw:
    """The message that tells an ending, to be read by whoever decides about that device (code)."""
    origin = Origin(HUB, f"{FORM}/{device}", device, FORM, protocol=HUB)
    return Raw(origin, msgspec.json.encode(ending), received)


def decode_ending(payload: bytes) -> Ending | None:
    """What a message tells; None for what cannot be read."""
    try:
        return _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None

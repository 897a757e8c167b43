"""How many messages a robot takes, and what is sent when more is waiting: singly, or named in one summary. Pure."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from api.push.channel import Channel, Delivery


class Pace(NamedTuple):
    """A rate (GCRA): `burst` messages at once, then one each `every_s` seconds."""

    burst: int
    every_s: float
    group: int
    """Alerts that one summary can name."""


@runtime_checkable
class PacedChannel(Channel, Protocol):
    """A channel whose receiver counts messages; what is beyond its pace is named in a summary."""

    @property
    def pace(self) -> Pace:
        """Of a summary at most `pace.group` alerts are named, the first ones; the others are counted."""
        ...


class Plan(NamedTuple):
    """What becomes of waiting deliveries, by their places in the list."""

    reds: list[int]
    """Sent singly, before the others."""
    singles: list[int]
    summary: list[int]
    """Sent as one message."""
    later: list[int]

    @property
    def messages(self) -> int:
        return len(self.reds) + len(self.singles) + bool(self.summary)


def planned(deliveries: Sequence[Delivery], messages: int, pace: Pace) -> Plan:
    """What to send of deliveries of different alerts, oldest first, when `messages` may be sent.

    First reds go singly and may use every message; all others leave half of a burst to them. Where first reds alone
    are more than the receiver takes, the last message is a summary that names the rest of them, on top.
    """
    reds = [place for place, each in enumerate(deliveries) if first_red(each)]
    others = [place for place, each in enumerate(deliveries) if not first_red(each)]
    if len(reds) > messages:
        alone = max(0, messages - 1)
        waiting = [*reds[alone:], *others]
        named = waiting[: pace.group] if messages else []
        return Plan(reds[:alone], [], named, waiting[len(named) :])
    spare = messages - len(reds) - pace.burst // 2
    if spare <= 0:
        return Plan(reds, [], [], others)
    if len(others) < spare or len(others) == 1:
        return Plan(reds, others, [], [])
    return Plan(reds, [], others[: pace.group], others[pace.group :])


def first_red(delivery: Delivery) -> bool:
    """Whether an alert becomes red, raised so or risen to it, or a red one climbs to this consumer."""
    return delivery.kind in ("raised", "updated", "reopened", "escalated") and delivery.picture.get("level") == "red"

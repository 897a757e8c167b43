"""Channel interface: sends a change of an alert, or a summary of many, to one consumer, as its kind wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from hub.words import Lang

SAID_MAX = 500
"""Characters that are kept of what the other side said."""


@dataclass(slots=True, frozen=True)
class Consumer:
    """A recipient of alerts and its address."""

    id: int
    code: str
    url: str
    """Without a login."""
    secret: str = field(repr=False)
    """As stored: sealed, where the hub has a key (hub/secrets)."""
    login: str | None = field(default=None, repr=False)
    """`user:password`, percent-encoded as in a URL; as stored."""
    query: str | None = field(default=None, repr=False)
    """What the URL shows as ***; as stored."""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Of its kind, as api/push/kinds.py has checked them; nothing secret."""


@dataclass(slots=True, frozen=True)
class Delivery:
    """One change of an alert, cut to the ceiling of the consumer that it is for."""

    id: str
    """The same at each attempt, so that a receiver can drop repeats."""
    kind: str
    """Of the change: raised, updated, ... (docs/ALERTS.md)."""
    at: datetime
    """When the change was made; aware."""
    picture: Mapping[str, Any] = field(hash=False)
    """The alert after it, its title in the consumer's language."""
    lang: Lang = "en"
    """The language of the consumer."""
    place: str | None = None
    """Its region by name, where the channel shows one."""
    test: bool = False
    """Whether it is no alert, but a test of the channel; its kind is `test` then."""
    readings: Sequence[tuple[datetime, float]] = field(default=(), repr=False)
    """Around the change, oldest first, where the channel draws them and the ceiling leaves its values."""
    subject: str | None = None
    """What it is about, where the picture does not tell: the subject of its CloudEvent."""
    schema: str | None = None
    """URI of the schema of its picture, where that has one."""

    @property
    def link(self) -> str | None:
        """To the alert on the hub's page, where that has an address."""
        return self.picture.get("link")

    @property
    def drill(self) -> bool:
        """Whether it is an exercise."""
        return bool(self.picture.get("drill"))


@dataclass(slots=True, frozen=True)
class Summary:
    """Changes of many alerts for one consumer, told in one message."""

    id: str
    """The same at each attempt, with the same changes."""
    at: datetime
    """When it was made; aware."""
    named: Sequence[Delivery] = field(repr=False)
    """In the order in which they happened; at least one."""

    @property
    def lang(self) -> Lang:
        """The language of the consumer."""
        return self.named[0].lang

    @property
    def link(self) -> str | None:
        """To the hub's page, where that has an address."""
        return None if self.named[0].link is None else self.named[0].link.partition("#")[0]

    @property
    def drill(self) -> bool:
        """Whether all of it is an exercise."""
        return all(each.drill for each in self.named)


Failure = Literal[
    "address", "secret", "name", "connection", "tls", "timeout", "protocol", "moved", "busy", "login", "rejected",
    "failing", "gone", "channel", "defect",
]  # fmt: skip
"""The kind of a failed attempt: what its consumer's operator would look at. `rejected` is 4xx, `failing` 5xx."""


@dataclass(slots=True, frozen=True)
class Expected:
    """A receipt that is to come: accepted is not reached."""

    message_id: str | None
    """By which it will name the message; None: the other side has given none."""
    within_s: int


@dataclass(slots=True, frozen=True)
class Accepted:
    """The consumer accepted the message."""

    said: str = field(default="", compare=False)
    """What it answered: printable, at most SAID_MAX characters, without secrets."""
    expected: Expected | None = None
    """None: no receipt."""


@dataclass(slots=True, frozen=True)
class TryAgain:
    """Not accepted, or unknown: retry with the same id."""

    reason: str
    failure: Failure
    hold_s: float = 0.0
    """The consumer wants no delivery at all for so long, none of other alerts either."""


@dataclass(slots=True, frozen=True)
class Refused:
    """Permanently rejected; `gone`: the consumer no longer exists."""

    reason: str
    failure: Failure
    gone: bool = False


Answer = Accepted | TryAgain | Refused


class Channel(Protocol):
    """A delivery channel. Passes tests/contract/test_channel.py."""

    async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
        """Render and send one change; success is what the other side's answer says. Returns within 10 s.

        Raises nothing; may be cancelled. Called for many consumers at once.
        """
        ...

    async def send_summary(self, consumer: Consumer, summary: Summary) -> Answer:
        """One message for all of these; else as `send`."""
        ...

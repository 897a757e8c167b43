"""Channel interface: sends one message to one consumer."""

from dataclasses import dataclass, field
from typing import Literal, Protocol


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
    """Of the URL; as stored."""


Failure = Literal[
    "address", "secret", "name", "connection", "tls", "timeout", "protocol", "moved", "busy", "login", "rejected",
    "failing", "gone", "channel", "defect",
]  # fmt: skip
"""The kind of a failed attempt: what its consumer's operator would look at. `rejected` is 4xx, `failing` 5xx."""


@dataclass(slots=True, frozen=True)
class Accepted:
    """The consumer accepted the message."""


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

    async def send(self, consumer: Consumer, id: str, body: bytes) -> Answer:  # noqa: A002 the protocols' own word
        """Send a CloudEvent in JSON; the id is stable across retries. Returns within 10 s.

        Raises nothing; may be cancelled. Called for many consumers at once.
        """
        ...

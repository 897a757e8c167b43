"""Channel interface: sends one message to one consumer."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True, frozen=True)
class Consumer:
    """A recipient of alerts and its address."""

    id: int
    code: str
    url: str
    secret: str


@dataclass(slots=True, frozen=True)
class Accepted:
    """The consumer accepted the message."""


@dataclass(slots=True, frozen=True)
class TryAgain:
    """Not accepted, or unknown: retry with the same id."""

    reason: str


@dataclass(slots=True, frozen=True)
class Refused:
    """Permanently rejected; `gone`: the consumer no longer exists."""

    reason: str
    gone: bool = False


Answer = Accepted | TryAgain | Refused


class Channel(Protocol):
    """A delivery channel. Passes tests/contract/test_channel.py."""

    async def send(self, consumer: Consumer, id: str, body: bytes) -> Answer:  # noqa: A002 the protocols' own word
        """Send a CloudEvent in JSON; the id is stable across retries. Returns within 10 s.

        Raises nothing; may be cancelled. Called for many consumers at once.
        """
        ...

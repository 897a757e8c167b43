"""The seam between the outbox and the ways out of the hub: a channel sends one message to one consumer."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True, frozen=True)
class Consumer:
    """Who gets alerts, and how to reach them."""

    id: int
    code: str
    url: str
    secret: str


@dataclass(slots=True, frozen=True)
class Accepted:
    """The consumer has it."""


@dataclass(slots=True, frozen=True)
class TryAgain:
    """Not accepted, or not known to be: the same message goes out again, with the same id."""

    reason: str


@dataclass(slots=True, frozen=True)
class Refused:
    """Never will be accepted; `gone`: nor will anything else, the consumer is no more."""

    reason: str
    gone: bool = False


Answer = Accepted | TryAgain | Refused


class Channel(Protocol):
    """A way out. Passes tests/contract/test_channel.py."""

    async def send(self, consumer: Consumer, id: str, body: bytes) -> Answer:  # noqa: A002 the protocols' own word
        """Send a CloudEvent in JSON, with an id that is the same at each repetition; ends within 10 s.

        Raises nothing; may be cancelled. Called for many consumers at once.
        """
        ...

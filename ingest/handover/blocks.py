"""Protocol between the reading process and its workers: length-prefixed msgpack frames."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from hub.clip import Clip
from hub.errors import At
from hub.models import Micros, Raw, read_origin
from hub.picture import Picture

FRAME_BYTES = 1 << 28
"""Limit of a frame; protects memory from a peer that is not ours. A delivery is far below it."""

LENGTH_BYTES = 4
T = TypeVar("T")


class Carried(NamedTuple):
    """A message between two processes: with its origin as text."""

    origin: str
    payload: bytes
    received: Micros
    token: int
    source: str
    repeated: int
    retained: bool
    pictures: tuple[Picture, ...] = ()
    carried: Micros = 0
    clip: Clip | None = None
    current: bool = False


class Mark(NamedTuple):
    """How far the reading process has come: everything received up to `until` was sent before this."""

    since: Micros | None
    """Since when it receives without a gap; None while it does not."""
    until: Micros


class Block(NamedTuple):
    """Messages for one worker, in the order they were read; or a mark (number 0), which is not answered."""

    number: int
    messages: list[Carried]
    mark: Mark | None = None

    @classmethod
    def of(cls, number: int, raws: Iterable[Raw]) -> "Block":
        """A block of messages."""
        return cls(number, [Carried(raw[0].text, *raw[1:]) for raw in raws])

    def raws(self) -> list[Raw]:
        """The messages."""
        return [Raw(read_origin(message[0]), *message[1:]) for message in self.messages]


class Refusal(NamedTuple):
    """A dead letter without its message, which the sender of the block still has."""

    id: UUID
    reason: str
    detail: str
    device: str | None
    kept: bool = True
    """Whether the message may be kept; not if the privacy gate emptied it."""
    at: At = None


class Totals(NamedTuple):
    """Counters of a worker process since its start; field names as in telemetry.Counters."""

    messages: int = 0
    readings: int = 0
    events: int = 0
    refused: int = 0
    repeated: int = 0
    conflicting: int = 0
    private: int = 0
    private_pictures: int = 0
    alert_changes: int = 0
    commits: int = 0
    commit_s: float = 0.0

    def since(self, before: "Totals") -> "Totals":
        """Difference to an earlier snapshot of the counters."""
        return Totals._make(now - then for now, then in zip(self, before, strict=True))


class Answer(NamedTuple):
    """Response to a committed block (number 0: heartbeat only), with the worker's state."""

    number: int
    refused: dict[int, Refusal]
    """By index into the block."""
    process: int
    """Of the worker: other totals belong to another process."""
    totals: Totals
    devices_known: int
    not_ready: list[str]
    repeated: tuple[int, ...] = ()
    conflicting: tuple[int, ...] = ()
    """Of Outcome, by index into the block."""


_encoder = msgspec.msgpack.Encoder()
_blocks = msgspec.msgpack.Decoder(Block)
_answers = msgspec.msgpack.Decoder(Answer)


def encode(message: Block | Answer) -> bytes:
    """Encode a message as a frame."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def read_block(reader: asyncio.StreamReader) -> Block:
    """Read the next block; EOFError or OSError when the connection ended, ConnectionError when malformed."""
    return await _read(reader, _blocks)


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read the next response; errors as in read_block."""
    return await _read(reader, _answers)


async def _read(reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[T]") -> T:
    size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if size > FRAME_BYTES:
        raise ConnectionError(f"a frame of {size} bytes")
    body: Any = await reader.readexactly(size)
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise ConnectionError(f"a frame that cannot be read: {error}") from error

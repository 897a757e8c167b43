"""Converts Kafka records to messages and back: third-party topics, and raw messages on the bus."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from devices.addressing import Origins
from devices.codecs.named_device import named_device
from hub.clip import Clip
from hub.models import Micros, Origin, Raw, Repeat, read_origin
from hub.picture import Picture
from hub.store.dead_letter_stage import REPLAY

LAST = 253_402_300_799_000_000
"""Microseconds at the end of the year 9999: a time of arrival beyond it could not be stored."""
MAX_TOKEN = 0xFFFF


class Record(Protocol):
    """The part of aiokafka's record interface in use."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since the epoch: set by the producer, or by Kafka, as the topic is configured."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class _Named(msgspec.Struct):
    device: str | None = None


_NAMED = msgspec.json.Decoder(_Named)
_NAMED_LIST = msgspec.json.Decoder(list[_Named])
_CLIP = msgspec.msgpack.Decoder(Clip)
_PICTURES = msgspec.msgpack.Decoder(tuple[Picture, ...])
_NO_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def of_third_party(records: Iterable[Record], origins: Origins) -> list[Raw]:
    """Messages from a third-party topic; records without a value are skipped.

    The device is that of the record's key, or of "device" in the value when there is no key. The time of arrival is
    the same whenever the record is read.
    """
    return [
        Raw(
            origins.of_record(record.topic, key.decode(errors="replace") if (key := record.key) else _device_in(value)),
            value,
            _arrival(record),
        )
        for record in records
        if (value := record.value) is not None
    ]


def _arrival(record: Record) -> Micros:
    """Arrival time from the record's timestamp in microseconds; the same on every read.

    Records of one device and millisecond are told apart: 1,000 in a row with its key, which are all in one partition,
    and without a key 62 in a row of each of 16 partitions.
    """
    place = record.offset % 1000 if record.key else record.offset % 62 * 16 + record.partition % 16
    return min(max(record.timestamp * 1000, 0) + place, LAST)


def _device_in(value: bytes) -> str:
    """The first device named in a value; empty if none, which the resolver reports."""
    try:
        return _NAMED.decode(value).device or ""
    except _NO_JSON:
        pass
    try:
        return next((part.device for part in _NAMED_LIST.decode(value) if part.device), "")
    except _NO_JSON:
        return named_device(value)


def headers_of(raw: Raw) -> list[tuple[str, bytes]]:
    """Record headers that carry a message's metadata on the bus."""
    headers = [
        ("origin", raw.origin.text.encode(errors="replace")),
        ("received", b"%d" % raw.received),
    ]
    if raw.token:
        headers += [("token", b"%d" % raw.token), ("source", raw.source.encode())]
    elif raw.source.startswith(REPLAY):
        headers.append(("letter", raw.source.removeprefix(REPLAY).encode()))
    if raw.repeated:
        headers.append(("repeated", b"%d" % raw.repeated))
    if raw.retained:
        headers.append(("retained", b"1"))
    if raw.current:
        headers.append(("current", b"1"))
    if raw.pictures:
        headers.append(("pictures", msgspec.msgpack.encode(raw.pictures)))
    if raw.clip is not None:
        headers.append(("clip", msgspec.msgpack.encode(raw.clip)))
    return headers


def of_bus(records: Iterable[Record], origins: Origins) -> list[Raw]:
    """Messages forwarded by edges; records without a value are skipped.

    What was not put there by an edge comes with the topic as its address, which is no device's: a dead letter.
    """
    return [_carried(record, origins) for record in records if record.value is not None]


def _carried(record: Record, origins: Origins) -> Raw:
    said = dict(record.headers)
    try:
        origin, received = _origin(said, origins), int(said["received"])
        token, repeated = int(said.get("token", 0)), Repeat(int(said.get("repeated", 0)))
        # By partition: a source's tokens come round within each, and a worker knows only its own partitions.
        source = f"{said['source'].decode()}/{record.partition}" if token else ""
        if letter := said.get("letter"):
            source = f"{REPLAY}{UUID(letter.decode())}"
        pictures = _PICTURES.decode(said["pictures"]) if "pictures" in said else ()
        clip = _CLIP.decode(said["clip"]) if "clip" in said else None
    except (KeyError, ValueError):
        return Raw(origins.of_letter("kafka", record.topic), record.value or b"", _arrival(record))
    if not (0 <= received <= LAST and 0 <= token <= MAX_TOKEN):
        return Raw(origins.of_letter("kafka", record.topic), record.value or b"", _arrival(record))
    return Raw(
        origin, record.value or b"", received, token, source, repeated, "retained" in said, pictures, clip=clip,
        current="current" in said,
    )  # fmt: skip


def _origin(said: Mapping[str, bytes], origins: Origins) -> Origin:
    """Of a record of the bus; edges of version 0.1 told transport and address instead."""
    if (text := said.get("origin")) is not None:
        return read_origin(text.decode())
    return origins.of_letter(said["transport"].decode(), said["address"].decode())

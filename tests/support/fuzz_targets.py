"""What is fuzzed: each reader of bytes that a peer controls, as a function, with seeds and what it may cost."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.addressing import parse_topic
from devices.codecs.decoded import MAX_BYTES
from hub.errors import BrokerUnavailable, DecodeError
from hub.models import Repeat
from ingest.http.body import BodyError, batch_of_lines, batch_of_list, gunzip
from ingest.http.source import BATCH_BYTES
from ingest.kafka.records import headers_of, of_bus, of_third_party
from ingest.mqtt import frames as mqtt_frames
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_all import FRAMES
from tests.support.load import packet
from tests.support.origins import ORIGINS, raw_of

MAX_CPU_S = 0.010
MAX_MEMORY = 10 << 20
SMALL = 20_000
"""Seeds have fewer bytes: mutating a large one takes as long as a thousand small ones."""


@dataclass(frozen=True)
class Target:
    """`read` returns how many messages it found; what it may raise on bad input is `refusals`, and nothing else."""

    name: str
    read: Callable[[bytes], int]
    seeds: list[bytes]
    refusals: tuple[type[Exception], ...] = (DecodeError,)
    max_bytes: int = MAX_BYTES + 1
    each_s: float = 0.0
    """What each message found may cost on top of MAX_CPU_S, where an input holds many."""
    each_bytes: int = 0
    """The same on top of MAX_MEMORY."""


def reason(error: Exception) -> str:
    """What kind of refusal it is; a new one makes an input worth mutating."""
    return str(getattr(error, "reason", None) or getattr(error, "status", None) or error)[:80]


def _codec(form: str) -> Target:
    def read(payload: bytes) -> int:
        FRAMES[form].codec(payload, RECEIVED, ZONE)
        return 1

    payloads = [frame.payload for frame in FRAMES[form].all]
    seeds = [payload for payload in payloads if len(payload) < SMALL]
    return Target(form, read, [*seeds, *(b"[" + b",".join([seed] * 50) + b"]" for seed in seeds[:20])])


def _topic(payload: bytes) -> int:
    text = payload.decode("utf-8", "replace")
    assert ORIGINS.of_record("ganzhi.telemetry", text).address
    assert ORIGINS.of_letter("http", text).address == text
    parse_topic(text, "ganzhi/v1")
    return 1


@dataclass
class _Record:
    """A record whose head is in the lines before the first empty one: stamp, key, then name:value of its headers."""

    value: bytes | None
    timestamp: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    topic: str = "ganzhi.telemetry"
    partition: int = 3
    offset: int = 7


def _record(payload: bytes) -> int:
    head, _, value = payload.partition(b"\n\n")
    stamp, key, *lines = [*head.split(b"\n"), b"", b""]
    pairs = [line.partition(b":") for line in lines]
    headers = [(name.decode(errors="replace"), content) for name, _, content in pairs]
    timestamp = int.from_bytes(stamp[-8:], "big", signed=True)  # as Kafka has it
    record = _Record(value, timestamp, key or None, headers)
    for raw in [*of_bus([record], ORIGINS), *of_third_party([record], ORIGINS)]:
        assert 0 <= raw.received < 1 << 63
        assert raw.origin == ORIGINS.of_letter(raw.origin.transport, raw.origin.address)
    return 1


def _records() -> list[bytes]:
    raws = [
        raw_of("mqtt", "ganzhi/v1/air-17/telemetry", b'{"a":1}', RECEIVED),
        raw_of("mqtt", "ganzhi/v1/pole-1/child/air-17/event", b"{}", RECEIVED, 65_535, "hub", Repeat.MARKED),
    ]
    stamp = (1_772_352_000_000).to_bytes(8, "big")
    made = [
        b"\n".join([stamp, b"air-17", *(name.encode() + b":" + value for name, value in headers_of(raw)), b""])
        for raw in raws
    ]
    seeds = [head + b"\n" + raw.payload for head, raw in zip(made, raws, strict=True)]
    return [*seeds, stamp + b'\n\n\n{"device":"air-17","n":1}', stamp + b'\n\n\n[{"n":1},{"device":"a"}]']


def _frames(payload: bytes) -> int:
    """As a connection reads: packets that are no PUBLISH are left to paho, which takes one at a time."""
    buffer, position, found = bytearray(payload), 0, 0
    while True:
        taken, position = mqtt_frames.take_publishes(buffer, position)
        found += len(taken)
        if not mqtt_frames.holds_packet(buffer, position):
            return found
        position = mqtt_frames._bounds(buffer, position)[1]
        found += 1


def _packets() -> list[bytes]:
    one = packet("ganzhi/v1/air-17/telemetry", b'{"a":1}', 7)
    long = packet("ganzhi/v1/air-17/senml", b"x" * 300, 65_535)
    acks = b"\x20\x02\x00\x00" + b"\x90\x03\x00\x01\x01" + b"\xd0\x00"
    return [one, acks + one + b"\x30" + one[1:] + long, b"\x3a" + one[1:] + one[:9], b"\x30\xff\xff\xff\x7f", one * 40]


def _unpacked(payload: bytes) -> int:
    gunzip(payload, BATCH_BYTES)
    return 1


def _gzips() -> list[bytes]:
    small = gzip.compress(b'{"device":"a","values":{"n":1}}', mtime=0)
    text = gzip.compress(b"".join(b'{"device":"a-%d"}' % number for number in range(300)), mtime=0)
    return [small, text, small + small, small[:-4], small[:12] + b"\xff" + small[13:], gzip.compress(b"", mtime=0)]


def _batches() -> list[bytes]:
    device = b'"device":"air-17",'
    frames = [frame.payload for form in FRAMES.values() for frame in form.good if len(frame.payload) < 300]
    named = [payload.replace(b"{", b"{" + device, 1) for payload in frames if payload.startswith(b"{")]
    return [b'{"device":"a","n":NaN}', b"{}", *named]


def _targets() -> list[Target]:
    batches, many = _batches(), {"refusals": (BodyError,), "max_bytes": BATCH_BYTES, "each_s": 5e-5, "each_bytes": 400}
    lists = [b"[" + b",".join(batches[start : start + 20]) + b"]" for start in range(0, len(batches), 20)]
    lines = [b"\n".join(batches[start : start + 20]) for start in range(0, len(batches), 20)]
    return [
        *map(_codec, FRAMES),
        Target("topic", _topic, [b"ganzhi/v1/air-17/telemetry", b"ganzhi/v1/p/child/air-17/senml"], max_bytes=65_535),
        Target("kafka_record", _record, _records(), ()),
        Target("mqtt_frames", _frames, _packets(), (BrokerUnavailable,), 256 << 10, 2e-6, 400),
        Target("http_gzip", _unpacked, _gzips(), (BodyError,), BATCH_BYTES),
        Target("http_list", lambda payload: len(batch_of_list(payload)), lists, **many),  # type: ignore[arg-type]
        Target("http_lines", lambda payload: len(batch_of_lines(payload)), lines, **many),  # type: ignore[arg-type]
    ]


TARGETS = {target.name: target for target in _targets()}

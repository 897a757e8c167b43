"""Messages with what a codec must make of them, for the contract suite that every codec passes."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from devices.codecs.decoded import Codec, EventDraft, ReplyDraft
from hub.models import Micros, to_micros

ZONE = ZoneInfo("Asia/Shanghai")
RECEIVED: Micros = to_micros(datetime.fromisoformat("2026-03-01T00:00:00.123456Z"))


def at(text: str) -> Micros:
    """Microseconds of an ISO 8601 time with an offset."""
    return to_micros(datetime.fromisoformat(text))


@dataclass(frozen=True)
class Good:
    """A message and all that it means: readings as (metric, ts, value), events, and the reasons of its faults."""

    payload: bytes
    readings: list[tuple[str, Micros, float]] = field(default_factory=list)
    events: list[EventDraft] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    timeless: bool = False
    online: bool | None = None
    reply: ReplyDraft | None = None
    private: int = 0
    unused: tuple[str, ...] = ()
    units: dict[str, str] | None = None
    other_units: dict[int, str | None] | None = None
    quality: list[int] | None = None
    zone: tzinfo = ZONE


@dataclass(frozen=True)
class Bad:
    """A message of which nothing can be used, the reason, and words that its sentence must hold."""

    payload: bytes
    reason: str
    says: str = ""


@dataclass(frozen=True)
class Frames:
    """A codec with its frames."""

    codec: Codec
    good: list[Good]
    bad: list[Bad]

    @property
    def all(self) -> list[Good | Bad]:
        """The good ones, then the bad ones."""
        return [*self.good, *self.bad]


def json_flaws(wrap: bytes = b"%b") -> list[Bad]:
    """What is wrong with a text that is no JSON, for each codec that reads JSON."""
    return [
        Bad(b"", "not_json", "empty"),
        Bad(b" \n", "not_json", "empty"),
        Bad(b"\0\0", "not_json", "empty"),
        Bad(b'{"a": 1}\0', "not_json", "a zero byte follows"),
        Bad(b'\xef\xbb\xbf{"a": nan}\r\n\0\0', "not_json", "a zero byte follows"),
        Bad(b'{"a": 1\0', "not_json", "line 1, column 8: it ends too early"),
        Bad(b'{"a": nan, "b": -inf, "c": x}', "not_json", "line 1, column 28"),
        Bad(b"\xff\xfe{\0}\0", "not_utf8", "UTF-16"),
        Bad(b"hello", "not_json", "line 1, column 1"),
        Bad(b'{"a": 1', "not_json", "line 1, column 8"),
        Bad(b'{\n"a": 1,\n}', "not_json", "line 3, column 1"),
        Bad(b'{"a": 1} {"b": 2}', "not_json", "column 10"),
        Bad(b'{"a\x00": 1}', "not_json", "column 4"),
        Bad(b'{"a": "\xff\xfe"}', "not_utf8", "byte 7 is 0xff"),
        Bad('{"位置": 1}'.encode("gb18030"), "not_utf8", "GB18030"),
        Bad(b"[" * 3_000, "too_deep"),
        Bad(b'{"a": nan, "b": ' + b"[" * 3_000, "too_deep"),
        Bad(b'{"a":' * 3_000, "too_deep"),
        Bad(b'{"a": "' + b"x" * (512 << 10) + b'"}', "too_large", "524,288"),
        Bad(b"x" * 10_000_000, "too_large", "10,000,000"),
    ]

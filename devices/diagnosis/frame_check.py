"""Frame check: decodes a payload as the hub would and locates what is wrong. Pure.

The verdict is that of the same codecs that the hub uses. A further protocol is one more entry of `FRAMES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Literal, NamedTuple

from devices.codecs import CODECS, HJ212
from devices.codecs.decoded import Codec, Decoded, EventDraft, Units
from devices.codecs.hj212.frame import HEAD, read
from devices.codecs.hj212.reply import reply
from devices.codecs.jsontext import parse
from devices.diagnosis.caret import Place, place_of
from hub.errors import At, DecodeError
from hub.models import GANZHI, Micros
from hub.quality import flags_of
from hub.words.sentence import Sentence

Verdict = Literal["accepted", "partly", "refused", "dropped"]
"""dropped: the privacy gate let all of it go, which is no refusal."""


@dataclass(slots=True, frozen=True)
class Flaw:
    """A reason why a payload, or a part of it, is not stored."""

    reason: str
    detail: str
    at: At = None
    """JSON Pointer or byte offset, as the codec gives it."""
    place: Place | None = None
    record: int | None = None
    """Of a SenML pack, from 0."""


class CheckedReading(NamedTuple):
    """A reading as it would be stored."""

    metric: str
    ts: Micros
    value: float
    unit: str | None = None
    note: str = ""
    """What is remarkable about it: it would be flagged, or is not known to the profile."""


@dataclass(slots=True)
class Report:
    """The result of checking one payload."""

    form: str
    verdict: Verdict
    readings: list[CheckedReading] = field(default_factory=list)
    events: list[EventDraft] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    private: int = 0
    """Fields and events that the privacy gate drops."""
    says: str = ""
    """What else it says: a status, a reply."""
    timeless: bool = False
    """Whether the time of arrival stands in for a time that it does not tell."""
    answer: bytes = b""
    """What the hub answers once it is stored; empty where the protocol has no answer, or none is wanted."""
    remarks: list[str] = field(default_factory=list)

    @property
    def works(self) -> bool:
        """Whether the hub would make no dead letter of it."""
        return self.verdict in ("accepted", "dropped")


@dataclass(slots=True, frozen=True)
class Frame:
    """A payload format: its codec, and a score for format detection."""

    decode: Codec
    likeness: Callable[[bytes, Any], int]
    """Of a payload and of its JSON value (None where it is none): the form with the most is taken for `auto`."""
    answer: Callable[[bytes], bytes | None] = lambda payload: None
    """What the hub answers to a payload that can be decoded."""


def check(payload: bytes, form: str, received: Micros, zone: tzinfo) -> Report:
    """Check a payload in the given form, or the detected one ("auto"), as if received at `received`."""
    name = likeliest(payload) if form == "auto" else form
    faults: Sequence[tuple[str, str, At]]
    try:
        decoded = FRAMES[name].decode(payload, received, zone)
        faults, answer = decoded.faults, FRAMES[name].answer(payload)
    except DecodeError as refused:
        decoded, faults, answer = Decoded(), refused.faults, None
    report = Report(name, "refused", private=decoded.private, timeless=decoded.timeless)
    units, triples = decoded.units or Units(), zip(decoded.metrics, decoded.ts, decoded.values, strict=True)
    flags = map(_flagged, decoded.quality or ())
    report.readings = [
        CheckedReading(*triple, units.of(row, triple[0]), next(flags, "")) for row, triple in enumerate(triples)
    ]
    report.answer = answer or b""
    report.events = decoded.events
    report.says = _said(decoded)
    report.flaws = [flaw_of(payload, name, *fault) for fault in faults]
    if decoded.left_out > len(faults):
        report.remarks.append(Sentence("frame.more_faults", count=decoded.left_out - len(faults)))
    if decoded.uptime:
        report.remarks.append(Sentence("frame.uptime"))
    if decoded.unused:
        report.remarks.append(Sentence("frame.unused", members=", ".join(map(repr, decoded.unused))))
    if not (report.flaws or report.readings or report.events or report.says or report.private):
        report.remarks.append(Sentence("frame.unmeasured"))
    settle(report)
    return report


def settle(report: Report) -> None:
    """Set the verdict from the report's contents."""
    something = bool(report.readings or report.events or report.says)
    if report.flaws:
        report.verdict = "partly" if something else "refused"
    else:
        report.verdict = "accepted" if something or not report.private else "dropped"


def _flagged(quality: int) -> str:
    flags = ", ".join(f"{flag.name_en} ({flag.name_zh})" for flag in flags_of(quality))
    return Sentence("frame.flagged", flags=flags) if flags else ""


def _said(decoded: Decoded) -> str:
    if decoded.online is not None:
        return Sentence("frame.online") if decoded.online else Sentence("frame.offline")
    return "" if decoded.reply is None else Sentence("frame.answers", command=str(decoded.reply.command))


def likeliest(payload: bytes) -> str:
    """Detect a payload's form; telemetry when nothing matches."""
    try:
        value = parse(payload)
    except DecodeError:
        value = None
    first = value[0] if isinstance(value, list) and value else value
    return max(FRAMES, key=lambda name: FRAMES[name].likeness(payload, first))


def flaw_of(payload: bytes, form: str, reason: str, detail: str, at: At) -> Flaw:
    """A codec's fault with its location in the payload."""
    record = int(at.split("/")[1]) if form == "senml" and isinstance(at, str) and at else None
    named = reason == "unknown_metric" and form == "telemetry"
    return Flaw(reason, detail, at, place_of(payload, at, on_name=named), record)


def _named(*names: str) -> Callable[[bytes, Any], int]:
    """Likeness by the names of members: twice as sure when the value can be read."""

    def likeness(payload: bytes, value: Any) -> int:
        if isinstance(value, dict):
            return 2 * sum(name in value for name in names)
        return sum(f'"{name}"'.encode() in payload for name in names) if value is None else 0

    return likeness


def _telemetry_likeness(payload: bytes, value: Any) -> int:
    return 1 + _named("values")(payload, value)


def _status_likeness(payload: bytes, value: Any) -> int:
    said = value.get("state") if isinstance(value, dict) and len(value) == 1 else value
    return 3 if payload.strip() in (b"online", b"offline") or said in ("online", "offline") else 0


def _hj212_answer(payload: bytes) -> bytes | None:
    return reply(read(payload))


FRAMES: Mapping[str, Frame] = {
    "telemetry": Frame(CODECS[GANZHI, "telemetry"], _telemetry_likeness),
    "senml": Frame(CODECS[GANZHI, "senml"], _named("n", "bn", "v", "u")),
    "event": Frame(CODECS[GANZHI, "event"], _named("kind")),
    "reply": Frame(CODECS[GANZHI, "reply"], _named("result", "error")),
    "status": Frame(CODECS[GANZHI, "status"], _status_likeness),
    "hj212": Frame(CODECS[HJ212, "frame"], lambda payload, value: 9 * payload.startswith(HEAD), _hj212_answer),
}
"""By name; those of topics have their names."""


def unhex(text: str | bytes) -> bytes:
    """The bytes that hexadecimal text stands for, with or without spaces, 0x and line breaks; ValueError says where."""
    plain = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    digits: list[str] = []
    for line, row in enumerate(plain.splitlines(), 1):
        for column, letter in enumerate(row.replace("0x", "  ").replace("0X", "  "), 1):
            if letter in "0123456789abcdefABCDEF":
                digits.append(letter)
            elif not letter.isspace() and letter not in ",:-":
                raise ValueError(f"line {line}, column {column}: {letter!r} is no hexadecimal digit")
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hexadecimal digits are no whole number of bytes: one is missing")
    return bytes.fromhex("".join(digits))


def names(report: Report) -> Sequence[str]:
    """Distinct metric names in a payload, in order."""
    return list(dict.fromkeys(reading.metric for reading in report.readings))

"""What the hub would make of a payload, and which byte or field of it is wrong. Pure.

The verdict is that of the same codecs that the hub uses. A further protocol is one more entry of `FRAMES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Literal, NamedTuple

from devices.codecs import CODECS
from devices.codecs.decoded import Codec, Decoded, EventDraft, Fault
from devices.codecs.jsontext import parse
from devices.diagnosis.frame_places import Found, Walk, event_flaws, no_flaws, senml_flaws, telemetry_flaws
from devices.diagnosis.json_places import Place, byte_place, place, spans, syntax_error
from hub.errors import DecodeError
from hub.models import Micros

Verdict = Literal["accepted", "partly", "refused", "dropped"]
"""dropped: the privacy gate let all of it go, which is no refusal."""


@dataclass(slots=True, frozen=True)
class Flaw:
    """One thing that keeps a payload, or a part of it, from being stored."""

    reason: str
    detail: str
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
    """What becomes of one payload."""

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
    remarks: list[str] = field(default_factory=list)

    @property
    def works(self) -> bool:
        """Whether the hub would make no dead letter of it."""
        return self.verdict in ("accepted", "dropped")


Locate = Callable[[bytes, Sequence[Fault], Micros, tzinfo], list[Flaw]]
"""The flaws of a payload with their places; the faults are what the codec says, at least one."""


@dataclass(slots=True, frozen=True)
class Frame:
    """A form of payload: how it is decoded, how its flaws are found, and how much a payload looks like it."""

    decode: Codec
    locate: Locate
    likeness: Callable[[bytes, Any], int]
    """Of a payload and of its JSON value (None where it is none): the form with the most is taken for `auto`."""


def check(payload: bytes, form: str, received: Micros, zone: tzinfo) -> Report:
    """The report on a payload of a form of FRAMES, or of the likeliest ("auto"), as if it came at `received`."""
    name = likeliest(payload) if form == "auto" else form
    frame = FRAMES[name]
    error: DecodeError | None = None
    try:
        decoded = frame.decode(payload, received, zone)
    except DecodeError as refused:
        error, decoded = refused, Decoded()
    report = Report(name, "refused", private=decoded.private, timeless=decoded.timeless)
    triples = zip(decoded.metrics, decoded.ts, decoded.values, strict=True)
    report.readings = [CheckedReading(*triple) for triple in triples]
    report.events = decoded.events
    report.says = _said(decoded)
    said = decoded.faults if error is None else [Fault(error.reason, error.detail)]
    report.flaws = frame.locate(payload, said, received, zone) if said else []
    settle(report)
    return report


def settle(report: Report) -> None:
    """Set the verdict by what a report holds."""
    something = bool(report.readings or report.events or report.says)
    if report.flaws:
        report.verdict = "partly" if something else "refused"
    else:
        report.verdict = "accepted" if something or not report.private else "dropped"


def _said(decoded: Decoded) -> str:
    if decoded.online is not None:
        return "the device is online" if decoded.online else "the device is offline"
    return "" if decoded.reply is None else f"it answers command {decoded.reply.command}"


def likeliest(payload: bytes) -> str:
    """The form that a payload looks most like; telemetry when it looks like nothing."""
    try:
        value = parse(payload)
    except DecodeError:
        value = None
    first = value[0] if isinstance(value, list) and value else value
    return max(FRAMES, key=lambda name: FRAMES[name].likeness(payload, first))


class _Json:
    """Finds flaws in a payload that is to be JSON, by the walk of its form."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def __call__(self, payload: bytes, said: Sequence[Fault], received: Micros, zone: tzinfo) -> list[Flaw]:
        if said[0].reason in _UNREADABLE:
            return [flaw_of(payload, *said[0])]
        try:
            message = parse(payload)
        except DecodeError:
            return [Flaw(*each) for each in said]
        text = payload.decode().removeprefix("\ufeff")
        where = spans(text)
        found = self._flaws(message, text, where, received, zone)
        # The codec has the last word: what it says and the walk did not find stands at the message as a whole.
        walked = {each.reason for each in found}
        whole = [Found("$", *each) for each in said if each.reason not in walked]
        return [
            Flaw(each.reason, each.detail, place(text, where[each.path][0], each.path), each.record)
            if each.path in where
            else Flaw(each.reason, each.detail, None, each.record)
            for each in (*whole, *found)
        ]

    def _flaws(
        self, message: Any, text: str, where: Mapping[str, tuple[int, int]], received: Micros, zone: tzinfo
    ) -> list[Found]:
        def sliced(path: str) -> bytes:
            start, end = where.get(path, (0, len(text)))
            return text[start:end].encode()

        found: list[Found] = []
        for each in self._walk(message, sliced, received, zone):
            found.append(each)
            if len(found) == FLAWS:
                break
        return found


FLAWS = 50
"""Flaws that are told of one payload: more would only be the same again."""


_UNREADABLE = ("not_utf8", "not_json")


def flaw_of(payload: bytes, reason: str, detail: str) -> Flaw:
    """Why a payload is refused as a whole; with the place, where it is no JSON or not even text."""
    if reason not in _UNREADABLE:
        return Flaw(reason, detail)
    try:
        text = payload.decode()
    except UnicodeDecodeError as wrong:
        return Flaw(reason, detail, byte_place(payload, wrong.start))
    wrong_at = syntax_error(text.removeprefix("\ufeff"))
    if wrong_at is None or not text.strip("\ufeff \t\r\n"):
        return Flaw(reason, detail)
    at, meant = wrong_at
    return Flaw(reason, f"{detail.partition(': ')[0]}: {meant}", place(text.removeprefix("\ufeff"), at))


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


FRAMES: Mapping[str, Frame] = {
    "telemetry": Frame(CODECS["telemetry"], _Json(telemetry_flaws), _telemetry_likeness),
    "senml": Frame(CODECS["senml"], _Json(senml_flaws), _named("n", "bn", "v", "u")),
    "event": Frame(CODECS["event"], _Json(event_flaws), _named("kind")),
    "reply": Frame(CODECS["reply"], _Json(no_flaws), _named("result", "error")),
    "status": Frame(CODECS["status"], _Json(no_flaws), _status_likeness),
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
    """The metrics that a payload brings, each once, in their order."""
    return list(dict.fromkeys(reading.metric for reading in report.readings))

"""Frame check: decodes a payload as the hub would and locates what is wrong. Pure.

The verdict is that of the same codecs that the hub uses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal, NamedTuple

from devices.codecs.decoded import Codec, Decoded, EventDraft, Units
from devices.diagnosis.caret import Place, byte_place, place_of
from devices.diagnosis.frame_forms import FRAMES, likeliest
from devices.diagnosis.hidden_passwords import covered
from hub.errors import At, DecodeError
from hub.models import Micros
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


def check(
    payload: bytes, form: str, received: Micros, zone: tzinfo, codecs: Mapping[str, Codec] | None = None
) -> Report:
    """Check a payload in the given form, or the detected one ("auto"), as if received at `received`.

    `codecs` are those of the device's profile, by form: they know the map of its registers.
    """
    name = likeliest(payload) if form == "auto" else form
    faults: Sequence[tuple[str, str, At]]
    try:
        decoded = ((codecs or {}).get(name) or FRAMES[name].decode)(payload, received, zone)
        faults, answer = decoded.faults, FRAMES[name].answer(payload, received, zone)
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


def flaw_of(payload: bytes, form: str, reason: str, detail: str, at: At) -> Flaw:
    """A codec's fault with its location in the payload, in which a station's password is not shown."""
    record = int(at.split("/")[1]) if form == "senml" and isinstance(at, str) and at else None
    if isinstance(at, int):
        payload = covered(payload)
    if form in FRAMES and FRAMES[form].is_binary and isinstance(at, int):
        return Flaw(reason, detail, at, byte_place(payload, at), record)
    named = reason == "unknown_metric" and form == "telemetry"
    return Flaw(reason, detail, at, place_of(payload, at, on_name=named), record)


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

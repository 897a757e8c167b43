"""Properties of thing models (物模型) as readings, and their events: what the platforms have in common. Pure.

A property keeps its name. Of one that has parts (a struct) each is a reading of its own, `name.part`. Texts, which
devices send beside what they measure (ICCID, version), are no faults: they are noted as not used.
"""

import binascii
import re
from datetime import tzinfo
from hashlib import blake2b
from typing import Any

import msgspec

from devices.codecs import event
from devices.codecs.decoded import MAX_NAMES, MAX_READINGS, Coded, Decoded, InQuotes
from devices.codecs.inner import Envelope, Inner
from devices.codecs.jsontext import NotFinite
from devices.codecs.metric import Verdict, bad_name, judge
from devices.codecs.pointer import pointer
from devices.vocabulary import OTHER
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_GOOD, _PRIVATE = Verdict.GOOD, Verdict.PRIVATE
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,15})?([eE][+-]?[0-9]{1,2})?")
_LONGEST = 40


def take(decoded: Decoded, properties: dict[str, Any], at: Micros, *steps: str | int, inside: str = "") -> None:
    """Append the readings of properties, which stand at `steps`, all at one time."""
    if len(decoded.metrics) + len(properties) > MAX_READINGS or len(properties) > MAX_NAMES:
        raise DecodeError("too_many_values", Sentence("refusal.most.metrics", most=MAX_NAMES), pointer(*steps))
    for name, value in properties.items():
        kind, full = type(value), f"{inside}.{name}" if inside else name
        verdict = judge(full)
        if verdict is _GOOD and (kind is int or kind is float or kind is bool):
            take_value(decoded, full, value, at, *steps)
        elif verdict is _PRIVATE:
            decoded.private += 1
        elif kind is dict and not inside:
            take(decoded, value, at, *steps, name, inside=name)
        elif value is not None:
            _take_odd(decoded, full, value, verdict, at, *steps)


def _take_odd(decoded: Decoded, name: str, value: object, verdict: Verdict, at: Micros, *steps: str | int) -> None:
    """What is no reading: a number that is none, a name that cannot be a metric's, a text; one that holds a number may
    be one (devices/code_mapping.py); of others no more than a note."""
    if type(value) is NotFinite:
        _not_finite(decoded, name, *steps)
    elif verdict is Verdict.BAD and isinstance(value, int | float):
        error = bad_name(name)
        error.at = pointer(*steps)
        decoded.leave_out(error)
    else:
        decoded.note_unused(name)
        if verdict is _GOOD and decoded.codes is not None and isinstance(value, str) and len(value) <= _LONGEST:
            text = value.strip()
            if _NUMBER.fullmatch(text):
                decoded.codes.in_quotes.append(InQuotes(name, at, float(text)))


def take_value(decoded: Decoded, name: str, value: float, at: Micros, *steps: str | int) -> None:
    """Append one reading."""
    try:
        number = float(value)
    except OverflowError:
        _not_finite(decoded, name, *steps)
        return
    decoded.metrics.append(name)
    decoded.ts.append(at)
    decoded.values.append(number)
    if decoded.codes is not None:
        decoded.codes.metrics[name] = Coded(name)


def take_event(
    decoded: Decoded, code: str, at: Micros | None, key: str, attributes: dict[str, Any], zone: tzinfo,
    *steps: str | int,
) -> None:  # fmt: skip
    """Append an event of a product's own code; `key` is the same whenever the message comes again."""
    part: dict[str, Any] = {"kind": code, "id": key, "attributes": attributes}
    before, events = len(decoded.faults), len(decoded.events)
    try:
        event.take(part | ({} if at is None else {"ts": at // 1000}), zone, decoded)
    except DecodeError as error:
        error.at = pointer(*steps)
        decoded.leave_out(error)
    if decoded.codes is not None and len(decoded.events) > events and decoded.events[-1].kind == OTHER:
        decoded.codes.states[events] = code
    decoded.faults[before:] = [fault._replace(at=pointer(*steps)) for fault in decoded.faults[before:]]


def carry(decoded: Decoded, content: bytes, *steps: str | int) -> None:
    """What the device sent as it is, within the message: decoded as its profile says."""
    at = decoded.heard
    if not content:
        return
    if decoded.envelope is None:
        decoded.envelope = Envelope(ts=at)
    decoded.envelope.inner.append(Inner(content, pointer(*steps), at, id=key_of(at, content.hex())))


def key_of(*identity: object) -> str:
    """The identity of a message that has no id: the same of whatever is pushed again."""
    try:
        text = msgspec.json.encode(identity, order="deterministic", enc_hook=str)
    except (UnicodeEncodeError, OverflowError, RecursionError, TypeError):
        text = repr(identity).encode("utf-8", "backslashreplace")
    return blake2b(text, digest_size=16).hexdigest()


def base64_of(text: object, *steps: str | int) -> bytes:
    """The content of a text in base64; DecodeError bad_base64."""
    try:
        if not isinstance(text, str):
            raise ValueError("it is no text")
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise DecodeError("bad_base64", Sentence("refusal.push.base64", error=str(error)), pointer(*steps)) from None


def _not_finite(decoded: Decoded, name: str, *steps: str | int) -> None:
    sentence = Sentence("refusal.push.finite", name=name[:64])
    decoded.leave_out(DecodeError("value_not_finite", sentence, pointer(*steps)))

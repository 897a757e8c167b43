"""Opens envelopes: decodes the payloads within as the profile of the device says."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import tzinfo

from devices.codecs.decoded import Decoded, Units
from devices.codecs.inner import Envelope, Inner, within
from devices.codecs.mapping import decode_mapped
from devices.codecs.payloads import PAYLOADS
from devices.registry.device import Device, Profile
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence


def opened(decoded: Decoded, device: Device, received: Micros, zone: tzinfo) -> tuple[Decoded, int]:
    """The envelope with what is within it, and what mapping that cost; DecodeError when nothing of it is usable.

    The place of a fault is that of the payload, and of the byte or member in it.
    """
    envelope, cost = decoded.envelope, 0
    if envelope is None:
        return decoded, 0
    if envelope.lenient:
        _keep_known(decoded, device)
    for inner in _chosen(decoded, envelope, device.profile):
        try:
            part, spent = _read(inner, device.profile, received, zone)
        except DecodeError as error:
            for reason, detail, at in error.faults:
                decoded.leave_out(DecodeError(reason, detail, within(inner, at)))
            continue
        cost += spent
        _join(decoded, part, inner)
    for metric, value in envelope.extras.items():
        if metric in device.layout:
            _add_reading(decoded, metric, received if envelope.ts is None else envelope.ts, value)
    return decoded.settled(), cost


def _chosen(decoded: Decoded, envelope: Envelope, profile: Profile) -> Iterator[Inner]:
    """What is to be decoded: the bytes as they were sent, where the profile says what they are."""
    if profile.payload is None:
        yield from envelope.read or [inner for inner in envelope.inner if inner.form]
        if not envelope.read and (unread := next((inner for inner in envelope.inner if not inner.form), None)):
            sentence = Sentence("refusal.payload.none", profile=repr(profile.code), known=", ".join(PAYLOADS))
            decoded.leave_out(DecodeError("no_payload_codec", sentence, unread.at))
        return
    ports = PAYLOADS[profile.payload].ports if profile.payload in PAYLOADS else None
    for inner in envelope.inner:
        if ports is not None and inner.port is not None and inner.port not in ports and inner.form is None:
            decoded.note_unused(f"f_port {inner.port}")
        else:
            yield inner


def _read(inner: Inner, profile: Profile, received: Micros, zone: tzinfo) -> tuple[Decoded, int]:
    """Decode one payload; its time of arrival is the one that the envelope tells."""
    name = inner.form or profile.payload or ""
    if name not in PAYLOADS:  # of a profile that a newer hub has stored
        sentence = Sentence("refusal.payload.unknown", name=repr(name), known=", ".join(PAYLOADS))
        raise DecodeError("no_payload_codec", sentence)
    codec, at = PAYLOADS[name].codec, received if inner.ts is None else inner.ts
    if (transform := profile.mapping.get(name)) is not None:
        return decode_mapped(transform, codec, inner.payload, at, zone)
    return codec(inner.payload, at, zone), 0


def _join(decoded: Decoded, part: Decoded, inner: Inner) -> None:
    """Add what was within to what is there already."""
    for reason, detail, at in part.faults:
        decoded.leave_out(DecodeError(reason, detail, within(inner, at)))
    decoded.left_out += max(part.left_out - len(part.faults), 0)
    _join_units(decoded, part)
    if part.quality is not None or decoded.quality is not None:
        before = decoded.quality or [0] * len(decoded.metrics)
        decoded.quality = before + (part.quality or [0] * len(part.metrics))
    if part.codes is not None:
        codes, events = decoded.unmapped(part.codes.protocol), len(decoded.events)
        codes.metrics |= part.codes.metrics
        codes.states |= {events + place: code for place, code in part.codes.states.items()}
    decoded.metrics += part.metrics
    decoded.ts += part.ts
    decoded.values += part.values
    for draft in part.events:
        ts = inner.ts if draft.ts is None else draft.ts
        decoded.events.append(replace(draft, ts=ts, source_id=draft.source_id or _id(inner, len(decoded.events))))
    decoded.timeless = decoded.timeless or (part.timeless and inner.ts is None)
    decoded.uptime = decoded.uptime or part.uptime
    decoded.private += part.private
    if part.online is not None:
        decoded.online = part.online
    for name in part.unused:
        decoded.note_unused(name)


def _id(inner: Inner, number: int) -> str | None:
    """The id of an event within: each has one of its own."""
    return f"{inner.id}:{number}" if inner.id and number else inner.id


def _join_units(decoded: Decoded, part: Decoded) -> None:
    if not decoded.metrics:
        decoded.units = part.units
        return
    if part.units is None and decoded.units is None:
        return
    before, theirs = decoded.units or Units(), part.units or Units()
    told = [(metric, before.of(row, metric)) for row, metric in enumerate(decoded.metrics)]
    told += [(metric, theirs.of(row, metric)) for row, metric in enumerate(part.metrics)]
    units = decoded.units = Units()
    for metric, unit in told:
        if unit is not None:
            units.setdefault(metric, unit)
    units.others = {row: unit for row, (metric, unit) in enumerate(told) if unit != units.get(metric)}


def _add_reading(decoded: Decoded, metric: str, ts: Micros, value: float) -> None:
    if metric in decoded.metrics:  # the device tells it itself
        return
    decoded.metrics.append(metric)
    decoded.ts.append(ts)
    decoded.values.append(value)
    if decoded.quality is not None:
        decoded.quality.append(0)


def _keep_known(decoded: Decoded, device: Device) -> None:
    """Leave out readings of metrics that the device has no series for and is not to get."""
    room = device.profile.adds > len(device.layout)
    rows = [row for row, metric in enumerate(decoded.metrics) if room or metric in device.layout]
    if len(rows) == len(decoded.metrics):
        return
    kept = frozenset(rows)
    for row, metric in enumerate(decoded.metrics):
        if row not in kept:
            decoded.note_unused(metric)
    decoded.keep(rows)

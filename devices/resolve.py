"""From messages to readings and events of known devices: the reading stage of the pipeline."""

from collections.abc import Mapping
from hashlib import blake2b
from uuid import UUID
from zlib import crc32

import msgspec
import numpy as np

from devices.addressing import Address, parse_record, parse_topic
from devices.codecs import CODECS
from devices.codecs.decoded import Decoded, EventDraft
from devices.privacy import holds_picture, mentions_private
from devices.registry import Device, Registry
from hub.errors import DecodeError
from hub.models import Arrival, Batch, Columns, DeadLetter, Event, Micros, Quality, Raw
from hub.store.arrivals import Known, Remembered
from hub.store.writer import DEAD_LETTER_BYTES

MAX_ADDRESSES = 500_000
"""Parsed addresses kept; protects memory from a peer that invents topics."""


class Resolver:
    """Decodes each message of a batch and finds its device and series; what cannot be used becomes a dead letter."""

    def __init__(
        self, registry: Registry, prefix: str, known: Known | None = None, records: Mapping[str, str] | None = None
    ) -> None:
        """`known` is what the store remembers of arrivals: a message delivered again keeps its time.

        `prefix` is that of MQTT topics; `records` gives the form of the records of each topic of a log.
        """
        self._registry, self._prefix, self._records = registry, prefix, records or {}
        self._known = {} if known is None else known
        self._addresses: dict[str, Address] = {}

    def __call__(self, batch: Batch) -> None:
        """Fill readings, events, refused and arrivals of a batch from its raws."""
        series: list[int] = []
        ts: list[Micros] = []
        values: list[float] = []
        untimed: list[tuple[int, int]] = []
        for index, raw in enumerate(batch.raws):
            address, private = None, False
            if raw.repeated:
                raw = batch.raws[index] = self._recalled(raw)
            try:
                address = self._addresses.get(raw.address) or self._parse(raw.address)
                device = self._device(address)
                decoded = CODECS[address.form](raw.payload, raw.received, device.zone)
                if address.keyed and decoded.devices:
                    _check_named(device, decoded.devices)
                pictures = [draft for draft in decoded.events if draft.image is not None]
                batch.private += decoded.private + len(pictures)
                start = len(series)
                fault = _take_readings(device, decoded, raw, series, ts, values)
                fault = _take_events(device, decoded, raw, batch.events) or fault
            except DecodeError as error:
                fault = error.reason, error.detail
            else:
                if decoded.timeless:
                    untimed.append((start, len(series)))
                private = decoded.private > 0 or bool(pictures)
            if fault is not None:
                batch.refused[index] = _letter(raw, *fault, address, private)
            if raw.token and (fault is not None or decoded.timeless):
                self._remember(raw, batch)
        batch.readings = _columns(series, ts, values, untimed)

    def _recalled(self, raw: Raw) -> Raw:
        """The message with the time of its first arrival, if that is known."""
        remembered = self._known.get(raw.source)
        received = remembered.recall(raw.token, _digest(raw)) if remembered is not None else None
        return raw if received is None else raw._replace(received=received)

    def _remember(self, raw: Raw, batch: Batch) -> None:
        """Note when it arrived: at once, for it may come again before the commit, and with the commit for good."""
        arrival = Arrival(raw.token, _digest(raw), raw.received)
        self._known.setdefault(raw.source, Remembered()).note(arrival)
        batch.arrivals.setdefault(raw.source, []).append(arrival)

    def _parse(self, topic: str) -> Address:
        form = self._records.get(topic.partition("/")[0])
        address = parse_topic(topic, self._prefix) if form is None else parse_record(topic, form)
        if len(self._addresses) >= MAX_ADDRESSES:
            self._addresses.clear()
        self._addresses[topic] = address
        return address

    def _device(self, address: Address) -> Device:
        device = self._registry.devices.get(address.device)
        if device is None:
            raise DecodeError(
                "unknown_device",
                f"no device {address.device!r} is registered: register it (PUT /api/v1/devices/{address.device}) "
                "or correct the code in the topic",
            )
        if not device.active:
            raise DecodeError("inactive_device", f"device {device.code!r} is registered, but its state is not active")
        if address.gateway is not None and device.gateway != address.gateway:
            raise DecodeError(
                "not_a_child",
                f"{device.code!r} is not registered as a child of gateway {address.gateway!r}: set its parent",
            )
        return device


def _check_named(device: Device, named: tuple[str, ...]) -> None:
    """DecodeError unless the payload names the device that the record's key names."""
    if len(named) > 1:
        raise DecodeError(
            "several_devices", f"it holds data of {named[0][:64]!r} and {named[1][:64]!r}: send one record a device"
        )
    if named[0] != device.code:
        raise DecodeError(
            "device_mismatch",
            f'the key of the record says {device.code!r}, "device" in it says {named[0][:64]!r}: make them the same',
        )


def _take_readings(
    device: Device, decoded: Decoded, raw: Raw, series: list[int], ts: list[Micros], values: list[float]
) -> tuple[str, str] | None:
    """Append the usable readings; returns the first fault, if something was left out."""
    fault: tuple[str, str] | None = decoded.faults[0] if decoded.faults else None
    numbers = [device.series.get(metric) for metric in decoded.metrics]
    limit = raw.received + device.max_future
    if None not in numbers and (not decoded.ts or max(decoded.ts) <= limit):
        series += numbers  # type: ignore[arg-type]
        ts += decoded.ts
        values += decoded.values
        return fault
    for metric, number, at, value in zip(decoded.metrics, numbers, decoded.ts, decoded.values, strict=True):
        if number is None:
            known = ", ".join(sorted(device.series)[:20]) or "none"
            detail = f"{metric[:64]!r} is no metric of the profile of {device.code!r}; it knows: {known}"
            fault = fault or ("unknown_metric", detail)
        elif at > limit:
            fault = fault or _in_future(device, at, raw)
        else:
            series.append(number)
            ts.append(at)
            values.append(value)
    return fault


def _take_events(device: Device, decoded: Decoded, raw: Raw, events: list[Event]) -> tuple[str, str] | None:
    """Append the usable events; returns the first fault, if one was left out."""
    fault = None
    for draft in decoded.events:
        if draft.ts is not None and draft.ts > raw.received + device.max_future:
            fault = fault or _in_future(device, draft.ts, raw)
        else:
            events.append(_event(device, draft, raw))
    return fault


def _in_future(device: Device, at: Micros, raw: Raw) -> tuple[str, str]:
    return "future_time", (
        f"its time lies {(at - raw.received) / 1e6:.0f} s ahead of the hub's clock; {device.max_future // 1_000_000} s "
        "are allowed: check the device's clock, its time zone, and that ts is in milliseconds"
    )


def _columns(series: list[int], ts: list[Micros], values: list[float], untimed: list[tuple[int, int]]) -> Columns:
    """Arrays sorted by (series, ts); of readings with the same series and time the first one stays."""
    if not series:
        return Columns.empty()
    times, numbers = np.array(ts, np.int64), np.array(series, np.int32)
    quality = np.zeros(len(ts), np.int16)
    for start, end in untimed:
        quality[start:end] = Quality.NO_TIME
    order = np.lexsort((times, numbers))
    times, numbers = times[order], numbers[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (times[1:] != times[:-1]) | (numbers[1:] != numbers[:-1])
    if not first.all():
        times, numbers, order = times[first], numbers[first], order[first]
    return Columns(times, numbers, np.array(values, np.float64)[order], quality[order])


def _event(device: Device, draft: EventDraft, raw: Raw) -> Event:
    """The event with its derived id: from the device's own id where it gives one, else from the content."""
    ts = raw.received if draft.ts is None else draft.ts
    if draft.source_id is not None:
        id_ = _derived(device.code, draft.source_id)
    else:
        id_ = _derived(device.code, draft.kind, ts, draft.state, draft.level, draft.attributes)
    return Event(
        id=id_,
        device_id=device.id,
        device=device.code,
        ts=ts,
        received=raw.received,
        kind=draft.kind,
        state=draft.state,
        level=draft.level,
        attributes=draft.attributes,
    )


def _letter(raw: Raw, reason: str, detail: str, address: Address | None, private: bool) -> DeadLetter:
    """The dead letter of a message; the same message with the same time of arrival is the same letter."""
    id_ = _derived(raw.transport, raw.address, raw.received, crc32(raw.payload))
    kept = raw.payload[:DEAD_LETTER_BYTES]
    if private or mentions_private(kept) or holds_picture(kept):  # also what was never decoded
        raw = raw._replace(payload=b"")  # privacy gate: what held it is kept nowhere
        detail += " (the message is not kept: it names data about persons or holds a picture)"
    return DeadLetter(id_, raw, reason, detail, address.device if address else None)


def _digest(raw: Raw) -> int:
    """What tells a message from others that had the same packet id."""
    return crc32(raw.payload, crc32(raw.address.encode()))


def _derived(*identity: object) -> UUID:
    return UUID(bytes=blake2b(msgspec.json.encode(identity, order="deterministic"), digest_size=16).digest())

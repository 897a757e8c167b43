"""From messages to readings and events of known devices: the reading stage of the pipeline."""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from uuid import UUID
from zlib import crc32

import msgspec
import numpy as np

from devices.addressing import LISTENING, Address, parse_record, parse_topic
from devices.codecs import CODECS
from devices.codecs.decoded import Decoded, EventDraft, ReplyDraft
from devices.codecs.listening import decode_listening
from devices.codecs.mapping import decode_mapped
from devices.privacy import holds_picture, mentions_private
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.errors import DecodeError
from hub.models import HUB, Arrival, Batch, Columns, DeadLetter, Event, Micros, Raw, Reply
from hub.quality import Quality
from hub.store.arrivals import Known, Remembered
from hub.store.writer import DEAD_LETTER_BYTES

STEP = 4096
"""Messages and readings of a step: about 10 ms."""
COST = 16
"""What of a mapping's cost counts as a message of a step: 3 microseconds."""
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
        for _ in self.steps(batch):
            pass

    def steps(self, batch: Batch) -> Iterator[None]:
        """The same bit by bit: each step takes some milliseconds, and others may go on between two."""
        found = _Found()
        due = STEP
        for index, raw in enumerate(batch.raws):
            if index + len(found.ts) >= due:
                due += STEP
                yield
            if raw.repeated:
                raw = batch.raws[index] = self._recalled(raw)
            due -= self._read(index, raw, batch, found)
        batch.readings = _columns(found)

    def _read(self, index: int, raw: Raw, batch: Batch, found: "_Found") -> int:
        """One message; returns what its mapping cost, in messages of a step."""
        address, fault, private, timeless, cost = None, None, False, False, 0
        try:
            address = self._addresses.get(raw.address) or self._parse(raw.address)
            device = self._device(address)
            codec, mapping = CODECS[address.form], device.profile.mapping
            if not mapping or (transform := mapping.get(address.form)) is None:
                decoded = codec(raw.payload, raw.received, device.zone)
            else:
                decoded, cost = decode_mapped(transform, codec, raw.payload, raw.received, device.zone)
            if address.keyed and decoded.devices:
                _check_named(device, decoded.devices)
            newest, timeless, private = max(decoded.ts) if decoded.ts else 0, decoded.timeless, decoded.private > 0
            if newest and address.gateway is None and raw.transport != HUB:  # as for most: 0.2 microseconds less
                batch.seen[device.id] = raw.received, 0 if timeless else newest
            else:
                self._note_life(device, address, decoded, newest, raw, batch)
            start = len(found.ts)
            fault = _take_readings(device, decoded, raw, newest, found, batch.wanted)
            if timeless:
                found.untimed.append((start, len(found.ts)))
            if decoded.events:
                fault = _take_events(device, decoded, raw, batch.events) or fault
                private = _holds_pictures(decoded, batch) or private
            batch.private += decoded.private
            if decoded.reply is not None:
                batch.replies.append(_reply(index, device, decoded, decoded.reply, raw, address))
        except DecodeError as error:
            fault = None if _is_of_edge(raw, batch) else (error.reason, error.detail)
        if fault is not None:
            batch.refused[index] = _letter(raw, *fault, address, private)
        if raw.token and (fault is not None or timeless):
            self._remember(raw, batch)
        return cost // COST

    def _note_life(
        self, device: Device, address: Address, decoded: Decoded, newest: Micros, raw: Raw, batch: Batch
    ) -> None:
        """Note that the device was heard, and the gateway that speaks for it; or what it says of its presence."""
        if address.form == "status":
            if decoded.online is not None:
                batch.statuses[device.id] = decoded.online, raw.received
        elif raw.transport != HUB:
            batch.seen[device.id] = raw.received, _told_time(decoded, newest)
            gateway = None if address.gateway is None else self._registry.devices.get(address.gateway)
            if gateway is not None:  # of whose clock it tells nothing
                batch.seen[gateway.id] = raw.received, batch.seen.get(gateway.id, (0, 0))[1]

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


def _is_of_edge(raw: Raw, batch: Batch) -> bool:
    """Whether it is no device's message but what an edge tells of itself, which is noted then."""
    if raw.transport != HUB or raw.address != LISTENING:
        return False
    batch.edges |= decode_listening(raw.payload)
    return True


class _Found:
    """The readings of a batch while it is read, as growing columns."""

    __slots__ = ("firsts", "lengths", "offsets", "ts", "untimed", "values")

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self.lengths: list[int] = []
        self.offsets: list[int] = []
        """`lengths[i]` of them from the series `firsts[i]`: they are added up as arrays."""
        self.ts: list[Micros] = []
        self.values: list[float] = []
        self.untimed: list[tuple[int, int]] = []
        """Stretches of them that came without a time."""


def _holds_pictures(decoded: Decoded, batch: Batch) -> bool:
    pictures = sum([draft.image is not None for draft in decoded.events])
    batch.private += pictures
    return pictures > 0


def _told_time(decoded: Decoded, newest: Micros) -> Micros:
    """The newest time that the device itself gave; 0 when part of the message had none."""
    if decoded.timeless:
        return 0
    return max([newest, *(draft.ts or 0 for draft in decoded.events)]) if decoded.events else newest


def _take_readings(
    device: Device,
    decoded: Decoded,
    raw: Raw,
    newest: Micros,
    found: _Found,
    wanted: dict[int, dict[str, None]],
) -> tuple[str, str] | None:
    """Append the usable readings, of which `newest` is the latest time; returns the first fault, if any."""
    fault: tuple[str, str] | None = decoded.faults[0][:2] if decoded.faults else None
    offsets = list(map(device.layout.get, decoded.metrics))
    limit = raw.received + device.profile.max_future
    if None not in offsets and newest <= limit:
        found.firsts.append(device.first)
        found.lengths.append(len(offsets))
        found.offsets += offsets  # type: ignore[arg-type]
        found.ts += decoded.ts
        found.values += decoded.values
        return fault
    for metric, offset, at, value in zip(decoded.metrics, offsets, decoded.ts, decoded.values, strict=True):
        if offset is None:
            wants = at <= limit and _wants(device, metric, wanted)
            fault = fault or _unknown(device, metric, wants)
        elif at > limit:
            fault = fault or _in_future(device, at, raw)
        else:
            found.firsts.append(device.first)
            found.lengths.append(1)
            found.offsets.append(offset)
            found.ts.append(at)
            found.values.append(value)
    return fault


def _take_events(device: Device, decoded: Decoded, raw: Raw, events: list[Event]) -> tuple[str, str] | None:
    """Append the usable events; returns the first fault, if one was left out."""
    fault = None
    for draft in decoded.events:
        if draft.ts is not None and draft.ts > raw.received + device.profile.max_future:
            fault = fault or _in_future(device, draft.ts, raw)
        else:
            events.append(_event(device, draft, raw))
    return fault


def _wants(device: Device, metric: str, wanted: dict[int, dict[str, None]]) -> bool:
    """Whether a metric without a series is to get one: noted, if the profile lets the device have one more."""
    room = device.profile.adds - len(device.layout)
    if room <= 0:
        return False
    fresh = wanted.setdefault(device.id, {})
    if len(fresh) < room:
        fresh[metric] = None
    return metric in fresh


def _unknown(device: Device, metric: str, wanted: bool) -> tuple[str, str]:
    """The fault of a metric without a series; one that is wanted is read again, and has it only if that fails."""
    known, most = ", ".join(sorted(device.layout)[:20]) or "none", device.profile.adds
    if not most:
        return "unknown_metric", f"{metric!r} is no metric of the profile of {device.code!r}; it knows: {known}"
    if wanted:
        return "unknown_metric", f"{metric!r} is new to {device.code!r} and could not be added: replay this message"
    return "too_many_metrics", (
        f"{metric!r} is new to {device.code!r}, which may have {most} metrics and has them: raise max_metrics of its "
        f"profile, or send fewer; it knows: {known}"
    )


def _in_future(device: Device, at: Micros, raw: Raw) -> tuple[str, str]:
    return "future_time", (
        f"its time lies {(at - raw.received) / 1e6:.0f} s ahead of the hub's clock; "
        f"{device.profile.max_future // 1_000_000} s are allowed: check the device's clock, its time zone, and that ts "
        "is in milliseconds"
    )


def _columns(found: _Found) -> Columns:
    """Arrays sorted by (series, ts); of readings with the same series and time the first one stays."""
    if not found.ts:
        return Columns.empty()
    times, numbers = np.array(found.ts, np.int64), np.array(found.offsets, np.int32)
    numbers += np.repeat(np.array(found.firsts, np.int32), found.lengths)
    quality = np.zeros(len(times), np.int16)
    for start, end in found.untimed:
        quality[start:end] = Quality.NO_TIME
    order = np.lexsort((times, numbers))
    times, numbers = times[order], numbers[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (times[1:] != times[:-1]) | (numbers[1:] != numbers[:-1])
    if not first.all():
        times, numbers, order = times[first], numbers[first], order[first]
    return Columns(times, numbers, np.array(found.values, np.float64)[order], quality[order])


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


def _reply(index: int, device: Device, decoded: Decoded, draft: ReplyDraft, raw: Raw, address: Address) -> Reply:
    body = {"result": draft.result} if draft.error is None else {"error": draft.error}
    letter = _letter(raw, "", "", address, decoded.private > 0)
    return Reply(index, draft.command, device.id, raw.received, body, letter)


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

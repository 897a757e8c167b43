"""Resolver stage: decodes messages into readings and events of registered devices."""

from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo

import numpy as np

from devices.addressed import BY_CODE, Addressed, unknown_device
from devices.addressing import ENDED, LISTENING
from devices.code_mapping import name_codes
from devices.codecs.decoded import Codec, Decoded, Fault
from devices.codecs.heartbeat import decode_heartbeat
from devices.codecs.jsontext import parse
from devices.codecs.local_time import SettingBack
from devices.codecs.mapping import decode_mapped
from devices.codecs.protocols import STRICT
from devices.codecs.strict import ANY, MAX_STRICT, strictly
from devices.commands.replies import NetworkOutcomes, ReceivedReplies
from devices.doubles import leave_out_doubles
from devices.drafts import event_of, outcome_of, reply_of, take_clip, take_picture, without_time
from devices.envelopes import opened
from devices.episodes.stage import Continuing
from devices.faults import check_named, in_future, in_units_of, place_in, unknown, wants_series
from devices.floods import Floods, RefusedOf
from devices.health.edge_heartbeats import Heartbeats
from devices.health.last_seen import SeenDevices
from devices.health.links import HeardLinks
from devices.heard import note_heard
from devices.letters import Withheld, counted, letter_of
from devices.registry.device import Device
from devices.registry.registry import Registry
from devices.retained import NoNewsOf, keep_own_times, keep_told_times
from devices.unmapped_codes import UnmappedOf
from devices.unused_members import UnusedOf
from devices.vocabulary import PROMPT
from hub.alerts.endings import Endings, decode_ending
from hub.alerts.path import FORM as ROUND
from hub.alerts.path import RoundMessages
from hub.errors import DecodeError
from hub.models import HUB, Batch, Columns, DeadLetter, Event, Micros, Origin, Raw, Repeat
from hub.quality import Quality
from hub.stage import Stage
from hub.store.arrivals import AHEAD, Arrival, Fresh, Known, Remembered, digest_of, possible
from hub.store.clips import Clipped
from hub.store.dead_letter_stage import REPLAY
from hub.store.pictures import Pictured
from hub.watermark import Ahead
from hub.words.sentence import Sentence

STEP = 4096
"""Messages and readings of a step: about 10 ms."""
EXPLAINED = 256
"""Bytes of a refused message that count as a message of a step: saying what is wrong with them takes as long."""
COST = 16
"""What of a mapping's cost counts as a message of a step: 3 microseconds."""


class Resolver(Stage):
    """Decodes each message of a batch and resolves its device and series; unusable ones become dead letters."""

    ahead = True

    def __init__(self, registry: Registry, known: Known | None = None, floods: Floods | None = None) -> None:
        """`known` is what the store remembers of arrivals: a message delivered again keeps its time.

        Without `floods` each message is treated as if it were the only one of its kind.
        """
        self._registry = registry
        self._known = {} if known is None else known
        self._floods = floods
        self._addressed = Addressed(registry)

    def steps(self, batch: Batch) -> Iterator[None]:
        """Fill readings, events, refused and the facts of other stages; some milliseconds a step."""
        over = self._floods.over(batch.raws[0].received) if self._floods is not None and batch.raws else set()
        found = _Found(over)
        due = STEP
        for index, raw in enumerate(batch.raws):
            if index + len(found.ts) >= due:
                due += STEP
                yield
            if raw.repeated:
                raw = batch.raws[index] = self._recalled(raw, batch.raws, index)
            if raw.origin.form == ENDED:
                if (ending := decode_ending(raw.payload)) is not None:
                    batch.of(Endings)[ending.alert_id] = ending
            elif raw.origin.device or raw.origin.fault:
                if raw.origin.protocol not in BY_CODE:
                    raw = batch.raws[index] = self._addressed.by_code(raw)
                due -= self._read(index, raw, batch, found)
            elif raw.origin.form == LISTENING:
                batch.of(Heartbeats).update(decode_heartbeat(raw.payload))
            elif raw.origin.form == ROUND:
                batch.of(RoundMessages).append(raw)
        found.hand_over(batch, self._registry.last_wins)

    def _read(self, index: int, raw: Raw, batch: Batch, found: "_Found") -> int:
        """One message; returns what its mapping cost, in messages of a step."""
        origin = raw.origin
        fault: Fault | None = None
        timeless, useless, cost = False, False, 0
        try:
            device = self._device(origin, raw.payload)
            zone = device.zone if type(device.zone) is not SettingBack else device.zone.at(raw.received)
            mapping, floods = device.profile.mapping, found.over and device.id in found.over
            codec = _strict(device, origin) if floods else device.profile.codec(origin.protocol, origin.form)
            if not mapping or (transform := mapping.get(origin.form)) is None:
                decoded = codec(raw.payload, raw.received, zone)
            else:
                decoded, cost = decode_mapped(transform, codec, raw.payload, raw.received, zone)
            if decoded.envelope is not None:
                decoded, cost = opened(decoded, device, raw.received, zone)
            if origin.keyed or raw.retained or decoded.codes is not None:
                _look_closer(decoded, codec, raw, device, zone, found, self._registry)
            newest, timeless = max(decoded.ts) if decoded.ts else 0, decoded.timeless
            if (
                newest
                and origin.gateway is None
                and not raw.retained
                and origin.transport != HUB
                and decoded.online is decoded.heard is None
            ):
                # As for most: 0.2 microseconds less.
                found.life[device.id] = raw.received, 0 if timeless else newest
            else:
                gateway = self._registry.devices.get(origin.gateway or "")
                note_heard(device.id, None if gateway is None else gateway.id, decoded, newest, raw, batch, found.life)
            start = len(found.ts)
            fault = _take_readings(index, device, decoded, raw, newest, found)
            if timeless:
                found.untimed.append((start, len(found.ts)))
            if decoded.events or decoded.private or decoded.reply is not None or decoded.unused or decoded.envelope:
                fault = _take_rest(index, device, decoded, raw, found) or fault
            # A few faults beside what is good are a mistake. Much that is bad beside little that is good is not.
            useless = fault is not None and _is_useless(decoded, len(found.ts) - start)
        except DecodeError as error:
            fault, useless = self._fault(raw, error, found), True
        if fault is not None:
            cost += COST * (len(raw.payload) // EXPLAINED)
            letter = batch.refused[index] = self._letter(raw, fault, useless, index in found.withheld, found)
            timeless |= not letter.counted_only  # a letter has the time of arrival
        if timeless and raw.token:
            self._remember(raw, found.fresh)
        return cost // COST

    def _fault(self, raw: Raw, error: DecodeError, found: "_Found") -> Fault | None:
        """The fault of a message that cannot be used; none of an empty one, which clears what the broker retained."""
        if raw.payload or raw.origin.transport != "mqtt":
            return Fault(error.reason, error.detail, error.at)
        if (device := self._registry.devices.get(raw.origin.device)) is not None:  # of which it says nothing
            found.no_news.add(device.id, raw.origin.address, raw.received, empty=True)
        return None

    def _letter(self, raw: Raw, fault: Fault, useless: bool, private: bool, found: "_Found") -> DeadLetter:
        """The letter of a message, which is only counted where its device sends more than are kept."""
        excess = useless and self._is_excess(raw, found)
        return counted(raw, *fault) if excess else letter_of(raw, *fault, private)

    def _is_excess(self, raw: Raw, found: "_Found") -> bool:
        """Count a useless message; returns whether its device sends more of them than dead letters are made of."""
        origin, devices = raw.origin, self._registry.devices
        if self._floods is None or origin.transport == HUB or raw.source.startswith(REPLAY):
            return False
        device = devices.get(origin.device) or devices.get(origin.gateway or "")
        if device is None:  # refused before it is decoded; its letters can be replayed once it is registered
            return False
        if self._floods.refused(found.refused, device.id, device.code, raw.received, raw.repeated != Repeat.NO):
            return False
        found.over.add(device.id)
        return True

    def _recalled(self, raw: Raw, raws: Sequence[Raw], index: int) -> Raw:
        """The message, which is one of these, with the time of its first arrival, if that is known."""
        remembered = self._known.get(raw.source)
        if remembered is None:
            return raw
        if raw.repeated == Repeat.MARKED:
            remembered.note_token(raw.token)
        elif not remembered.is_replay(raw.token, possible(raws[index : index + AHEAD], raw.source)):
            return raw
        received = remembered.recall(raw.token, digest_of(raw))
        return raw if received is None else raw._replace(received=received, repeated=Repeat.MARKED)

    def _remember(self, raw: Raw, fresh: Fresh) -> None:
        """Note when it arrived: at once, for it may come again before the commit, and with the commit for good."""
        arrival = Arrival(raw.token, digest_of(raw), raw.received)
        remembered = self._known.setdefault(raw.source, Remembered())
        remembered.note(arrival)
        if raw.repeated == Repeat.POSSIBLE:  # and not recalled
            remembered.end_replay()
        fresh.setdefault(raw.source, []).append(arrival)

    def _device(self, origin: Origin, payload: bytes) -> Device:
        device = self._registry.devices.get(origin.device)
        if origin.fault is not None:
            if origin.fault[0] == "no_device" and origin.transport != "mqtt":
                parse(payload)  # a broken text is called broken: what it names nobody knows
            raise DecodeError(*origin.fault)
        if device is None:
            raise unknown_device(origin)
        if not device.active:
            raise DecodeError("inactive_device", Sentence("refusal.device.inactive", device=repr(device.code)))
        if origin.gateway is not None and device.gateway != origin.gateway:
            codes = {"device": repr(device.code), "gateway": repr(origin.gateway)}
            raise DecodeError("not_a_child", Sentence("refusal.device.not_a_child", **codes))
        return device


def _look_closer(
    decoded: Decoded, codec: Codec, raw: Raw, device: Device, zone: tzinfo, found: "_Found", registry: Registry
) -> None:
    """Check whom a record names, leave out old news, and give codes the names that operators have for them."""
    if raw.origin.keyed and decoded.devices:
        check_named(device, decoded.devices)
    if raw.retained and not _keep_own(decoded, codec, raw, device, zone):
        found.no_news.add(device.id, raw.origin.address, raw.received, empty=False)
    named = name_codes(decoded, registry.codes_of(device, decoded), device.layout)
    if unknown := [each for each in named if each.what != "metric" or each.code not in device.profile.ranges]:
        found.unmapped.note(device.id, unknown, raw.received)


def _keep_own(decoded: Decoded, codec: Codec, raw: Raw, device: Device, zone: tzinfo) -> bool:
    """Leave out of a retained message what has no time of its own; whether all of it has."""
    if decoded.envelope is not None:
        return keep_told_times(decoded)
    return keep_own_times(decoded, codec, raw, device.profile.mapping, zone)


class Wanted(dict[int, dict[str, None]]):
    """New metrics by device id that get a series before the batch is read again."""


class Dropped(int):
    """Number of fields, events and pictures the privacy gate dropped, and of values that it masked."""


class DroppedPictures(int):
    """How many of these are pictures."""


class _Found:
    """Column builder for the readings of a batch, and the devices seen."""

    __slots__ = (
        "ahead", "answers", "became", "clipped", "continuing", "events", "firsts", "fresh", "lengths", "life", "links",
        "messages", "no_news", "offsets", "over", "pictured", "pictures", "private", "quality", "refused", "ts",
        "unmapped", "untimed", "unused", "values", "wanted", "withheld",
    )  # fmt: skip

    def __init__(self, over: set[int]) -> None:
        self.over, self.refused = over, RefusedOf()
        """Ids of devices above the rate of refused messages, and how many of each device's are in this batch."""
        self.firsts: list[int] = []
        self.lengths: list[int] = []
        self.messages: list[int] = []
        self.offsets: list[int] = []
        """`lengths[i]` of them from the message `messages[i]` and the series `firsts[i]`: added up as arrays."""
        self.ts: list[Micros] = []
        self.values: list[float] = []
        self.untimed: list[tuple[int, int]] = []
        """Stretches of them that came without a time."""
        self.quality: list[tuple[int, list[int]]] = []
        """Flags that devices told, each with where its stretch begins."""
        self.events: list[Event] = []
        self.continuing = False
        """Whether devices repeat some of them."""
        self.answers, self.life, self.no_news = ReceivedReplies(), SeenDevices(), NoNewsOf()
        self.links, self.became, self.clipped = HeardLinks(), NetworkOutcomes(), Clipped()
        self.fresh, self.wanted, self.unused, self.private, self.pictures = Fresh(), Wanted(), UnusedOf(), 0, 0
        self.withheld, self.ahead, self.unmapped, self.pictured = Withheld(), Ahead(), UnmappedOf(), Pictured()

    def withhold(self, index: int, decoded: Decoded) -> None:
        """Count what the privacy gate dropped of a message, and pictures of events that have not passed it."""
        pictures = sum([isinstance(draft.image, bytes) for draft in decoded.events])
        private = decoded.private + pictures
        self.private += private
        self.pictures += pictures
        if private:
            self.withheld.add(index)

    def hand_over(self, batch: Batch, last_wins: Callable[[int], bool]) -> None:
        """Give all of it to the batch, as arrays sorted by (series, ts); of doubles one stays."""
        batch.events = self.events
        batch.put(Continuing(self.events if self.continuing else ()))
        for fact in (
            *(self.answers, self.life, self.no_news, self.fresh, self.wanted, self.refused, self.unused),
            *(self.links, self.became, self.pictured, self.clipped),
            *(self.withheld, self.ahead, self.unmapped, Dropped(self.private), DroppedPictures(self.pictures)),
        ):
            if fact:
                batch.put(fact)
        if not self.ts:
            return
        times, numbers = np.array(self.ts, np.int64), np.array(self.offsets, np.int32)
        numbers += np.repeat(np.array(self.firsts, np.int32), self.lengths)
        quality = np.zeros(len(times), np.int16)
        for start, end in self.untimed:
            quality[start:end] = Quality.NO_TIME
        for start, flags in self.quality:
            quality[start : start + len(flags)] |= np.array(flags, np.int16)
        order = np.lexsort((times, numbers))
        batch.readings = Columns(times, numbers, np.array(self.values, np.float64), quality).where(order)
        batch.order = np.repeat(np.array(self.messages, np.int32), self.lengths)[order]
        leave_out_doubles(batch, last_wins)


def _take_readings(
    index: int, device: Device, decoded: Decoded, raw: Raw, newest: Micros, found: _Found
) -> Fault | None:
    """Append usable readings (`newest` is their latest time); returns the first fault, if any."""
    fault = decoded.faults[0] if decoded.faults else None
    refused = {} if decoded.units is None else in_units_of(device.profile.units, decoded)
    offsets = list(map(device.layout.get, decoded.metrics))
    limit = raw.received + device.profile.max_future
    if newest > raw.received:
        found.ahead.append(index)
    start = len(found.ts)
    if None not in offsets and newest <= limit and not refused:
        if decoded.quality is not None:
            found.quality.append((start, decoded.quality))
        found.firsts.append(device.first)
        found.lengths.append(len(offsets))
        found.messages.append(index)
        found.offsets += offsets  # type: ignore[arg-type]
        found.ts += decoded.ts
        found.values += decoded.values
        return fault
    flags = []
    readings = zip(decoded.metrics, offsets, decoded.ts, decoded.values, strict=True)
    for number, (metric, offset, at, value) in enumerate(readings):
        if offset is None:
            wants = at <= limit and wants_series(device, metric, found.wanted)
            fault = fault or Fault(*unknown(device, metric, wants), place_in(device, raw, number).value)
        elif at > limit:
            fault = fault or Fault(*in_future(device, at, raw), place_in(device, raw, number).time)
        elif number in refused:
            error = refused[number]
            fault = fault or Fault(error.reason, error.detail, place_in(device, raw, number).value)
        else:
            found.firsts.append(device.first)
            found.lengths.append(1)
            found.messages.append(index)
            found.offsets.append(offset)
            found.ts.append(at)
            found.values.append(value)
            if decoded.quality is not None:
                flags.append(decoded.quality[number])
    if flags:
        found.quality.append((start, flags))
    return fault


def _is_useless(decoded: Decoded, readings: int) -> bool:
    """Whether nothing was taken of a message, or little beside much that was not; `readings` were."""
    left = decoded.left_out + len(decoded.metrics) - readings
    return left > MAX_STRICT or not (readings or decoded.events or decoded.reply is not None)


def _take_events(device: Device, decoded: Decoded, raw: Raw, found: _Found) -> Fault | None:
    """Append the usable events, dangers from the future as of their arrival: no clock hides a fire; the first fault."""
    fault = None
    for number, draft in enumerate(decoded.events):
        if draft.ts is not None and draft.ts > raw.received + device.profile.max_future:
            fault = fault or Fault(*in_future(device, draft.ts, raw), place_in(device, raw, number).time)
            if draft.kind not in PROMPT or draft.state == "inactive":
                continue
            draft = without_time(draft)
        event = event_of(device, draft, raw)
        take_clip(event, draft, decoded, raw, found.clipped)
        if draft.is_stored:
            continue
        found.events.append(event)
        take_picture(event, draft, decoded, raw, found.pictured)
    return fault


def _take_rest(index: int, device: Device, decoded: Decoded, raw: Raw, found: _Found) -> Fault | None:
    """What few messages have beside readings; returns the first fault, if an event was left out."""
    fault = None
    if decoded.events or decoded.private:
        fault = _take_events(device, decoded, raw, found)
        found.continuing = found.continuing or any(draft.continues for draft in decoded.events)
        found.withhold(index, decoded)
    if decoded.reply is not None:
        found.answers.append(reply_of(index, device, decoded, decoded.reply, raw))
    if decoded.unused:
        found.unused.note(device.id, decoded.unused, raw.received)
    if (envelope := decoded.envelope) is not None and envelope.link is not None:
        found.links.append((device.id, raw.received if envelope.ts is None else envelope.ts, envelope.link))
        if envelope.downlink is not None and (became := outcome_of(device, envelope.downlink, raw)) is not None:
            found.became.append(became)
    return fault


def _strict(device: Device, origin: Origin) -> Codec:
    """The codec for a device that floods; the usual one where a message has no parts that could be left out."""
    kind = origin.protocol, origin.form
    if kind not in STRICT:
        return device.profile.codec(origin.protocol, origin.form)
    return strictly(STRICT[kind], device.layout if len(device.layout) >= device.profile.adds else ANY)

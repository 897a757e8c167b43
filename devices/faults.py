"""Faults of decoded messages that only their device shows: another device, unknown metrics or units, times ahead."""

from collections.abc import Mapping

from devices.codecs.decoded import Decoded, Place
from devices.codecs.local_time import zone_at
from devices.codecs.protocols import PLACES
from devices.registry.device import Device
from devices.unit_conversion import Conversion, between
from devices.units import unit_meant
from hub.errors import DecodeError
from hub.models import Micros, Raw
from hub.words.sentence import Sentence


def check_named(device: Device, named: tuple[str, ...]) -> None:
    """Raise DecodeError unless the payload names the same device as the record key."""
    if len(named) > 1:
        one, other = repr(named[0][:64]), repr(named[1][:64])
        raise DecodeError("several_devices", Sentence("refusal.device.several", one=one, other=other))
    if named[0] != device.code:
        codes = {"key": repr(device.code), "named": repr(named[0][:64])}
        raise DecodeError("device_mismatch", Sentence("refusal.device.mismatch", **codes))


def in_units_of(profile: Mapping[str, str], decoded: Decoded) -> dict[int, DecodeError]:
    """Convert values into the units of a profile; returns what is wrong with those that cannot be, by row.

    A metric that has no unit in the profile has that of its first value in the message.
    """
    units = decoded.units
    wanted = {} if units is None else {metric: _wanted(profile, metric, unit) for metric, unit in units.items()}
    if units is None or (units == wanted and not units.others):
        return {}
    known: dict[tuple[str, str], Conversion | DecodeError] = {}
    refused = {}
    for row, metric in enumerate(decoded.metrics):
        unit = units.of(row, metric)
        if unit is None or unit == wanted[metric]:
            continue
        found = known.get((metric, unit))
        if found is None:
            found = known[metric, unit] = _conversion(metric, unit, wanted[metric])
        if isinstance(found, Conversion):
            decoded.values[row] = found.of(decoded.values[row])
        else:
            refused[row] = found
    return refused


def _wanted(profile: Mapping[str, str], metric: str, unit: str) -> str:
    return unit_meant(profile.get(metric, unit)) or unit


def _conversion(metric: str, unit: str, wanted: str) -> Conversion | DecodeError:
    try:
        return between(metric, unit, wanted)
    except DecodeError as error:
        return error


def place_in(device: Device, raw: Raw, number: int) -> Place:
    """Location of a decoded reading or event; none after a mapping, whose output was never sent."""
    kind = raw.origin.protocol, raw.origin.form
    if raw.origin.form in device.profile.mapping or kind not in PLACES:
        return Place(None, None)
    return PLACES[kind](raw.payload, raw.received, zone_at(device.zone, raw.received))[number]


def unknown(device: Device, metric: str, wanted: bool) -> tuple[str, str]:
    """The fault of a metric without a series; one that is wanted is read again, and has it only if that fails."""
    known, most = ", ".join(sorted(device.layout)[:20]), device.profile.adds
    named = {"metric": repr(metric), "device": repr(device.code)}
    if most and wanted:
        return "unknown_metric", Sentence("refusal.metric.not_added", **named)
    if most:
        return "too_many_metrics", Sentence("refusal.metric.full", **named, most=most, known=known)
    if not known:
        return "unknown_metric", Sentence("refusal.metric.unknown_none", **named)
    return "unknown_metric", Sentence("refusal.metric.unknown", **named, known=known)


def in_future(device: Device, at: Micros, raw: Raw) -> tuple[str, str]:
    """The fault of a time that is further ahead of the hub than the profile allows."""
    ahead, most = f"{(at - raw.received) / 1e6:.0f}", device.profile.max_future // 1_000_000
    return "future_time", Sentence("refusal.future.told", ahead=ahead, most=most)


def wants_series(device: Device, metric: str, wanted: dict[int, dict[str, None]]) -> bool:
    """Whether a metric without a series is to get one: noted, if the profile lets the device have one more."""
    room = device.profile.adds - len(device.layout)
    if room <= 0:
        return False
    fresh = wanted.setdefault(device.id, {})
    if len(fresh) < room:
        fresh[metric] = None
    return metric in fresh

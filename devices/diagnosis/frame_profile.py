"""Checks a decoded payload against a profile: unknown metrics, units, ranges, future timestamps. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any

from devices.codecs.decoded import Codec, Place
from devices.codecs.mapping import Transform
from devices.codecs.modbus.answers import rtu, tcp
from devices.codecs.modbus.poll import poll
from devices.codecs.modbus.polling import polling_of
from devices.codecs.modbus.registers import Register
from devices.codecs.protocols import PLACES
from devices.diagnosis.frame_check import CheckedReading, Flaw, Report, check, flaw_of, settle
from devices.diagnosis.frame_forms import likeliest
from devices.similar import nearest
from devices.unit_conversion import SAME, between
from devices.units import unit_meant
from hub.errors import DecodeError
from hub.models import GANZHI, Micros
from hub.words.sentence import Sentence

_SHOWN = 500
"""Bytes of a mapped payload that are shown."""


@dataclass(slots=True, frozen=True)
class ProfileView:
    """The parts of a profile that a frame check needs."""

    code: str
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_future_s: float = 600.0
    adds_unknown: bool = False
    events: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, str] = field(default_factory=dict)
    """JMESPath by form: what turns foreign JSON into a payload of the contract."""
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    """By form: codecs that know the map of its registers."""


def view_of(body: Mapping[str, Any], code: str = "") -> ProfileView:
    """Build the view from a profile as the API and the library represent it."""
    metrics = body.get("metrics") or {}
    polling = polling_of(body.get("polling"), metrics, body.get("interval_s"))
    return ProfileView(
        str(body.get("code") or code),
        metrics,
        body.get("max_future_s") or 600.0,
        body.get("unknown_metrics") == "add",
        body.get("events") or {},
        body.get("mapping") or {},
        {} if polling is None else _codecs(polling.registers),
    )


def _codecs(registers: Sequence[Register]) -> Mapping[str, Codec]:
    """Of answers alone the registers are counted from the first of the map."""
    begin = min((register.span[0] for register in registers), default=0)
    moved = [register.moved(-begin) for register in registers]
    return {"modbus-poll": poll(registers), "modbus-rtu": rtu(moved), "modbus-tcp": tcp(moved)}


def check_with(payload: bytes, form: str, received: Micros, zone: tzinfo, profile: ProfileView | None) -> Report:
    """Like `check`, for a device with this profile: maps the payload, then validates against the profile."""
    if profile is None:
        return check(payload, form, received, zone)
    if form == "auto":
        form = next(iter(profile.mapping)) if len(profile.mapping) == 1 else likeliest(payload)
    told: list[str] = []
    private = 0
    failed: tuple[Sentence, ...] = ()
    if form in profile.mapping:
        try:
            mapped = Transform(profile.mapping[form], form, lenient=True)(payload)
        except DecodeError as error:
            return Report(form, "refused", flaws=[flaw_of(payload, form, error.reason, error.detail, error.at)])
        if mapped.payload is None:
            said: list[str] = [Sentence("frame.not_for_hub") if mapped.measured else Sentence("frame.unmeasured")]
            return Report(form, "dropped" if mapped.measured else "accepted", private=mapped.private, remarks=said)
        payload, private, failed = mapped.payload, mapped.private, mapped.failed
        told.append(Sentence("frame.mapped", payload=payload[:_SHOWN].decode(errors="replace")))
    report = check(payload, form, received, zone, profile.codecs)
    report.private += private
    report.flaws += [Flaw("mapping_failed", sentence) for sentence in failed]
    report.remarks += told
    hold_against(report, profile, received, zone, payload)
    if form in profile.mapping:  # what is pointed at is what the mapping made, not what came
        report.flaws = [replace(flaw, at=None) for flaw in report.flaws]
    return report


def hold_against(
    report: Report, profile: ProfileView, received: Micros, zone: tzinfo = UTC, payload: bytes = b""
) -> None:
    """Turn readings and events the profile rejects into flaws, and note those it would flag.

    With the payload flaws get their places.
    """
    places: list[Place] = []
    limit = received + int(profile.max_future_s * 1_000_000)
    kept: list[CheckedReading] = []
    said: set[tuple[str, str]] = set()
    units = _units(report.readings, profile)
    for index, sent in enumerate(report.readings):
        try:
            reading, flaw = _in_unit(sent, units.get(sent.metric), report), None
        except DecodeError as error:
            reading, flaw = sent, Flaw(error.reason, error.detail)
        flaw = flaw or _flaw(reading, profile, received, limit)
        if flaw is None:
            kept.append(_noted(reading, profile))
        elif (flaw.reason, reading.metric) not in said:
            said.add((flaw.reason, reading.metric))
            places = places or _places(report.form, payload, received, zone)
            report.flaws.append(_placed(flaw, report.form, payload, places[index : index + 1]))
    ahead = [index for index, event in enumerate(report.events) if event.ts is not None and event.ts > limit]
    for index in ahead[:1]:
        flaw = _future(report.events[index].kind, report.events[index].ts or 0, received, profile)
        places = _places(report.form, payload, received, zone)
        report.flaws.append(_placed(flaw, report.form, payload, places[index : index + 1]))
    report.readings, report.events = kept, [e for index, e in enumerate(report.events) if index not in ahead]
    strange = sorted({event.kind for event in report.events} - profile.events.keys())
    if strange and profile.events:
        known = ", ".join(sorted(profile.events))
        spoken = {"profile": repr(profile.code), "kinds": ", ".join(strange), "known": known}
        report.remarks.append(Sentence("frame.other_kinds", **spoken))
    settle(report)


def _units(readings: list[CheckedReading], profile: ProfileView) -> dict[str, str]:
    """By metric: the unit of the profile, else that of the first value that tells one."""
    found = {reading.metric: reading.unit for reading in reversed(readings) if reading.unit is not None}
    for metric in found:
        unit = (profile.metrics.get(metric) or {}).get("unit")
        found[metric] = (None if unit is None else unit_meant(unit)) or found[metric]
    return found


def _in_unit(reading: CheckedReading, meant: str | None, report: Report) -> CheckedReading:
    """A reading in the unit that is meant, with a remark where it was sent in another; DecodeError unit_mismatch."""
    sent = reading.unit
    if sent is None or meant is None or sent == meant:
        return reading
    found = between(reading.metric, sent, meant)
    if found == SAME:
        return reading
    converted = reading._replace(value=found.of(reading.value))
    named = {"metric": repr(reading.metric), "unit": sent, "wanted": meant}
    values = {"value": f"{reading.value:g}", "converted": f"{converted.value:g}"}
    if not any(isinstance(said, Sentence) and said.values.get("metric") == named["metric"] for said in report.remarks):
        report.remarks.append(Sentence("frame.converted", **named, **values))
    return converted


def _flaw(reading: CheckedReading, profile: ProfileView, received: Micros, limit: Micros) -> Flaw | None:
    if reading.metric not in profile.metrics and not profile.adds_unknown:
        near = nearest(reading.metric, {name: spec.get("name") for name, spec in profile.metrics.items()})
        known = ", ".join(sorted(profile.metrics)[:20])
        hint = Sentence("refusal.profile.knows", known=known) if known else Sentence("refusal.profile.knows_none")
        if near:
            hint = Sentence("refusal.near", near=" / ".join(near))
        named = {"metric": repr(reading.metric), "profile": repr(profile.code)}
        return Flaw("unknown_metric", Sentence("refusal.profile.metric", **named, hint=hint))
    return _future(reading.metric, reading.ts, received, profile) if reading.ts > limit else None


def _future(name: str, ts: Micros, received: Micros, profile: ProfileView) -> Flaw:
    spans = {"ahead": f"{(ts - received) / 1e6:.0f}", "most": f"{profile.max_future_s:g}"}
    return Flaw("future_time", Sentence("refusal.profile.future", name=repr(name), **spans))


def _places(form: str, payload: bytes, received: Micros, zone: tzinfo) -> list[Place]:
    return PLACES[GANZHI, form](payload, received, zone) if payload and (GANZHI, form) in PLACES else []


def _placed(flaw: Flaw, form: str, payload: bytes, places: list[Place]) -> Flaw:
    """The flaw with the location of its timestamp or of its unknown metric name."""
    if not places:
        return flaw
    at = places[0][flaw.reason == "future_time"]
    return flaw_of(payload, form, flaw.reason, flaw.detail, at)


def _noted(reading: CheckedReading, profile: ProfileView) -> CheckedReading:
    spec = profile.metrics.get(reading.metric)
    if spec is None:
        return reading._replace(note=Sentence("frame.would_be_added"))
    low, high = spec.get("min"), spec.get("max")
    note = reading.note
    if (low is not None and reading.value < low) or (high is not None and reading.value > high):
        bounds = {"low": "-∞" if low is None else str(low), "high": "∞" if high is None else str(high)}
        note = Sentence("frame.outside", **bounds)
    return reading._replace(unit=spec.get("unit"), note=note)

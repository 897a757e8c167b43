"""Device diagnosis: facts in, findings out, most important first. Pure.

A finding has a code and the values that its sentence needs; its words are in hub/words/diagnosis.json.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from devices.diagnosis import reach
from devices.diagnosis.facts import SILENT_INTERVALS, SILENT_LEAST_S, Facts, Metric, Refusal
from devices.diagnosis.note import ORDER, Level, Look, Note
from devices.similar import nearest
from devices.topics import Topic, meant
from hub.quality import Quality
from hub.words.sentence import Sentence

CLOCK_S = 30.0
"""A clock is told to be wrong from here on: messages take seconds, seldom more."""
BEHIND_S = 300.0
"""The same for a clock behind, which a slow or saving device looks like too."""
RARE, OFTEN = 0.8, 1.5
"""Of the expected rate; between them the rate is right."""
LATE_SHARE = 0.1
ON_A_LINE = ("modbus", "cjt188")
"""Schemes of addresses of what the hub asks on the line of a DTU: it calls nobody."""
RECENT = timedelta(hours=1)
FLOOD_LASTS = timedelta(minutes=1)
"""A flood that was not told of for so long is over; see devices/floods.py."""


def diagnose(facts: Facts) -> list[Note]:
    """All findings about a registered device, sorted by severity, then by the order of the checks."""
    notes = [note for look in LOOKS for note in look(facts)]
    return sorted(notes, key=lambda note: ORDER[note.level])


def works(notes: Sequence[Note]) -> bool:
    """Whether the device's data arrives: no finding is a fault."""
    return all(note.level != "fault" for note in notes)


def _state(facts: Facts) -> Iterator[Note]:
    level: Level = "ok" if facts.state == "active" else "fault"
    yield Note(f"state_{facts.state}", level, {"code": facts.code, "name": facts.name, "profile": facts.profile})
    if facts.maintenance is not None:
        _, until, note = facts.maintenance
        yield Note("maintenance", "info", {"until": until, "note": note})


def _flood(facts: Facts) -> Iterator[Note]:
    flood = facts.flood
    if flood is None:
        return
    values = {"since": flood.since, "at": flood.last_at, "refused": flood.refused}
    if flood.disabled_until is not None and flood.disabled_until > facts.now:
        yield Note("flood_kept_out", "fault", {**values, "until": flood.disabled_until})
    elif facts.now - flood.last_at < FLOOD_LASTS:
        yield Note("flood", "fault", values)
    else:
        yield Note("flood_over", "info", values)


def _no_news(facts: Facts) -> Iterator[Note]:
    """Retained and empty messages, of which nothing is stored."""
    found = facts.no_news
    if found is None:
        return
    level: Level = "info" if facts.taken_after(found.last_at) else "warning"
    values = {"at": found.last_at, "topic": found.address}
    if found.retained:
        yield Note("retained", level, {**values, "count": found.retained})
    if found.empty:
        yield Note("empty_messages", level, {**values, "count": found.empty})


def _refused(facts: Facts) -> Iterator[Note]:
    """Refused messages of the device, and messages under similar codes; newest first."""
    notes = [*_refusals(facts), *_strays(facts)]
    yield from sorted(notes, key=lambda note: note.values["at"], reverse=True)


def _refusals(facts: Facts) -> Iterator[Note]:
    by_reason: dict[str, list[Refusal]] = {}
    for refusal in facts.refusals:
        by_reason.setdefault(refusal.reason, []).append(refusal)
    for reason, letters in by_reason.items():
        yield Note(f"refused_{reason}", _refusal_level(facts, letters[0]), _told(facts, letters))


def _refusal_level(facts: Facts, newest: Refusal) -> Level:
    at = newest.received_at
    if not facts.taken_after(at):
        if newest.reason == "unknown_device" and facts.created_at is not None and at <= facts.created_at:
            return "info"
        passed = any(each.received_at > at and each.address == newest.address for each in facts.refusals)
        return "warning" if newest.partial or passed else "fault"
    # Good messages after it: mended, unless there were good ones before it too. Then it sends both kinds.
    before = [metric.first_of_hour for metric in facts.metrics if metric.first_of_hour is not None]
    both = bool(before) and min(before) < at
    return "warning" if both and facts.now - at < RECENT else "info"


def _told(facts: Facts, letters: Sequence[Refusal]) -> dict[str, Any]:
    newest = letters[0]
    told: dict[str, Any] = {
        "code": facts.code,
        "form": "auto" if newest.report is None else newest.report.form,
        "reason": newest.reason,
        "detail": newest.detail,
        "count": len(letters),
        "at": newest.received_at,
        "mended": facts.taken_after(newest.received_at),
        "place": None,
        "ahead_s": newest.ahead_s,
        "max_future_s": facts.max_future_s,
        "topic": _right_topic(facts, newest),
        "unknown": _unknown_names(facts, letters) if newest.reason == "unknown_metric" else {},
        "nested": _is_nested(newest),
    }
    if newest.report is not None and newest.report.flaws:
        flaw = newest.report.flaws[0]
        told["detail"] = flaw.detail if flaw.reason == newest.reason == "not_json" else newest.detail
        told["place"] = flaw.place if flaw.reason == newest.reason else None
    return told


def _is_nested(refusal: Refusal) -> bool:
    """Whether it has objects or lists where values are expected, as JSON of another form has."""
    advice = refusal.detail.values.get("advice") if isinstance(refusal.detail, Sentence) else None
    nested = isinstance(advice, Sentence) and advice.key == "refusal.metric.nested"
    return refusal.reason == "value_not_a_number" and nested


def _right_topic(facts: Facts, refusal: Refusal) -> str:
    """Where the device should have published it."""
    right = meant(refusal.address, facts.prefix) if refusal.reason == "unknown_topic" else None
    return (right or Topic(facts.code, "telemetry")).under(facts.prefix)


def _unknown_names(facts: Facts, letters: Sequence[Refusal]) -> dict[str, list[str]]:
    """Metric names unknown to the profile, with similar known ones."""
    known = {metric.name: metric.shown for metric in facts.metrics if metric.in_profile}
    sent = dict.fromkeys(name for letter in letters for name in letter.sent)
    return {name: nearest(name, known) for name in sent if name not in known}


def _strays(facts: Facts) -> Iterator[Note]:
    for stray in facts.strays[:5]:
        mended = facts.taken_after(stray.last_at)
        level: Level = "info" if mended else "fault" if facts.taken_at is None else "warning"
        values = {"code": facts.code, "other": stray.code, "topic": stray.address, "count": stray.count}
        own = f"{facts.prefix}/{facts.code}/telemetry"
        kind = "mistyped" if stray.code else "bad_topic"
        yield Note(kind, level, {**values, "at": stray.last_at, "own": own, "mended": mended})


def _silence(facts: Facts) -> Iterator[Note]:
    heard, limit = facts.heard_at, facts.silent_after_s
    if heard is None:
        yield from _unheard(facts)
        return
    nothing = facts.seen_at is None and facts.taken_at is None
    if nothing and all(_refusal_level(facts, each) == "info" for each in facts.refusals):
        yield Note("never_taken", "fault", {"code": facts.code})
    silent_s = max(0.0, (facts.now - heard).total_seconds())
    values = {"at": heard, "silent_s": silent_s, "interval_s": facts.interval_s, "code": facts.code}
    level: Level = "info" if facts.maintenance is not None else "fault"
    if limit is not None and silent_s > limit:
        yield Note("silent", level, values)
    elif facts.health is not None and not facts.health.online:
        cause = {"cause": facts.health.cause, "since": facts.health.since}
        yield Note("offline", level, {**values, **cause})
    else:
        yield Note("heard", "ok", values)
        if facts.health is not None:
            yield Note("online", "ok", {"since": facts.health.since})


def _unheard(facts: Facts) -> Iterator[Note]:
    """Findings for a device that has never sent a message; an event-only device may simply have had none."""
    topic = f"{facts.prefix}/{facts.code}/telemetry"
    measures = facts.interval_s is not None or any(metric.in_profile for metric in facts.metrics)
    if facts.health is not None and facts.health.online:
        values = {"since": facts.health.since, "topic": topic}
        yield Note("only_connected", "fault" if measures else "ok", values)
    elif facts.strays:
        return
    elif facts.cameras:
        values = {"code": facts.code, "kind": facts.cameras[0]}
        yield Note("never_heard_camera", "fault" if measures else "warning", values)
    elif dialled := [scheme for scheme in facts.schemes if scheme not in ON_A_LINE]:
        values = {"code": facts.code, "schemes": ", ".join(dialled)}
        yield Note("never_heard_number", "fault" if measures else "warning", values)
    else:
        topic = f"{facts.prefix}/{facts.code}/{'event' if 'kind' in facts.example else 'telemetry'}"
        values = {"topic": topic, "code": facts.code, "example": facts.example}
        yield Note("never_heard", "fault" if measures else "warning", values)


def _access(facts: Facts) -> Iterator[Note]:
    valid = [each for each in facts.credentials if each.revoked_at is None]
    heard, values = facts.heard_at, {"code": facts.code}
    if not facts.credentials:
        needed = heard is None and not facts.cameras and not facts.schemes  # others speak to no broker
        yield Note("credential_none", "warning" if needed else "info", values)
    elif not valid:
        revoked = max(each.revoked_at for each in facts.credentials if each.revoked_at is not None)
        yield Note("credential_revoked", "fault", {**values, "at": revoked})
    elif heard is None:
        yield Note("credential_unused", "warning", {**values, "username": valid[0].username})
    else:
        yield Note("credential_ok", "ok", {**values, "kind": valid[0].kind})


def _gateway(facts: Facts) -> Iterator[Note]:
    parent = facts.parent
    if parent is None:
        return
    values = {"parent": parent.code, "state": parent.state, "at": parent.seen_at}
    quiet = facts.heard_at is None or any(note.code in ("silent", "offline") for note in _silence(facts))
    if parent.state != "active":
        yield Note("gateway_inactive", "fault" if quiet else "warning", values)
    elif parent.online is False:
        yield Note("gateway_offline", "fault" if quiet else "info", values)
    else:
        yield Note("gateway_ok", "ok", values)


def _clock(facts: Facts) -> Iterator[Note]:
    offset = facts.clock_offset_s
    if offset is None:
        return
    values = {"offset_s": offset, "hours": hours_off(offset), "max_future_s": facts.max_future_s}
    if offset > CLOCK_S:
        yield Note("clock_ahead", "warning", values)
    elif offset < -BEHIND_S:
        yield Note("clock_behind", "warning", values)
    else:
        yield Note("clock_ok", "ok", values)


def hours_off(offset_s: float | None) -> int:
    """Clock offset in whole hours (within two minutes), a sign of a wrong time zone; otherwise 0."""
    if offset_s is None:
        return 0
    hours = round(offset_s / 3600)
    return hours if abs(hours) <= 14 and abs(offset_s - hours * 3600) <= 120 else 0


def _rate(facts: Facts) -> Iterator[Note]:
    counted = [metric for metric in facts.metrics if metric.of_hour]
    interval = facts.interval_s
    if interval is None or not counted:
        return
    most = max(counted, key=lambda metric: metric.of_hour)
    since = min(metric.first_of_hour for metric in counted if metric.first_of_hour is not None)
    expected = (facts.now - since).total_seconds() / interval
    values = {"received": most.of_hour, "expected": round(expected), "interval_s": interval}
    if expected >= 5:
        share = most.of_hour / expected
        code = "rate_low" if share < RARE else "rate_high" if share > OFTEN else "rate_ok"
        yield Note(code, "ok" if code == "rate_ok" else "warning", values)
    if facts.expected and facts.received is not None and facts.received < RARE * facts.expected:
        share = 100 * facts.received / facts.expected
        yield Note("day_low", "warning", {"received": facts.received, "expected": facts.expected, "share": share})


def _metrics(facts: Facts) -> Iterator[Note]:
    newest = facts.reading_at
    if newest is None:
        return
    newest = min(newest, facts.now)
    wanted = [metric for metric in facts.metrics if metric.in_profile]
    never = [metric.name for metric in wanted if metric.newest_at is None]
    stopped = {
        metric.name: metric.newest_at for metric in wanted if metric.newest_at and _stopped(facts, metric, newest)
    }
    if never:
        yield Note("metric_never", "warning", {"metrics": never, "profile": facts.profile})
    for name, at in stopped.items():
        yield Note("metric_stopped", "warning", {"metric": name, "at": at})
    if not never and not stopped and wanted:
        yield Note("metrics_ok", "ok", {"number": len(wanted)})
    for metric in facts.metrics:
        yield from _quality(metric)


def _stopped(facts: Facts, metric: Metric, newest: datetime) -> bool:
    interval = metric.interval_s or facts.interval_s or RECENT.total_seconds() / SILENT_INTERVALS
    behind = (newest - metric.newest_at).total_seconds() if metric.newest_at else 0.0
    return behind > max(SILENT_INTERVALS * interval, SILENT_LEAST_S)


def _quality(metric: Metric) -> Iterator[Note]:
    values = {"metric": metric.name, "of": metric.of_day, "value": metric.value, "unit": metric.unit}
    if metric.out_of_range:
        bounds = {"low": metric.low, "high": metric.high, "now": bool(metric.quality & Quality.OUT_OF_RANGE)}
        yield Note("out_of_range", "warning", {**values, **bounds, "count": metric.out_of_range})
    if metric.late:
        often = metric.late >= 3 and metric.late > LATE_SHARE * metric.of_day
        yield Note("late", "warning" if often else "info", {**values, "count": metric.late})
    if metric.watermark is not None and metric.newest_at is not None:
        lead = (metric.newest_at - metric.watermark).total_seconds()
        yield Note("reading_ahead", "info" if lead < CLOCK_S else "warning", {**values, "lead_s": lead})
    if metric.top is not None and metric.newest_at is not None and metric.top > metric.newest_at:
        lead = (metric.top - metric.newest_at).total_seconds()
        yield Note("readings_were_ahead", "info", {**values, "lead_s": lead})
    if metric.untimed > 0.5 * metric.of_day:
        yield Note("untimed", "info", {**values, "count": metric.untimed})


def _events(facts: Facts) -> Iterator[Note]:
    if facts.untimed_events:
        yield Note("events_untimed", "warning", {"of": facts.events_of_day, "count": facts.untimed_events})


def _unused(facts: Facts) -> Iterator[Note]:
    if facts.unused:
        yield Note("unused", "info", {"members": facts.unused})


def _alerts(facts: Facts) -> Iterator[Note]:
    for level, title, since in facts.alerts[:5]:
        yield Note("alert_open", "info", {"level": level, "title": title, "at": since})


LOOKS: Sequence[Look] = (
    _state,
    _flood,
    _refused,
    _no_news,
    _silence,
    reach.session,
    reach.registration,
    reach.link,
    reach.gap,
    _access,
    _gateway,
    reach.polled,
    _clock,
    _metrics,
    _rate,
    _events,
    _unused,
    _alerts,
)
"""In the order in which an integrator would look."""

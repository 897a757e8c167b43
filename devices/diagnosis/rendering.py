"""Renders findings as text: formats times, numbers, locations and names into the catalogue's messages."""

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from devices.diagnosis.diagnosis import hours_off
from devices.diagnosis.note import Level, Note
from hub.words import Lang, catalogue, optional, text
from hub.words.sentence import told


class Finding(NamedTuple):
    """One finding in words; advice is empty when there is nothing to do."""

    code: str
    level: Level
    what: str
    advice: str


def verdict(code: str, worst: Level, lang: Lang) -> str:
    """Summary sentence for a device whose worst finding has this level."""
    return text(f"verdict.{'ok' if worst == 'info' else worst}", lang, code=code)


def worded(note: Note, now: datetime, lang: Lang) -> Finding:
    """Render a finding."""
    kind, values = note.code, _values(note, now, lang)
    if kind.startswith("refused_"):
        kind, reason = "refused", known_reason(note.values["reason"])
        values |= {"reason": reason_in(note.values["reason"], lang)}
        values |= {"remedy": _remedy(note, reason, values, lang)}
    elif kind == "metric_never" and len(note.values["metrics"]) == 1:
        kind = "metric_never_one"
    what = text(f"finding.{kind}.what", lang, **values).strip()
    return Finding(note.code, note.level, what, optional(f"finding.{kind}.advice", lang, **values))


def _remedy(note: Note, reason: str, values: Mapping[str, Any], lang: Lang) -> str:
    """What is to be done about a refusal; a station is told nothing about JSON."""
    if note.values["nested"]:
        return text("remedy.nested", lang, **values)
    if note.values["form"] in STATIONS and reason in _OF_JSON:
        return text("remedy.station", lang, **values)
    return text(f"reason.{reason}.remedy", lang, **values)


STATIONS = ("hj212", "gb26875", "sl651", "szy206", "cjt188", "modbus-rtu", "modbus-tcp")
"""Forms of frames, whose remedies are told in words of the protocol."""
_OF_JSON = frozenset(
    {"value_not_a_number", "value_not_finite", "no_values", "bad_time", "ambiguous_time", "time_out_of_range"}
    | {"not_utf8", "too_deep", "not_json", "not_an_object"}
)
"""Reasons whose remedies are those of JSON."""


def known_reason(reason: str) -> str:
    """The reason code if the catalogue has texts for it, otherwise "other"."""
    return reason if f"reason.{reason}.name" in catalogue() else "other"


def reason_in(code: str, lang: Lang) -> str:
    """A reason code, followed by its name in a language other than that of the codes."""
    return code if lang == "en" else f"{code}，{text(f'reason.{known_reason(code)}.name', lang)}"


def _values(note: Note, now: datetime, lang: Lang) -> dict[str, Any]:
    """A note's values, formatted for the text."""
    values = {name: told(value, lang) for name, value in note.values.items()}
    for name in ("at", "since"):
        if name in values:
            begun = note.values[name]
            values[name] = ago(begun, now, lang)
            values["lasting"] = "" if begun is None else _lasting(begun, now, lang)
    if "until" in values:
        values["until"] = f"{values['until']:%Y-%m-%d %H:%M} UTC"
    for name, writer in _WRITERS.items():
        if name in note.values:
            values |= writer(note.values, lang)
    return values


def _count(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    if "of" in values:
        return {}
    count = values["count"]
    return {"count": text("phrase.messages_one", lang, n=1) if count == 1 else text("phrase.messages", lang, n=count)}


def _expected(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    interval = values["interval_s"]
    told = "" if interval is None else span(interval, lang)
    expected = text("phrase.expected", lang, interval=told) if told else ""
    return {"interval": told, "expected": expected, "wanted": values.get("expected")}


def _offset(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {"offset": span(abs(values["offset_s"]), lang), "zone_hint": _zone_hint(values["offset_s"], lang)}


def _ahead(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    ahead = values["ahead_s"]
    if ahead is None:
        return {"ahead": "", "zone_hint": ""}
    return {"ahead": span(abs(ahead), lang), "zone_hint": _zone_hint(ahead, lang)}


def _zone_hint(offset_s: float, lang: Lang) -> str:
    hours = abs(hours_off(offset_s))
    if hours == 1:
        return text("phrase.hours_off_one", lang, hours=hours)
    return text("phrase.hours_off", lang, hours=hours) if hours else ""


def _mended(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {"mended": text("phrase.mended", lang) if values["mended"] else ""}


def _place(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    place = values["place"]
    if place is None:
        return {"place": ""}
    before = f"{place.path}, " if place.path else ""
    if "line" not in values["detail"]:
        before += text("phrase.at_line", lang, line=place.line, column=place.column)
    return {"place": text("phrase.at_byte", lang, before=before, byte=place.byte)}


def _unknown(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    near = [f"{name} -> {' / '.join(known)}" for name, known in values["unknown"].items() if known]
    return {"did_you_mean": text("phrase.did_you_mean", lang, names=", ".join(near[:5])) if near else ""}


def _listed(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {"metrics": text("phrase.comma", lang).join(values["metrics"])}


def _members(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {"members": text("phrase.comma", lang).join(repr(name) for name in values["members"])}


def _example(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    shown = shlex.quote(json.dumps(values["example"], ensure_ascii=False))
    return {"example": shown if values["example"] else text("phrase.payload", lang)}


def _bounds(values: Mapping[str, Any], _lang: Lang) -> dict[str, Any]:
    unit = values["unit"] or "1"
    return {
        "low": "-∞" if values["low"] is None else f"{values['low']:g}",
        "high": "∞" if values["high"] is None else f"{values['high']:g}",
        "unit": unit,
        "value": "" if values["value"] is None else f"{values['value']:g} {unit}",
    }


_WRITERS: Mapping[str, Callable[[Mapping[str, Any], Lang], dict[str, Any]]] = {
    "count": _count,
    "interval_s": _expected,
    "offset_s": _offset,
    "ahead_s": _ahead,
    "mended": _mended,
    "place": _place,
    "unknown": _unknown,
    "metrics": _listed,
    "members": _members,
    "example": _example,
    "low": _bounds,
    "cause": lambda values, lang: {"cause": optional(f"cause.{values['cause']}", lang) or values["cause"]},
    "lead_s": lambda values, lang: {"lead": span(values["lead_s"], lang)},
    "max_future_s": lambda values, lang: {"max_future": span(values["max_future_s"], lang)},
}
"""By the value that asks for it."""


def span(seconds: float, lang: Lang) -> str:
    """Format a duration in one unit, with sensible rounding."""
    if seconds < 120:
        digits = 1 if seconds < 10 and seconds != round(seconds) else 0
        return text("span.seconds", lang, n=f"{seconds:.{digits}f}")
    if seconds < 3570:
        return text("span.minutes", lang, n=f"{seconds / 60:.0f}")
    if seconds < 172_800:
        return text("span.hours", lang, n=f"{seconds / 3600:.1f}".removesuffix(".0"))
    return text("span.days", lang, n=f"{seconds / 86_400:.0f}")


def ago(at: datetime | None, now: datetime, lang: Lang) -> str:
    """Format a time relative to now."""
    return text("phrase.never", lang) if at is None else text("phrase.ago", lang, span=_lasting(at, now, lang))


def _lasting(begun: datetime, now: datetime, lang: Lang) -> str:
    return span(max(0.0, round((now - begun).total_seconds())), lang)

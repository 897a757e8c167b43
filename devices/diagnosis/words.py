"""Puts findings into words: fills the sentences of a diagnosis with times, numbers, places and names."""

import json
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from devices.diagnosis.diagnosis import Level, Note, hours_off
from devices.diagnosis.refusal_words import REASONS, UNKNOWN_REASON
from devices.diagnosis.sentences import CAUSES, LANGS, SENTENCES, VERDICTS, Lang


class Finding(NamedTuple):
    """One finding in words; advice is empty when there is nothing to do."""

    code: str
    level: Level
    what: str
    advice: str


def verdict(code: str, worst: Level, lang: Lang) -> str:
    """The one sentence about a device whose worst finding has this level."""
    return VERDICTS["ok" if worst == "info" else worst][lang].format(code=code)


def worded(note: Note, now: datetime, lang: Lang) -> Finding:
    """A finding in words."""
    kind = "refused" if note.code.startswith("refused_") else note.code
    what, advice = SENTENCES[kind][lang]
    values = _values(note, now, lang)
    if kind == "refused":
        name, remedies = REASONS.get(note.values["reason"], UNKNOWN_REASON)
        values |= {"reason_name": name, "remedy": remedies[LANGS.index(lang)].format(**values)}
    return Finding(note.code, note.level, what.format(**values).strip(), advice.format(**values))


def _values(note: Note, now: datetime, lang: Lang) -> dict[str, Any]:
    """The values of a note as a sentence takes them."""
    values = dict(note.values)
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
    return {"count": f"{count} 条消息" if lang == "zh" else f"{count} message{'' if count == 1 else 's'}"}


def _expected(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    interval = values["interval_s"]
    told = "" if interval is None else span(interval, lang)
    sentence = {"en": f"; one every {told} is expected", "zh": f"；应每 {told}一条"}[lang]
    return {"interval": told, "expected": sentence if told else "", "wanted": values.get("expected")}


def _offset(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    return {"offset": span(abs(values["offset_s"]), lang), "zone_hint": _zone_hint(values["offset_s"], lang)}


def _ahead(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    ahead = values["ahead_s"]
    if ahead is None:
        return {"ahead": "", "zone_hint": ""}
    return {"ahead": span(abs(ahead), lang), "zone_hint": _zone_hint(ahead, lang)}


def _zone_hint(offset_s: float, lang: Lang) -> str:
    hours = abs(hours_off(offset_s))
    if not hours:
        return ""
    plural = "" if hours == 1 else "s"
    return {
        "en": f", {hours} whole hour{plural}: a wrong time zone, or local time sent as UTC",
        "zh": f"，恰为 {hours} 小时：时区设置错误，或把本地时间当作 UTC 上报",
    }[lang]


def _mended(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    words = {"en": " Since then messages of it were taken.", "zh": " 此后已有消息被正常接收。"}
    return {"mended": words[lang] if values["mended"] else ""}


def _place(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    place = values["place"]
    if place is None:
        return {"place": ""}
    path = f"{place.path}, " if place.path else ""
    row = {"en": f"line {place.line}, column {place.column}, ", "zh": f"第 {place.line} 行第 {place.column} 列，"}
    line = "" if "line" in values["detail"] else row[lang]
    return {"place": f" [{path}{line}{'byte' if lang == 'en' else '字节'} {place.byte}]"}


def _unknown(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    near = [f"{name} -> {' / '.join(known)}" for name, known in values["unknown"].items() if known]
    begin = {"en": "Did you mean: ", "zh": "是否应为："}[lang]
    return {"did_you_mean": f"{begin}{', '.join(near[:5])}? " if near else ""}


def _listed(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    several = len(values["metrics"]) > 1
    return {
        "metrics": ("、" if lang == "zh" else ", ").join(values["metrics"]),
        "them": "them" if several else "it",
        "these_names": "these names" if several else "this name",
    }


def _example(values: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    shown = shlex.quote(json.dumps(values["example"], ensure_ascii=False))
    return {"example": shown if values["example"] else {"en": "PAYLOAD", "zh": "消息内容"}[lang]}


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
    "example": _example,
    "low": _bounds,
    "cause": lambda values, lang: {"cause": CAUSES[lang].get(values["cause"], values["cause"])},
    "max_future_s": lambda values, lang: {"max_future": span(values["max_future_s"], lang)},
}
"""By the value that asks for it."""

_UNITS: Mapping[Lang, tuple[str, str, str, str]] = {
    "en": (" s", " min", " h", " days"),
    "zh": (" 秒", " 分钟", " 小时", " 天"),
}


def span(seconds: float, lang: Lang) -> str:
    """A length of time in its two largest units at most."""
    units = _UNITS[lang]
    if seconds < 10 and seconds != round(seconds):
        return f"{seconds:.1f}{units[0]}"
    if seconds < 120:
        return f"{seconds:.0f}{units[0]}"
    if seconds < 3570:
        return f"{seconds / 60:.0f}{units[1]}"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f}{units[2]}".replace(".0", "")
    return f"{seconds / 86_400:.0f}{units[3]}"


def ago(at: datetime | None, now: datetime, lang: Lang) -> str:
    """A time as the distance from now."""
    if at is None:
        return {"en": "never", "zh": "从未"}[lang]
    told = _lasting(at, now, lang)
    return {"en": f"{told} ago", "zh": f"{told}前"}[lang]


def _lasting(begun: datetime, now: datetime, lang: Lang) -> str:
    return span(max(0.0, round((now - begun).total_seconds())), lang)

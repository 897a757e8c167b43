"""Titles of alerts: as they are stored, and in the language of who is told. Pure."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from hub.models import LEVEL_NAMES, Micros, from_micros
from hub.quality import FLAGS, Quality, flags_of
from hub.signals import GROWING
from hub.words import LANGS, Lang, optional, text
from hub.words.figure import lasting
from hub.words.findings import part_name

_LATE = re.compile(r", (\d+) min late$")
"""The end of a stored title: how late the event came is kept nowhere else."""
_STAYS_AT = re.compile(r" unchanged at (\S+) for ")
"""In a stored title: the value that does not move is kept nowhere else."""
_SINCE = re.compile(r", since (\d{4}-\d\d-\d\d \d\d:\d\d)$")
"""The end of one that was withheld: by the clocks of its device."""
_FLAPS = re.compile(r", flapping: (\d+) times since (\d{4}-\d\d-\d\d \d\d:\d\d)$")
"""The end of one that stays open because its condition comes and goes: by the clocks of its device."""
_FLAGGED = re.compile(r"\), flagged ([^,()]+)$")
"""Behind the state of one by a reading that its quality says is not usable: the flags, by their English names."""
_FLAGS_BY_NAME = {flag.name_en: flag.flag for flag in FLAGS}
_MAINTENANCE = ", under maintenance"
"""The end of one of danger at a device that somebody works on."""


def reading_title(
    device: str,
    metric: str,
    value: float,
    beyond: bool,
    above: bool,
    threshold: float | None,
    level: int,
    lang: Lang = "en",
    signal: str = "value",
    stays_at: float | None = None,
    expression: str | None = None,
) -> str:
    """For example "River gauge 12: level 4.31 ≥ 4 (orange)": beyond a threshold, or back behind it.

    Of a signal "River gauge 12: level unusual: score 0.997 ≥ 0.99 (orange)"; of one that grows "River gauge 12: no
    reading of level for 2 h (orange)", or "level unchanged at 3.14 for 6 h", where it `stays_at` a value that is known;
    of an expression "River gauge 12: level > 3.0 && rain_rate > 20.0 is 1 ≥ 1 (orange)".
    """
    if signal in GROWING:
        seconds = value if threshold is None or not beyond else threshold
        way = "back" if not beyond else "beyond" if stays_at is None else "at"
        told = {"device": device, "metric": metric, "state": _state(level, lang), "lasting": lasting(seconds, lang)}
        at = "" if stays_at is None else f"{stays_at:.6g}"
        return text(f"alert.title.{signal}.{way}", lang, **told, at=at)
    sign = {(True, True): "≥", (True, False): "≤", (False, True): "<", (False, False): ">"}[beyond, above]
    measured = f"{value:.6g}" if threshold is None else f"{value:.6g} {sign} {threshold:g}"
    told = {"device": device, "metric": metric, "measured": measured, "state": _state(level, lang)}
    if expression is not None:
        return text("alert.title.expression", lang, **told | {"metric": expression})
    if signal == "value":
        return text("alert.title.reading", lang, **told)
    way = "beyond" if beyond else "back"
    return text(f"alert.title.{signal}.{way}", lang, **told)


def event_title(device: str, kind: str, level: int, delay: Micros = 0, lang: Lang = "en") -> str:
    """For example "Pole 7: smoke (red), 25 min late"; level 0 is cleared."""
    title = text("alert.title.event", lang, device=device, kind=kind, state=_state(level, lang))
    return text("alert.title.late", lang, title=title, minutes=str(delay // 60_000_000)) if delay else title


def at_part(device: str, part: str) -> str:
    """A device, and what people call the part of it that something is at: "Station 4 · Corridor, 1st floor"."""
    return f"{device} · {part}" if part else device


def part_in(title: str, kind: str) -> str:
    """What the part is called that a stored title names; empty: it names none."""
    found = re.search(rf" · (.+): {re.escape(kind)} \(", title)
    return found[1] if found else ""


def unguarded_title(device: str, kind: str, *part: str, lang: Lang = "en") -> str:
    """For example "Smoke 12: shielded: not guarded for too long": of a part of a device, or of all of it."""
    thing = " ".join([device, "/".join(part)]).strip()
    return text("alert.hub.unguarded", lang, where=f"{thing}: {text(f'event.kind.{kind}', lang)}")


def since(title: str, at: Micros | None, zone: tzinfo) -> str:
    """A title that tells since when a condition has lasted that was withheld; None: it was not."""
    return title if at is None else _since(title, f"{from_micros(at).astimezone(zone):%Y-%m-%d %H:%M}", "en")


def flagged(title: str, quality: int, lang: Lang = "en") -> str:
    """A title that names the flags of its reading: "Gauge: level 4.31 ≥ 4 (orange), flagged suspect"."""
    if not quality:
        return title
    names = "/".join(flag.name_en if lang == "en" else flag.name_zh for flag in flags_of(quality))
    return text("alert.title.flagged", lang, title=title, flags=names)


def flapping(title: str, count: int, at: Micros, zone: tzinfo) -> str:
    """A title of an alert whose condition came so many times since then."""
    since = f"{from_micros(at).astimezone(zone):%Y-%m-%d %H:%M}"
    return text("alert.title.flapping", "en", title=title, count=str(count), at=since)


def under_maintenance(title: str) -> str:
    """A title of danger at a device that somebody works on."""
    return text("alert.title.maintenance", "en", title=title)


def marked(title: str, lang: Lang = "en") -> str:
    """A title of a drill, once: so that nobody takes it for real, on whatever channel it comes."""
    return text("push.drill", lang) + unmarked(title)


def unmarked(title: str) -> str:
    """A title without the mark of a drill, in whatever language."""
    for lang in LANGS:
        title = title.removeprefix(text("push.drill", lang))
    return title


def title_in(lang: Lang, alert: Mapping[str, Any], rule: Mapping[str, Any], names: Mapping[str, Any] | None) -> str:
    """The title of an alert's picture in a language; the stored one where it cannot be made.

    `rule` has the `direction`, `signal` and `expression` of its rule, None where it has none. `names` are `name` and
    `name_en` of its metric, or of its kind of event, in the profile; None: it names none.
    """
    stored = alert["title"]
    works = stored.endswith(_MAINTENANCE)
    stored = stored.removesuffix(_MAINTENANCE)
    flaps = _FLAPS.search(stored)
    stored = _FLAPS.sub("", stored)
    title = _title_in(lang, {**alert, "title": stored}, rule, names)
    if found := _SINCE.search(stored):
        title = _since(title, found[1], lang)
    if flaps and not _FLAPS.search(title):
        title = text("alert.title.flapping", lang, title=title, count=flaps[1], at=flaps[2])
    title = text("alert.title.maintenance", lang, title=title) if works else title
    return marked(title, lang) if alert.get("drill") else title


def _title_in(lang: Lang, alert: Mapping[str, Any], rule: Mapping[str, Any], names: Mapping[str, Any] | None) -> str:
    match alert.get("origin"):
        case "manual":
            return str(alert["title"])
        case "hub":
            kind, _, where = alert["target"].partition(":")
            if kind == "unguarded":
                return unguarded_title(alert["device_name"], *where.split("/")[1:], lang=lang)
            return text(f"alert.hub.{kind}", lang, where=where)
    level = 0 if alert["cleared_at"] is not None else LEVEL_NAMES.index(alert["level"]) + 1
    device, kind, value = alert["device_name"], alert["event_kind"], alert["value"]
    named = (names or {}).get("name_en" if lang == "en" else "name")
    if kind is not None:
        late = _LATE.search(alert["title"])
        what = named or optional(f"event.kind.{kind}", lang) or kind
        path = "/".join(str(alert.get("target") or "").split("/")[2:])
        delay = int(late[1]) * 60_000_000 if late else 0
        return event_title(at_part(device, _part_told(path, what, alert, lang)), what, level, delay, lang)
    if value is None or (direction := rule["direction"]) is None:
        return str(alert["title"])
    metric, threshold = named or (names or {}).get("name") or alert["metric"], alert["threshold"]
    above, found = direction == "above", _STAYS_AT.search(alert["title"])
    stays_at = float(found[1]) if found and rule["signal"] == "flat" else None
    beyond = threshold is None or (value >= threshold if above else value <= threshold)
    watched = rule["signal"], stays_at, rule.get("expression")
    title = reading_title(device, metric, value, beyond, above, threshold, level, lang, *watched)
    return flagged(title, _flags_in(alert["title"]), lang)


def _part_told(path: str, what: str, alert: Mapping[str, Any], lang: Lang) -> str:
    """What a part is called in a language; nothing where the name of what has happened says it already."""
    if (name := part_name(path, alert["event_kind"], lang)) == path:
        return part_in(alert["title"], alert["event_kind"]) or path if path else ""
    return "" if name.lower() in what.lower() else name


def _flags_in(stored: str) -> int:
    """The flags that a stored title names; 0 where it names none, or one that there is no more."""
    found = _FLAGGED.search(_SINCE.sub("", stored))
    flags = [_FLAGS_BY_NAME.get(name) for name in found[1].split("/")] if found else []
    return 0 if None in flags else int(sum(flags, Quality(0)))  # type: ignore[arg-type]


def _since(title: str, at: str, lang: Lang) -> str:
    return title if _SINCE.search(title) else text("alert.title.since", lang, title=title, at=at)


def _state(level: int, lang: Lang) -> str:
    return text(f"alert.state.{LEVEL_NAMES[level - 1] if level else 'cleared'}", lang)

"""A change of an alert as people read it: heading, facts and link, in the language of the consumer. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, field_validator

from api.push.channel import Delivery, Summary
from hub.alerts.guidance import TEXTS
from hub.alerts.titles import marked, unmarked
from hub.words import optional, text

LEVELS = ("red", "orange", "yellow", "blue")
COLOURS = {"red": "#D92D20", "orange": "#DC6803", "yellow": "#B58900", "blue": "#1570EF", "cleared": "#079455"}
TITLE_MAX = 120
"""Characters of a title."""
GUIDANCE_MAX = 1_000
"""Characters of each text of guidance; robots cut it further."""
LINE_MAX = 60
"""Characters of a title in a summary."""
MOST_COUNTED = 5
"""Kinds and places that a summary counts."""
_OVER = ("warning.cancelled", "warning.expired")
_LOOKALIKES = str.maketrans("<>[]*`|", "＜＞［］＊'｜")
"""What would be markup, a link or a mention in the texts of robots: names of devices are not the hub's words."""


class WordedSettings(BaseModel):
    """Settings of kinds that show times to people."""

    model_config = ConfigDict(extra="forbid")

    zone: str = "Asia/Shanghai"
    """Of the times in its messages."""

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("there is no such zone; write it like Asia/Shanghai")
        return zone


class Wording(NamedTuple):
    """What a message says."""

    heading: str
    colour: str
    """A key of COLOURS."""
    facts: Sequence[tuple[str, str]]
    """Label and value of each."""
    named: Mapping[str, str]
    """The values by what they are: level, change, place, value, time."""
    link: str | None
    link_text: str
    guidance: Sequence[tuple[str, str]] = ()
    """Label and text of what is known of the cause, and what is to be done."""


def worded(delivery: Delivery, zone: str) -> Wording:
    """The words of one change; what its ceiling has taken away is left out."""
    lang, picture = delivery.lang, delivery.picture
    colour = colour_of(delivery)
    level = text(f"alert.state.{picture['level']}", lang) if picture.get("level") else None
    change = _change_of(delivery)
    place = " ".join(filter(None, [delivery.place, picture.get("device_name")]))
    value, threshold = picture.get("value"), picture.get("threshold")
    measured = None if value is None else f"{value:g}" + ("" if threshold is None else f" ({threshold:g})")
    facts = [
        ("level", level),
        ("change", None if delivery.test else change),
        ("place", place),
        ("value", measured),
        ("time", local_time(delivery.at, zone)),
    ]
    named = {label: plain(fact) for label, fact in facts if fact}
    shown = [(text(f"push.label.{label}", lang), fact) for label, fact in named.items()]
    return Wording(
        with_mark(delivery, title_of(delivery)), colour, shown, named, delivery.link, text("push.open", lang),
        guidance_of(delivery),
    )  # fmt: skip


def guidance_of(delivery: Delivery) -> list[tuple[str, str]]:
    """What whoever answers is told beside the facts, while the condition lasts, as far as the ceiling leaves it."""
    given, lang = delivery.picture.get("guidance"), delivery.lang
    if not given or delivery.picture.get("cleared_at") is not None:
        return []
    told = {name: str(given[name]) for name in TEXTS if given.get(name)}
    if respond_s := given.get("respond_s"):
        told["respond"] = text("push.respond", lang, minutes=f"{respond_s / 60:.3g}")
    return [(text(f"push.label.{name}", lang), plain(said, GUIDANCE_MAX)) for name, said in told.items()]


def with_mark(delivery: Delivery, title: str) -> str:
    """A title as a message begins with it: of a test or a drill with its mark, once."""
    if delivery.test:
        return text("push.test", delivery.lang) + title
    return marked(title, delivery.lang) if delivery.drill else title


def title_of(delivery: Delivery) -> str:
    """The title without a mark, or what is left of it below the ceiling: kind of event or metric, and the level."""
    lang, picture = delivery.lang, delivery.picture
    if delivery.kind == "heartbeat":
        return text("push.heartbeat.title", lang)
    if title := picture.get("title"):
        return plain(unmarked(str(title)))
    what = _kind_of(delivery) or text("push.alert", lang)
    state = text(f"alert.state.{colour_of(delivery)}", lang)
    return plain(text("push.heading", lang, what=what, state=state))


def worded_summary(summary: Summary, zone: str) -> Wording:
    """The words of a summary, without the alerts that it names."""
    lang, named = summary.lang, summary.named
    colours = counted(colour_of(each) for each in named)
    levels = ", ".join(
        f"{text(f'alert.state.{colour}', lang)} {colours[colour]}" for colour in COLOURS if colour in colours
    )
    drill = text("push.drill", lang) if summary.drill else ""
    facts = {
        "level": levels,
        "kind": _most(_kind_of(each) for each in named),
        "place": _most(each.place for each in named),
        "time": local_time(summary.at, zone),
    }
    given = {label: fact for label, fact in facts.items() if fact}
    return Wording(
        f"{drill}{text('push.summary', lang, count=len(named))}: {levels}",
        next(colour for colour in COLOURS if colour in colours),
        [(text(f"push.label.{label}", lang), fact) for label, fact in given.items()],
        given | {"change": text("push.change.summary", lang)},
        summary.link,
        text("push.open_page", lang),
    )


def summary_lines(summary: Summary, zone: str, most: int) -> list[tuple[str, str]]:
    """Colour and text of a line for each alert, at most so many; the last one then counts the rest."""
    lines = [(colour_of(each), _line(each, zone)) for each in summary.named[:most]]
    if more := len(summary.named) - most:
        lines += [("blue", text("push.more", summary.lang, count=more))] if more > 0 else []
    return lines


def counted(values: Iterable[str | None]) -> dict[str, int]:
    """How often each comes, the most frequent first."""
    return dict(Counter(value for value in values if value is not None).most_common())


def _most(values: Iterable[str | None]) -> str:
    shown = list(counted(values).items())
    return ", ".join(
        [f"{plain(value)} {count}" for value, count in shown[:MOST_COUNTED]] + ["…"][: len(shown) > MOST_COUNTED]
    )


def _kind_of(delivery: Delivery) -> str | None:
    kind = delivery.picture.get("event_kind")
    return (optional(f"event.kind.{kind}", delivery.lang) or kind) if kind else delivery.picture.get("metric")


def _change_of(delivery: Delivery) -> str:
    change = delivery.kind.replace(".", "_")
    return optional(f"push.change.{change}", delivery.lang) or delivery.kind


def _line(delivery: Delivery, zone: str) -> str:
    """One alert in a summary: its title, what changed, and when."""
    change = _change_of(delivery)
    title = with_mark(delivery, title_of(delivery))[:LINE_MAX]
    return f"{title} · {change} · {local_time(delivery.at, zone)[11:19]}"


def colour_of(delivery: Delivery) -> str:
    """A key of COLOURS."""
    if delivery.picture.get("cleared_at") is not None or delivery.kind in _OVER:
        return "cleared"
    level = delivery.picture.get("level")
    return level if level in LEVELS else "blue"


def local_time(at: datetime, zone: str) -> str:
    """Like `2026-01-01 08:00:01 +08:00`."""
    return at.astimezone(ZoneInfo(zone) if zone != "UTC" else UTC).isoformat(sep=" ", timespec="seconds")


def plain(value: str, most: int = TITLE_MAX) -> str:
    """In one line of at most so many characters, without what robots take for markup."""
    line = " ".join("".join(each if each.isprintable() else " " for each in value).split())
    return line.translate(_LOOKALIKES)[:most]

"""The report as the data that api/pdf/templates/report.typ prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.monthly.alerts import alert_load
from api.monthly.blocks import Block, heading, says
from api.monthly.cells import minute
from api.monthly.figures import Figures
from api.monthly.gaps import gaps
from api.monthly.groups import groups
from api.monthly.load import Load
from api.monthly.period import Told
from api.monthly.progress import overdue, stage_times
from api.monthly.rates import indicators, quantities, summary
from api.monthly.trend import trend
from hub.cases.indicators import ZONE
from hub.cases.which import Which
from hub.words import Lang, text


@dataclass(slots=True, frozen=True)
class Cover:
    """What stands at the head of a report beside its period."""

    reader: str
    """For whom it is."""
    maker: str
    which: Which
    everywhere: bool
    """It tells of all that the hub has; otherwise of what its maker may see."""


def document(
    cover: Cover, told: Told, found: Figures, load: Load | None, keep_days: int | None, lang: Lang
) -> dict[str, Any]:
    """The whole of it, with a number before each part."""
    parts = [
        ("summary", summary(found, lang)),
        ("indicators", indicators(found, told, lang)),
        ("quantities", quantities(found, lang)),
        ("trend", trend(found, told, lang)),
        ("groups", groups(found, lang)),
        ("stages", stage_times(found, lang)),
        ("overdue", overdue(found, told, lang)),
        ("alerts", alert_load(load, lang)),
        ("gaps", gaps(found, load, told, keep_days, lang)),
    ]
    return {
        "title": title(told, lang),
        "printed": text("timeline.printed", lang, at=minute(told.period.now), zone=ZONE.key),
        "facts": _facts(cover, told, found, lang),
        "blocks": [says(text("report.reading", lang)), *_numbered(parts, lang)],
    }


def title(told: Told, lang: Lang) -> str:
    """With its month, or its days."""
    if (month := told.whole_month) is not None:
        return text("report.title.month", lang, year=month[:4], month=int(month[5:]))
    return text("report.title.days", lang, first=told.period.first, last=told.period.last)


def _numbered(parts: list[tuple[str, Iterator[Block]]], lang: Lang) -> Iterator[Block]:
    number = 0
    for name, blocks in parts:
        told = list(blocks)
        if not told:
            continue
        number += 1
        yield heading(f"{number}  {text(f'report.part.{name}', lang)}", new_page=name == "alerts")
        yield from told


def _facts(cover: Cover, told: Told, found: Figures, lang: Lang) -> list[list[str]]:
    facts = {
        "reader": cover.reader,
        "period": text("report.span", lang, first=told.period.first, last=told.period.last),
        "covers": _covers(cover, found, lang),
        "set": found.set_name,
        "at": minute(told.period.now),
        "maker": cover.maker,
    }
    return [[text(f"report.fact.{name}", lang), value] for name, value in facts.items()]


def _covers(cover: Cover, found: Figures, lang: Lang) -> str:
    limits = [
        text(f"report.covers.{name}", lang, name=f"{found.names[name].get(value, '')} {value}".strip())
        for name in ("region", "area", "organisation")
        if (value := getattr(cover.which, name)) is not None
    ]
    whole = text("report.covers.everything", lang) if cover.everywhere else text("report.covers.own", lang)
    return text("report.join", lang).join([*limits, *([] if limits and cover.everywhere else [whole])])

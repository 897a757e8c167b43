"""The part of a report that tells where alerts came from, how long they waited, and which were false."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.monthly.blocks import Bar, Block, Column, grouped, means, says, subheading, table
from api.monthly.load import Load
from hub.words import Lang, text
from hub.words.figure import duration, percentage


def sources(load: Load, lang: Lang) -> Iterator[Block]:
    """What raised most, and what chattered."""
    found = load.told.found
    yield subheading(text("report.alerts.top", lang))
    yield grouped(
        [],
        [
            Bar(_name(each, load, lang), [each["alerts"]], [_of(each["alerts"], found["alerts"])])
            for each in found["top"]
        ],
    )
    yield means(text("report.alerts.top.meaning", lang))
    if found["chatterers"]:
        yield table(
            [Column(text("report.column.chatterer", lang), 4), Column(text("report.column.alerts", lang), 1, True)],
            [[_name(each, load, lang), f"{each['alerts']:,}"] for each in found["chatterers"]],
        )
        yield means(text("report.alerts.chattering.meaning", lang))


def taken(load: Load, lang: Lang) -> Iterator[Block]:
    """How long alerts waited until somebody took them up."""
    found = load.told.found
    yield subheading(text("report.alerts.taking", lang))
    if found["taken_median_s"] is None:
        yield says(text("report.alerts.taking.none", lang, waiting=f"{found['waiting']:,}"))
        return
    told = {name: duration(found[f"taken_{name}_s"], lang) for name in ("median", "p90", "longest")}
    yield says(text("report.alerts.taking.told", lang, **told, waiting=f"{found['waiting']:,}"))


def false_alarms(load: Load, lang: Lang) -> Iterator[Block]:
    """False alarms by cause, and by model."""
    found = load.told.found
    total = found["false_alarms"]
    yield subheading(text("report.alerts.false", lang))
    if not total:
        yield says(text("report.alerts.false.none", lang))
        return
    yield table(
        [Column(text("report.column.cause", lang), 3), *_numbers(("false", "of_false"), lang)],
        [
            [
                load.causes.get(each["cause"], {}).get(lang, each["cause"]),
                f"{each['alerts']:,}",
                percentage(each["alerts"], total),
            ]
            for each in found["false_by_cause"]
        ],
    )
    yield table(
        [Column(text("report.column.model", lang), 3), *_numbers(("false", "alerts", "result"), lang)],
        [
            [
                load.models.get(each["model"], each["model"]) or text("report.alerts.no_model", lang),
                f"{each['false_alarms']:,}",
                f"{each['alerts']:,}",
                percentage(each["false_alarms"], each["alerts"]),
            ]
            for each in found["false_by_model"]
        ],
    )
    yield means(text("report.alerts.false.meaning", lang))


def _numbers(names: tuple[str, ...], lang: Lang) -> list[Column]:
    return [Column(text(f"report.column.{name}", lang), 1, True) for name in names]


def _name(source: Mapping[str, Any], load: Load, lang: Lang) -> str:
    rule = load.rules.get(source["rule"], source["rule"]) or text("report.alerts.no_rule", lang)
    return f"{rule} · {source['target']}"


def _of(alerts: int, total: int) -> str:
    return f"{alerts:,} ({percentage(alerts, total)})"

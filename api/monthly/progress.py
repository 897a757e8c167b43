"""The parts of a report that tell how cases went on: how long stages took, and which cases are late."""

from collections.abc import Iterator

from api.monthly.blocks import Bar, Block, Column, grouped, means, says, table
from api.monthly.cells import minute
from api.monthly.figures import OVERDUE, Figures
from api.monthly.period import Told
from hub.cases.indicators import REGION_LEVELS
from hub.words import Lang, text
from hub.words.figure import duration


def stage_times(found: Figures, lang: Lang) -> Iterator[Block]:
    """How long cases were in each stage."""
    if not found.stages:
        yield says(text("report.stages.none", lang))
        return
    lines = [
        [
            _stage(each.stage, lang),
            f"{each.visits:,}",
            f"{each.known:,}",
            duration(each.median_s, lang),
            duration(each.p90_s, lang),
        ]
        for each in found.stages
    ]
    titles = ("stage", "visits", "known", "median", "p90")
    yield table([Column(text(f"report.column.{name}", lang), 1, name != "stage") for name in titles], lines)
    yield means(text("report.stages.meaning", lang))
    bars = [
        Bar(line[0], [each.median_s, each.p90_s], line[3:])
        for each, line in zip(found.stages, lines, strict=True)
        if each.known
    ]
    if bars:
        yield grouped([text("report.column.median", lang), text("report.column.p90", lang)], bars)
        yield means(text("report.stages.chart", lang))


def overdue(found: Figures, told: Told, lang: Lang) -> Iterator[Block]:
    """The cases that are past their deadline and open."""
    if not found.overdue:
        yield says(text("report.overdue.none", lang))
        return
    offices = found.names["organisation"]
    widths = {"number": 1.5, "title": 2, "region": 1.3, "responsible": 1.2, "stage": 0.8, "due_at": 1.2, "late": 0.8}
    yield table(
        [Column(text(f"report.column.{name}", lang), width, name == "late") for name, width in widths.items()],
        [
            [
                each["number"],
                each["title"],
                _place(each["region"], found),
                offices.get(each["responsible"], each["responsible"]) or "–",
                _stage(each["stage"], lang),
                minute(each["due_at"]),
                text("report.days", lang, days=f"{(told.period.now - each['due_at']).days:,}"),
            ]
            for each in found.overdue[:OVERDUE]
        ],
    )
    said = text("report.overdue.meaning", lang, n=f"{found.counted.get('overdue_open', 0):,}")
    cut = text("report.overdue.cut", lang, shown=OVERDUE) if len(found.overdue) > OVERDUE else ""
    yield means(f"{said} {cut}".strip())


def _place(region: str | None, found: Figures) -> str:
    """The name of a division, or of the lowest above it that has one with the code."""
    if region is None:
        return "–"
    names = found.names["region"]
    if region in names:
        return names[region]
    above = next((names[region[:digits]] for digits in reversed(REGION_LEVELS) if region[:digits] in names), "")
    return f"{above} {region}".strip()


def _stage(stage: str, lang: Lang) -> str:
    return text("report.stage.case", lang) if stage == "case" else text(f"case.stage.{stage}", lang)

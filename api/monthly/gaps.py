"""The part of a report that says what it does not know."""

from collections.abc import Iterator
from datetime import timedelta

from api.monthly.blocks import Block, points, says
from api.monthly.cells import minute
from api.monthly.figures import Figures
from api.monthly.load import Load
from api.monthly.period import Told
from hub.words import Lang, text


def gaps(found: Figures, load: Load | None, told: Told, keep_days: int | None, lang: Lang) -> Iterator[Block]:
    """Each thing that is missing, and what follows from it. `keep_days`: how long alerts are kept."""
    missing = [*_of_cases(found, told, lang), *_of_alerts(load, told, keep_days, lang)]
    yield points(missing) if missing else says(text("report.gaps.none", lang))


def _of_cases(found: Figures, told: Told, lang: Lang) -> Iterator[str]:
    period = told.period
    if period.values["to"] > period.now:
        yield text("report.gaps.running", lang, at=minute(period.now))
    years = sorted({period.first.year, period.last.year} - found.calendars)
    if years:
        yield text("report.gaps.calendar", lang, years=text("report.join", lang).join(map(str, years)))
    unknown = sum(each.visits - each.known for each in found.stages)
    if unknown:
        yield text("report.gaps.stages", lang, n=f"{unknown:,}")
    if found.without_deadline:
        yield text("report.gaps.deadline", lang, n=f"{found.without_deadline:,}")
    without = [by for by in ("region", "category", "responsible") if found.groups[by].get(None)]
    if without:
        names = text("report.join", lang).join(text(f"report.by.{by}", lang) for by in without)
        yield text("report.gaps.without", lang, what=names)


def _of_alerts(load: Load | None, told: Told, keep_days: int | None, lang: Lang) -> Iterator[str]:
    if load is None:
        yield text("report.alerts.hidden", lang)
        return
    recorded = load.told.found["recorded_from"]
    if recorded is None:
        yield text("report.gaps.nobody", lang)
    elif recorded > load.start:
        yield text("report.gaps.recorded", lang, at=minute(recorded))
    if keep_days is not None and load.start < told.period.now - timedelta(days=keep_days):
        yield text("report.gaps.kept", lang, days=f"{keep_days:,}")

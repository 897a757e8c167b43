"""The report of a month: cases and alerts, with tables and charts, as a document to print and hand on."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import AfterValidator

from api.context import Here
from api.contract_types import Code, Name, RegionPrefix
from api.exports import note_export
from api.language import Spoken
from api.monthly.document import Cover, document
from api.monthly.figures import case_figures, unknown_limits
from api.monthly.load import alert_load
from api.monthly.moment import moment
from api.monthly.period import DAY, month_of, told_of
from api.pdf.rendering import rendered
from api.problems import invalid, responses
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.performance import Which as WhichAlerts
from hub.cases.indicators import ZONE, Period
from hub.cases.which import Which
from hub.words import text

router = GuardedRouter(prefix="/indicators", tags=["indicators"])
LONGEST_DAYS = 366
MONTH = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$"
EARLIEST = date(1971, 1, 1)
PDF: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


def _period(
    spoken: Spoken,
    month: Annotated[
        str | None, Query(pattern=MONTH, description="as 2026-10; the last whole month", examples=["2026-10"])
    ] = None,
    first: Annotated[date | None, Query(alias="from", description="instead of a month: a day of China")] = None,
    last: Annotated[date | None, Query(alias="to", description="with `from`: the last day, included")] = None,
) -> Period:
    now = datetime.now(UTC)
    today = now.astimezone(ZONE).date()
    if month is not None and (first or last):
        raise invalid("month", text("refusal.report.both", spoken))
    if (first is None) != (last is None):
        raise invalid("to" if last is None else "from", text("refusal.report.half", spoken))
    if month is not None:
        period = month_of(month, now)
    elif first is not None and last is not None:
        period = Period(first, last, now)
    else:
        period = month_of(f"{today.replace(day=1) - DAY:%Y-%m}", now)
    where = "month" if month is not None else "from"
    if period.first > period.last:
        raise invalid("from", text("refusal.period.order", spoken))
    if (period.last - period.first).days >= LONGEST_DAYS:
        raise invalid("from", text("refusal.period.long", spoken, days=LONGEST_DAYS))
    if period.first > today:
        raise invalid(where, text("refusal.report.future", spoken, first=period.first, today=today))
    if period.first < EARLIEST:
        raise invalid(where, text("refusal.time.span", spoken))
    return period


@router.get("/report.pdf", response_class=Response, responses={**PDF, **responses(404, 413, 422)})
@needs(Permission.CASES_READ)
async def monthly_report(
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    period: Annotated[Period, Depends(_period)],
    region: Annotated[
        Annotated[RegionPrefix, AfterValidator(subtree)] | None, Query(description="a division and all below it")
    ] = None,
    area: Annotated[Code | None, Query(description="a named area or grid")] = None,
    organisation: Annotated[Code | None, Query(description="whose matter it is")] = None,
    set_code: Annotated[Code, Query(alias="set", description="whose definitions (/indicators/sets)")] = "standard",
    reader: Annotated[Name | None, Query(alias="for", description="for whom it is, at its head; the caller")] = None,
) -> Response:
    """Indicators, trend, groups, stages, overdue cases, and alerts as far as the caller may see them, as PDF.

    The audit notes who took it. An empty month gives a report that says so.
    """
    which = Which(region=region, area=area, organisation=organisation)
    for name in await unknown_limits(context, which):
        raise invalid(name, text(f"refusal.report.{name}", spoken, code=getattr(which, name)))
    told = told_of(period)
    async with moment(context) as at:
        found = await case_figures(context, at, told, which, set_code)
        load = await alert_load(context, at, caller, period, WhichAlerts(region, area, organisation))
    limits = {"region": region, "area": area, "organisation": organisation, "set": set_code}
    await note_export(context, caller, "report", {"from": str(period.first), "to": str(period.last), **limits})
    cover = Cover(reader or caller.name, caller.name, which, context.scope.everywhere)
    data = document(cover, told, found, load, context.settings.alerts.keep_days, spoken)
    pdf = await rendered("report", data, spoken, context.settings.api.fonts)
    name = f"report-{told.whole_month or f'{period.first}-{period.last}'}.pdf"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)

"""`hub check` for calendars of workdays."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.check.finding import Finding
from hub.alerts.hours import ZONE
from hub.duty.missing_years import missing_years
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors


async def check_calendars(settings: Settings) -> list[Finding]:
    """Each year that is missing; nothing while the database is away or not migrated, which others tell."""
    today = datetime.now(UTC).astimezone(ZoneInfo(ZONE)).date()
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                missing = await missing_years(conn, today)
    except HubError:
        return []
    what = (
        "calendar: {} is missing: rotas by workdays name nobody in it, and schedules of rules go by Saturday and Sunday"
    )
    return [Finding("warn", what.format(year), f"hub calendar import FILE --year {year}") for year in missing]

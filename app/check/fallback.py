"""`hub check` for alerts that nobody gets."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_fallback(settings: Settings) -> list[Finding]:
    """Whether there is a fallback consumer; nothing while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.fallback)).fetchone()
    except HubError:
        return []
    if found is not None:
        return [Finding("ok", f"alerts: the fallback consumer is {found[0]}")]
    what = "alerts: there is no fallback consumer: a red alert that nobody gets, or accepts within 30 s, reaches nobody"
    return [Finding("warn", what, "hub consumers put CODE --fallback, for one that always reaches somebody")]

"""`hub check` for rules in force whose orange and red alerts do not say what is to be done."""

from app.check.finding import Finding
from hub.alerts.guidance import is_grave, lacking
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

NAMED = 10
"""Of many, so many are named."""


async def check_rules(settings: Settings) -> list[Finding]:
    """A warning that names them; nothing while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.enabled)).fetchall()
    except HubError:
        return []
    silent = [
        code
        for code, thresholds, level, guidance, kind, metric, category in found
        if is_grave(thresholds, level) and lacking(guidance, kind, metric, category)
    ]
    if not silent:
        return []
    named = ", ".join(silent[:NAMED]) + (f" and {len(silent) - NAMED} others" if len(silent) > NAMED else "")
    what = f"rules: orange and red alerts do not say what is to be done, of {named}; once out of force they stay so"
    return [Finding("warn", what, "hub rules put CODE --cause --consequence --action --contacts --respond-s")]

"""`hub check` for routes that lead nowhere: borders that are not known, chains that tell nobody, changes of cases that
nobody took."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

LOAD = "hub regions outlines FILE; for an area: hub areas put CODE --outline FILE"
ENABLE = "hub consumers put CODE --enable, or name others: hub chains put -h"

AGAIN = "hub consumers cases CODE --state given_up says why; then hub consumers again CODE"


async def check_routing(settings: Settings) -> list[Finding]:
    """A warning for each; nothing while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                borders = await (await conn.execute(SQL.without_outline)).fetchall()
                mute = await (await conn.execute(SQL.mute_chains)).fetchall()
                untold = await (await conn.execute(SQL.untold_cases)).fetchall()
    except HubError:
        return []
    what = "{} {}: border_m takes nothing beyond the border of {}, of which no outline is known"
    found = [Finding("warn", what.format(kind, code, ", ".join(places)), LOAD) for kind, code, places in borders]
    what = "chain {}: the consumers that it names are all switched off: it tells nobody"
    found += [Finding("warn", what.format(code), ENABLE) for (code,) in mute]
    what = "consumer {}: {} changes of cases were given up, the newest of {:%Y-%m-%d %H:%M} UTC"
    return [*found, *(Finding("warn", what.format(*each), AGAIN) for each in untold)]

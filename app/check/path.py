"""`hub check` for the path of alerts: whether it is watched, and what the last round told."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_path(settings: Settings) -> list[Finding]:
    """Nothing while the database is away or not migrated, which others tell."""
    watch = settings.path_watch
    if not watch.enabled:
        what = "path of alerts: it is not watched: a quiet night may be a deaf one"
        return [Finding("warn", what, "path_watch.enabled = true")]
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.path)).fetchone()
    except HubError:
        return []
    called = [] if watch.url is not None else [Finding("ok", "path of alerts: no dead-man outside (path_watch.url)")]
    if found is None or (found[0] is None and found[2] is None):
        return [Finding("ok", "path of alerts: watched, no round yet"), *called]
    age_s, took_ms, broken_at, reached = found
    if broken_at is not None:
        return [Finding("fail", f"path of alerts: broken since {broken_at}, behind '{reached}'", "hub path")]
    if age_s > 3 * watch.every_s + 60:
        what = f"path of alerts: the last complete round is {age_s:.0f} s old: no process of role api sends them"
        return [Finding("warn", what, "hub serve")]
    return [Finding("ok", f"path of alerts: whole, the last round took {took_ms} ms, {age_s:.0f} s ago"), *called]

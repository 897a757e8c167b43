"""`hub check` for what is forwarded."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_forwards(settings: Settings) -> list[Finding]:
    """Targets that take nothing; nothing while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.forwards)).fetchall()
    except HubError:
        return []
    ill = [
        Finding(
            "warn", f"forwarding: {code} takes nothing since {since:%Y-%m-%d %H:%M}, {pending} reports wait: {error}",
            f"hub forwards show {code}",
        )
        for code, since, error, pending, *_ in found
        if since is not None
    ]  # fmt: skip
    ill += [
        Finding(
            "warn", f"forwarding: {code} is granted {unnumbered} devices that have no 20 digits: it does not see them",
            "hub devices addresses add CODE gb28181 NUMBER",
        )
        for code, *_, unnumbered, _ in found
        if unnumbered
    ]  # fmt: skip
    ill += [
        Finding("warn", f"forwarding: the hub is not registered at {code}", f"hub forwards show {code}")
        for code, since, *_, unregistered in found
        if unregistered and since is None
    ]
    return ill or ([Finding("ok", f"forwarding: {len(found)} targets take what is forwarded")] if found else [])

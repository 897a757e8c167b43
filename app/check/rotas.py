"""`hub check` for times at which nobody is on duty."""

from datetime import UTC, datetime, timedelta

from app.check.finding import Finding
from hub.duty.on_duty import calendar, inactive_accounts, rotas
from hub.duty.rota import Piece, holes, timeline, without_inactive
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.words import text

AHEAD = timedelta(days=7)


async def check_rotas(settings: Settings) -> list[Finding]:
    """A warning for each rota that leaves a time of the coming week open; nothing while the database is away."""
    now = datetime.now(UTC)
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                stored = await rotas(conn, since=now)
                days, inactive = await calendar(conn), await inactive_accounts(conn)
    except HubError:
        return []
    found = []
    for code, rota in stored.items():
        pieces = timeline(rota, days, now, now + AHEAD)
        if open_ := holes(without_inactive(each, inactive) for each in pieces):
            found.append(_told(code, open_))
    return found


def _told(code: str, open_: list[Piece]) -> Finding:
    first, more = open_[0], len(open_) - 1
    begin, end = (f"{each:%Y-%m-%d %H:%M}" for each in (first.begin, first.end))
    what = f"rota {code}: nobody is on duty from {begin} to {end} UTC: {text(f'duty.reason.{first.reason}', 'en')}"
    others = f"; and at {more} more times of the coming week" if more else ""
    return Finding("warn", what + others, f"hub rotas show {code} --days 7, then plan it: hub rotas put {code} FILE")

"""Edges behind a data diode, judged by one leader: missing numbers, silence, twins, wrong clocks, files set aside."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import psycopg

from hub.alerts.own import over, tell
from hub.diode_settings import Diode
from hub.store.statements import statements

SQL = statements(__name__)
EVERY_S = 2.0
FORGET_S = 600.0
ORANGE, YELLOW = 3, 2
LEVELS = {
    "edge_gap": ORANGE,
    "edge_silent": ORANGE,
    "edge_twice": ORANGE,
    "edge_clock": YELLOW,
    "edge_aside": YELLOW,
}


def watch(settings: Diode) -> Callable[[psycopg.AsyncConnection], Awaitable[float]]:
    """Work of a leader. What nobody could take is no silence: time counts from when it leads."""
    began: datetime | None = None
    forgot: datetime | None = None
    edges = {
        "edges": [edge.name for edge in settings.edges],
        "gap_s": [edge.gap_after_s for edge in settings.edges],
        "silent_s": [edge.silent_after_s for edge in settings.edges],
    }

    async def work(conn: psycopg.AsyncConnection) -> float:
        nonlocal began, forgot
        now = datetime.now(UTC)
        began = began or now
        for kind, edge, is_wrong in await (await conn.execute(SQL.judge, {**edges, "began": began})).fetchall():
            if is_wrong:
                await tell(conn, kind, edge, LEVELS[kind])
            else:
                await over(conn, kind, edge)
        if forgot is None or (now - forgot).total_seconds() > FORGET_S:
            forgot = now
            await conn.execute(SQL.forget, {"keep_s": settings.keep_days * 86_400})
        return EVERY_S

    return work

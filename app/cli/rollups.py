"""Rollups that an upgrade makes anew: filled, or told of, by `hub migrate`."""

from rich.progress import Progress

from app.cli.client import err, out
from hub.store.pool import connect, lasting_errors
from hub.store.rebuild import progress, rebuild_all

LEFT = (
    "Rollups have to be made anew, which hubs may not: run `hub migrate --rollups` beside them. Until then answers "
    "over long times are right, and slower."
)


async def rollups_anew(url: str, hub_role: str | None, fill: bool) -> None:
    """As the owner of the tables: fill what is left, or say that hubs, which work as `hub_role`, cannot. HubError."""
    with lasting_errors():
        async with await connect(url) as conn:
            if fill:
                with Progress(console=err, transient=True) as shown:
                    task = shown.add_task("rollups", total=100)
                    await rebuild_all(conn, lambda now: shown.update(task, completed=now.percent))
            elif hub_role not in (None, conn.info.user) and await progress(conn) is not None:
                out.print(LEFT)

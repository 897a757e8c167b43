"""`hub check` for data diodes: whether both ends can work, what is missing, and what was set aside."""

import os
import shutil
from datetime import datetime
from pathlib import Path
from stat import S_ISVTX

from app.check.finding import Finding
from app.check.folders import writable
from hub.diode_settings import Diode, DiodeEdge
from hub.errors import ConfigError, HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements
from ingest.diode.envelope import ENDING
from ingest.diode.folders import AGAIN, DONE, is_own
from ingest.diode.keys import id_of, keys_of, read_private

SQL = statements(__name__)


def check_outbox(settings: Diode) -> list[Finding]:
    """Of an edge: its key, its folders, and room for what it keeps."""
    if settings.edge is None or settings.key is None or settings.archive is None:
        return []
    try:
        key = id_of(read_private(settings.key.get_secret_value()).public_key())
    except ConfigError as error:
        return [Finding("fail", error.detail, "hub edges key FILE")]
    found = [Finding("ok", f"edge {settings.edge} signs with the key {key}")]
    for name, folder in (("archive", settings.archive), ("outbox", settings.outbox)):
        if folder is not None:
            found.append(writable(f"diode.{name}", folder))
    there = next(each for each in (settings.archive, *settings.archive.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free >> 20
    if free < settings.keep_mb:
        found.append(Finding(
            "warn", f"diode.archive: {free} MB are free, and diode.keep_mb is {settings.keep_mb}",
            "give it a larger disk, or a smaller diode.keep_mb: when the disk is full, devices are not acknowledged",
        ))  # fmt: skip
    return found


async def check_diode(settings: Settings) -> list[Finding]:
    """Lines of both ends; none where there is no diode."""
    found = check_outbox(settings.diode)
    if settings.diode.inbox is None:
        return found
    found.append(writable("diode.inbox", settings.diode.inbox))
    if there := left_behind(settings.diode.inbox):
        found.append(there)
    if there := not_own(settings.diode.inbox):
        found.append(there)
    try:
        keys_of(settings.diode.edges)
    except ConfigError as error:
        return [*found, Finding("fail", error.detail, "hub edges key FILE prints it")]
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                known = {row[0]: row[1:] for row in await (await conn.execute(SQL.edges)).fetchall()}
    except HubError:
        return found  # the database's own findings say so
    return [
        *found,
        *(_judged(edge, *known.get(edge.name, (None, 0, 0, 0.0, "", False))) for edge in settings.diode.edges),
    ]


def left_behind(inbox: Path) -> Finding | None:
    """Files that cannot be moved out of a folder with the sticky bit: it is another user's, and so are they."""
    if not inbox.is_dir() or not os.access(inbox, os.R_OK | os.X_OK):
        return None
    stat, me = inbox.stat(), os.geteuid()
    if not stat.st_mode & S_ISVTX or me in (0, stat.st_uid):
        return None
    with os.scandir(inbox) as entries:
        stuck = sum(each.name.endswith(ENDING) and each.stat(follow_symlinks=False).st_uid != me for each in entries)
    return Finding(
        "fail" if stuck else "warn",
        f"diode.inbox: {inbox} has the sticky bit: files of other users cannot be moved out of it ({stuck} lie there)",
        f"chmod -t {inbox}, or let the diode write as the hub's user",
    )


def not_own(inbox: Path) -> Finding | None:
    """A folder of files to take again that is another user's, or that others write into."""
    try:  # root looks for the hub, which made `done`
        if is_own(inbox / AGAIN, os.geteuid() or (inbox / DONE).stat().st_uid):
            return None
    except OSError:  # it is made at the start, where it can be
        return None
    return Finding(
        "warn",
        f"diode.inbox: {inbox / AGAIN} is not the hub's alone: nothing in it is taken",
        f"move it away, and start the hub, or make it the hub's user's, and chmod 700 {inbox / AGAIN}",
    )


def _judged(
    edge: DiodeEdge, arrived: datetime | None, missing: int, aside: int, moved_s: float, clock: str, twice: bool
) -> Finding:
    what = f"edge {edge.name}"
    if arrived is None:
        return Finding("warn", f"{what}: no file has ever come", "see docs/DIODE.md")
    what += f": the last file came at {arrived:%Y-%m-%d %H:%M} UTC"
    if twice:
        return Finding("warn", f"{what}; two machines hand files over by its name", "give each a name of its own")
    if missing:
        return Finding("warn", f"{what}; {missing} numbers are missing", f"hub edges gaps {edge.name}")
    if moved_s:
        return Finding("warn", f"{what}; its clock is wrong by about {abs(moved_s):.0f} s", "set the clock of the edge")
    if aside:
        return Finding("warn", f"{what}; {aside} files were set aside within a day", "hub edges aside")
    return Finding("ok", what + ("; it is unsure of its clock" if clock == "unsure" else ""))

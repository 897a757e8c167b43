"""`hub check` for pictures of events that are kept in a folder: whether it takes any, and how much is free."""

import shutil
from pathlib import Path
from tempfile import TemporaryFile

from app.check.finding import Finding
from app.check.folders import existing, writable
from hub.settings import Settings

LEAST_MB = 1_024
"""Free, from which on it is told: some 10,000 pictures, or 500 clips."""


def check_pictures(settings: Settings) -> list[Finding]:
    """Lines about `pictures.folder`; none where pictures are in the database."""
    folder = settings.pictures.folder
    if folder is None or not settings.pictures.processes:
        return []
    found = writable("pictures.folder", folder)
    if found.level != "ok":
        return [found._replace(advice=f"{found.advice}, or mount it for writing: events go without their pictures")]
    free = shutil.disk_usage(existing(folder)).free >> 20
    if (fault := _fault(existing(folder))) is not None:
        return [Finding("fail", f"pictures.folder: {folder} takes nothing: {fault} ({free:,} MB are free)",
                        "make room, or a smaller pictures.keep_days: events go without their pictures")]  # fmt: skip
    told = f"{found.what}, {free:,} MB are free"
    if free < LEAST_MB:
        return [Finding("warn", told, "make room, or a smaller pictures.keep_days: when it is full, events go without")]
    return [Finding("ok", told)]


def _fault(folder: Path) -> str | None:
    """Why not even a byte can be written there; None: it can."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"1")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return None

"""The folders of a hub behind a data diode: what waits, what was stored (done), what was set aside (aside)."""

import os
import secrets
import time
from contextlib import suppress
from heapq import nsmallest
from pathlib import Path

from hub.diode_settings import Diode
from hub.errors import ConfigError
from ingest.diode.envelope import ENDING

DONE, ASIDE = "done", "aside"
ASIDE_DAYS = 90
MAX_NAME = 240
"""Bytes of a name, to which something is added; file systems take 255."""


class Folders:
    """All on one file system, so that a file is in one of them, whole, at any time."""

    def __init__(self, settings: Diode) -> None:
        if settings.inbox is None:
            raise ConfigError("diode.inbox is not set")
        self.inbox = settings.inbox
        self._most, self._done_days = settings.inbox_mb << 20, settings.done_days

    def open(self) -> None:
        """Make them. OSError."""
        for folder in (self.inbox, self.inbox / DONE, self.inbox / ASIDE):
            folder.mkdir(parents=True, exist_ok=True)

    def waiting(self, most: int) -> list[str]:
        """Names of the first files that wait, by edge, chain and number; drafts of whoever writes them are none."""
        with os.scandir(self.inbox) as entries:
            names = [each.name for each in entries if each.name.endswith(ENDING) and not each.name.startswith(".")]
        return nsmallest(most, names)

    def done(self, name: str) -> None:
        """A file is stored."""
        self._move(name, DONE)

    def aside(self, name: str) -> None:
        """A file cannot be used; it is kept under a name of its own, for another one may come by the same."""
        self._move(name, ASIDE, f"{os.fsdecode(os.fsencode(name)[:MAX_NAME])}.{secrets.token_hex(4)}")

    def put(self, name: str, content: bytes) -> bool:
        """A file that was posted, on the disk; False: there is no room."""
        if _bytes_in(self.inbox) + len(content) > self._most:
            return False
        draft = self.inbox / f".{name}.{secrets.token_hex(4)}.tmp"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self.inbox / name)
        return True

    def sweep(self) -> None:
        """Delete what was stored or set aside long ago, or is too much, the oldest first."""
        _sweep(self.inbox / DONE, self._done_days * 86_400, self._most)
        _sweep(self.inbox / ASIDE, ASIDE_DAYS * 86_400, self._most)

    def _move(self, name: str, folder: str, to: str | None = None) -> None:
        path = self.inbox / name
        with suppress(PermissionError):  # the diode may write as another user
            os.utime(path, follow_symlinks=False)  # its age in that folder
        path.rename(self.inbox / folder / (to or name))


def _bytes_in(folder: Path) -> int:
    size = 0
    with os.scandir(folder) as entries:
        for each in entries:
            with suppress(FileNotFoundError):  # moved meanwhile
                size += each.stat(follow_symlinks=False).st_size
    return size


def _sweep(folder: Path, keep_s: float, most: int) -> None:
    with os.scandir(folder) as entries:
        found = sorted((each.stat().st_mtime, each.stat().st_size, each.path) for each in entries if each.is_file())
    over, oldest = sum(size for _, size, _ in found) - most, time.time() - keep_s
    for at, size, path in found:
        if over <= 0 and at >= oldest:
            return
        Path(path).unlink()
        over -= size

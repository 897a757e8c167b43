"""The folders of a hub behind a data diode: what waits, was stored (done), was set aside (aside), is taken again."""

import os
import secrets
import time
from collections.abc import Collection
from contextlib import suppress
from heapq import nsmallest
from pathlib import Path
from stat import S_ISDIR, S_IWGRP, S_IWOTH
from typing import NamedTuple

from hub.diode_settings import Diode
from hub.errors import ConfigError
from ingest.diode.envelope import ENDING

DONE, ASIDE, AGAIN = "done", "aside", "again"
ASIDE_DAYS = 90
MAX_NAME = 240
"""Bytes of a name, to which something is added; file systems take 255."""


class Mark(NamedTuple):
    """By which it is seen that another file came by the same name, or that a file was written to, since it was read."""

    inode: int
    size: int
    changed_ns: int


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
        with suppress(PermissionError):  # files are taken without it; `hub edges take` says that it is not there
            (self.inbox / AGAIN).mkdir(mode=0o700, exist_ok=True)  # what lies there is from who may act as the hub

    def waiting(self, most: int, but: Collection[str] = ()) -> list[str]:
        """Names of the first files that wait, by edge, chain and number; drafts of whoever writes them are none."""
        with os.scandir(self.inbox) as entries:
            names = [each.name for each in entries if each.name.endswith(ENDING) and not each.name.startswith(".")]
        with suppress(FileNotFoundError, PermissionError):  # what is in the inbox is taken; `hub check` tells of it
            if is_own(self.inbox / AGAIN, os.geteuid()):
                with os.scandir(self.inbox / AGAIN) as entries:
                    names += [f"{AGAIN}/{each.name}" for each in entries]
        return nsmallest(most, (name for name in names if name not in but))

    def mark(self, name: str) -> Mark:
        """To be asked for before a file is read. FileNotFoundError."""
        return _mark(self.inbox / name)

    def done(self, name: str, mark: Mark) -> None:
        """A file is stored; one that came by its name since it was read stays in the inbox, under another name."""
        self._move(name, mark, self.inbox / DONE / Path(name).name)

    def aside(self, name: str, mark: Mark) -> None:
        """A file cannot be used; it is kept under a name of its own, for another one may come by the same."""
        kept = f"{os.fsdecode(os.fsencode(Path(name).name)[:MAX_NAME])}.{secrets.token_hex(4)}"
        self._move(name, mark, self.inbox / ASIDE / kept)

    def put(self, name: str, content: bytes) -> bool:
        """A file that was posted, on the disk, beside another one of its name; False: there is no room."""
        if _bytes_in(self.inbox) + len(content) > self._most:
            return False
        draft = self.inbox / f".{name}.{secrets.token_hex(4)}.tmp"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self.inbox / name)  # never in the place of another file, as a rename would be
        except OSError:  # there is one, or this file system has no links
            if _is(self.inbox / name, content):
                draft.unlink()
                return True
            draft.rename(self.inbox / f"{name.removesuffix(ENDING)}.{secrets.token_hex(4)}{ENDING}")
        else:
            draft.unlink()
        return True

    def sweep(self) -> None:
        """Delete what was stored or set aside long ago, or is too much, the oldest first."""
        _sweep(self.inbox / DONE, self._done_days * 86_400, self._most)
        _sweep(self.inbox / ASIDE, ASIDE_DAYS * 86_400, self._most)

    def _move(self, name: str, mark: Mark, to: Path) -> None:
        (self.inbox / name).rename(to)
        if _mark(to) != mark:
            to.rename(self.inbox / f"again.{secrets.token_hex(8)}{ENDING}")
            return
        with suppress(PermissionError):  # the diode may write as another user
            os.utime(to, follow_symlinks=False)  # its age in that folder


def _is(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _mark(path: Path) -> Mark:
    stat = path.lstat()
    return Mark(stat.st_ino, stat.st_size, stat.st_mtime_ns)


def names_before(name: str) -> tuple[str, str]:
    """By which a file that somebody has taken again may have been set aside: in the inbox, or as one taken again."""
    before = Path(name).name.rpartition(".")[0]
    return before, f"{AGAIN}/{before}"


def is_own(folder: Path, user: int) -> bool:
    """Whether a folder is a user's, and nobody else puts anything into it. OSError."""
    stat = folder.lstat()
    return S_ISDIR(stat.st_mode) and stat.st_uid == user and not stat.st_mode & (S_IWGRP | S_IWOTH)


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

"""The files that an edge keeps: the numbers, which never come again, and what it has room for."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from hub.errors import ConfigError
from ingest.diode.envelope import MAX_HEAD, Head, UnusableError, head_of, name_of

NAME = re.compile(r"(?P<edge>[a-z0-9][a-z0-9-]{0,31})\.(?P<chain>[0-9a-f]{12})\.(?P<number>[0-9]{12,19})\.gdx")
CHAIN_BYTES = 6
FIRST = 1_735_689_600.0
"""2025: no edge has written before."""


class Kept(NamedTuple):
    """A file of the archive."""

    number: int
    bytes: int
    at: float
    """When it was written, seconds since the epoch."""


class Archive:
    """One process writes it; what is written is on the disk before anybody is told."""

    def __init__(self, folder: Path, outbox: Path | None, edge: str, keep_days: float, keep_mb: int) -> None:
        self._folder, self._outbox, self.edge = folder, outbox, edge
        self._keep_s, self._keep_bytes = keep_days * 86_400, keep_mb << 20
        self.chain = ""
        self.kept: deque[Kept] = deque()
        self.digest = ""
        """Of the newest file."""
        self._handed = True
        """Whether the newest file is in the outbox."""
        self._bytes = 0
        self._lock: int | None = None
        self._ahead = 0.0
        """Of the clock to time.monotonic when it was opened: a clock that is set right meanwhile ages nothing."""

    @property
    def next(self) -> int:
        """The number of the next file."""
        return self.kept[-1].number + 1 if self.kept else 1

    @property
    def kept_from(self) -> int:
        """The lowest number that is kept; that of the next file where none is."""
        return self.kept[0].number if self.kept else self.next

    @property
    def is_over(self) -> bool:
        """Whether there is more than is to be kept."""
        return self._bytes > self._keep_bytes

    def open(self) -> None:
        """Take the folder for this process, and go on where the last one ended. ConfigError, OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._outbox is not None:
            self._outbox.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise ConfigError(f"diode.archive {self._folder}: another edge writes it; each has its own") from error
        for left in self._folder.glob(".*.tmp"):
            left.unlink()
        found = files_of(self._folder, self.edge)
        self.chain = found[-1][0] if found else secrets.token_hex(CHAIN_BYTES)
        self._ahead = time.time() - time.monotonic()
        self.kept = deque(aged([kept for chain, kept in found if chain == self.chain], self._now()))
        self._bytes = sum(each.bytes for each in self.kept)
        if self.kept:
            self.digest = _digest(self.path(self.kept[-1].number))
            self._handed = False  # it may have been written, and not handed over; twice is once
            self._hand_over()

    def close(self) -> None:
        """Leave the folder to others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _now(self) -> float:
        return time.monotonic() + self._ahead

    def path(self, number: int) -> Path:
        """Where a file is kept."""
        return self._folder / name_of(self.edge, self.chain, number)

    def write(self, head: bytes, digest: str, body: bytes) -> Path:
        """Keep the next file, on the disk, and hand it over. OSError: it is not in the archive, and its number is free;
        or not in the outbox, and it is handed over before any other is written.
        """
        self._hand_over()
        path = self.path(self.next)
        draft = self._folder / f".{path.name}.tmp"
        try:
            with draft.open("wb") as file:
                file.write(head)
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        self.kept.append(Kept(self.next, len(head) + len(body), self._now()))
        self._bytes += self.kept[-1].bytes
        self.digest = digest
        self._handed = False
        _sync(self._folder)
        self._hand_over()
        return path

    def waits(self, number: int) -> bool:
        """Whether a file lies in the outbox still."""
        return self._outbox is not None and (self._outbox / self.path(number).name).exists()

    def forget(self, *, handed: bool) -> list[int]:
        """Delete what is too old or too much, never the newest; with `handed` nothing that lies in the outbox."""
        gone: list[int] = []
        oldest = self._now() - self._keep_s
        while len(self.kept) > 1 and (self.is_over or self.kept[0].at < oldest):
            first = self.kept[0]
            if handed and self.waits(first.number):
                break
            path = self.path(first.number)
            if self._outbox is not None:
                (self._outbox / path.name).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            self._bytes -= self.kept.popleft().bytes
            gone.append(first.number)
        return gone

    def _hand_over(self) -> None:
        """The newest file into the outbox, unless it is there: under its name at once, whole."""
        if self._outbox is None or self._handed or not self.kept:
            return
        path = self.path(self.kept[-1].number)
        draft = self._outbox / f".{path.name}.tmp"
        draft.unlink(missing_ok=True)
        try:
            draft.hardlink_to(path)
        except OSError:  # on another file system
            shutil.copyfile(path, draft)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
        draft.rename(self._outbox / path.name)
        draft.unlink(missing_ok=True)  # of two names of one file a rename leaves both
        _sync(self._outbox)
        self._handed = True


def aged(kept: list[Kept], now: float) -> list[Kept]:
    """Files by number, none older than the one before it: a clock that was in 1970 made them no older than they are.

    What is older than any edge could be, or from the future, is of now.
    """
    found: list[Kept] = []
    for each in kept:
        at = each.at if FIRST <= each.at <= now else now
        found.append(each._replace(at=max(at, found[-1].at) if found else at))
    return found


def files_of(folder: Path, edge: str) -> list[tuple[str, Kept]]:
    """Files of an edge with their chains; the chain written last is the last one, each by number."""
    chains: dict[str, list[Kept]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if (name := NAME.fullmatch(entry.name)) is not None and name["edge"] == edge:
                stat = entry.stat()
                chains.setdefault(name["chain"], []).append(Kept(int(name["number"]), stat.st_size, stat.st_mtime))
    by_age = sorted(chains, key=lambda chain: max(each.at for each in chains[chain]))
    return [(chain, kept) for chain in by_age for kept in sorted(chains[chain])]


def exported(folder: Path, edge: str, first: int, last: int, chain: str | None, into: Path) -> list[int]:
    """Copy the files of some numbers, of a chain (None: the newest), into a folder; those that are there. OSError."""
    found = files_of(folder, edge)
    wanted = chain or (found[-1][0] if found else "")
    numbers = [kept.number for of, kept in found if of == wanted and first <= kept.number <= last]
    into.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        name = name_of(edge, wanted, number)
        draft = into / f".{name}.tmp"
        shutil.copyfile(folder / name, draft)
        draft.rename(into / name)
    return numbers


def head_in(path: Path) -> tuple[Head, bytes]:
    """The head of a file, and the signed text. UnusableError, OSError."""
    with path.open("rb") as file:
        head, text, _, _ = head_of(file.read(MAX_HEAD + 256))
    return head, text


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(head_in(path)[1]).hexdigest()
    except UnusableError as error:
        raise ConfigError(
            f"{path} is damaged ({error}): move the archive away, and the edge begins a new chain of numbers"
        ) from error


def _sync(folder: Path) -> None:
    """A name in it is on the disk, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

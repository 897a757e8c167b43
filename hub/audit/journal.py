"""Entries that could not be written into the audit, in a local file until they can: one JSON object a line.

What an emergency desk does goes on while the audit cannot be written; nothing else does. Each entry has an id, so that
it is appended once, however often the file is read.
"""

import asyncio
import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from hub.audit.entry import Entry, write
from hub.errors import AuditUnavailable, HubError
from hub.store.pool import Pool, sorted_errors

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""How often it is tried to append what waits."""


class Journal:
    """One file, which several processes of a machine may share."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def append(self, entry: Entry) -> None:
        """Keep an entry with the time of now; on disk on return. Raises AuditUnavailable when that is not possible."""
        kept = replace(entry, at=entry.at or datetime.now(UTC), journal=uuid4())
        try:
            await asyncio.to_thread(self._append, json.dumps(asdict(kept), ensure_ascii=False, default=str))
        except OSError as error:
            raise AuditUnavailable(f"nor its journal {self._file}: {error.strerror}") from error
        log.warning("%s of %s waits in %s, for the audit cannot be written", entry.action, entry.subject, self._file)

    async def settle(self, pool: Pool) -> int:
        """Append what waits to the audit and empty the file; returns the number. Raises HubError, OSError."""
        found = await asyncio.to_thread(self._read)
        entries = [entry for line in found.splitlines() if (entry := _entry(line)) is not None]
        if not found:
            return 0
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                for entry in entries:
                    await write(conn, entry)
        await asyncio.to_thread(self._empty, len(found))
        return len(entries)

    def _append(self, line: str) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(os.O_RDWR | os.O_CREAT) as file:
            end = os.lseek(file, 0, os.SEEK_END)
            torn = end and os.pread(file, 1, end - 1) != b"\n"  # by a process that was killed while it wrote
            written = (b"\n" if torn else b"") + line.encode() + b"\n"
            if os.write(file, written) != len(written):
                raise OSError(None, "the disk is full")
            os.fsync(file)
        folder = os.open(self._file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # of a file that is new
        finally:
            os.close(folder)

    def _read(self) -> bytes:
        try:
            with self._locked(os.O_RDONLY) as file:
                return os.pread(file, os.fstat(file).st_size, 0)
        except FileNotFoundError:
            return b""

    def _empty(self, size: int) -> None:
        """Empty the file, unless it has grown: then all of it is read again, which appends nothing twice."""
        with self._locked(os.O_RDWR) as file:
            if os.fstat(file).st_size == size:
                os.ftruncate(file, 0)
                os.fsync(file)

    @contextmanager
    def _locked(self, flags: int) -> Iterator[int]:
        file = os.open(self._file, flags, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _entry(line: bytes) -> Entry | None:
    """The entry of a line; a torn one was never answered, so that what it tells was not done."""
    try:
        told = json.loads(line)
        given = {**told, "at": datetime.fromisoformat(told["at"]), "journal": UUID(told["journal"])}
        return Entry(**given)
    except (ValueError, TypeError, KeyError):
        if line.strip():
            log.error("the journal of the audit has a torn line, which is left out: %r", line[:200])
        return None


async def keep_settling(pool: Pool, file: Path) -> None:
    """Append what waits in a file, forever."""
    journal = Journal(file)
    while True:
        try:
            if count := await journal.settle(pool):
                log.warning("%d entries that waited in %s are in the audit now", count, file)
        except (HubError, OSError) as error:
            log.debug("the journal of the audit waits: %s", error)
        await asyncio.sleep(EVERY_S)

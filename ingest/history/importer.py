"""Imports one file: validated as a whole, then stored block by block, resuming an interrupted import.

Imported readings do not pass the rules: history never pages. They are not flagged LATE either.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from devices.registry.registry import Registry
from hub.errors import HistoryRefused
from hub.models import Columns, Micros
from hub.store.pool import Pool
from ingest.history.files import HistoryFile, open_file
from ingest.history.layout import Naming, lay_out
from ingest.history.report import Report
from ingest.history.resolve import Resolved, Resolver
from ingest.history.store import History, Progress

STOP_AFTER = 100
"""Bad rows after which a check ends: who has so many has one mistake, not a hundred."""
TOLD = 10_000
"""Bad rows of a block and of a kind that are told in words; the others are only counted. Protects memory."""
_PASSED: Micros = 7 * 86_400_000_000


@dataclass(slots=True, frozen=True)
class Wanted:
    """Import options."""

    naming: Naming = field(default_factory=Naming)
    time_unit: str | None = None
    zone: tzinfo | None = None
    delimiter: str | None = None
    """None: what the header has most columns with."""
    skip_bad: bool = False
    dry_run: bool = False
    again: bool = False


class Result(NamedTuple):
    progress: Progress
    resumed: int
    """The line from which this attempt read on; 0 for the beginning."""
    done_before: bool
    """Nothing was read: the file was imported already, as a whole."""
    compressed: int
    """Chunks."""


Tell = Callable[[str, float, int], None]
"""What is being done, the share of the file that is done, and how many readings."""


class _Part(NamedTuple):
    resolved: Resolved
    position: int
    line: int


class Importer:
    """Imports files against a fixed snapshot of the registry."""

    def __init__(self, pool: Pool, registry: Registry, tell: Tell) -> None:
        self._pool, self._registry, self._tell = pool, registry, tell

    async def run(self, path: Path, wanted: Wanted) -> Result:
        """Import a file.

        Raises HistoryRefused when it cannot be read at all, or has bad rows and `skip_bad` is not given: then they
        are in FILE.errors.csv and nothing is stored. Raises StoreUnavailable when the store went away: run it again.
        """
        file = open_file(path, wanted.naming.knows, wanted.delimiter)
        layout = lay_out(file.names, wanted.naming)
        now = time.time_ns() // 1000
        resolver = Resolver(self._registry, layout, wanted.time_unit, wanted.zone, now)
        source = _Source(file, layout.columns, resolver)
        if wanted.dry_run:
            with Report(_report_path(path), resumed=False) as report:
                return Result(await self._check(path, source, Progress(), wanted, report), 0, False, 0)
        digest = await asyncio.to_thread(_digest, path, wanted, file.delimiter)
        history = History(self._pool, digest, path)
        start = await history.begin(wanted.again)
        if start.finished_at is not None:
            if not start.bad:
                return Result(start, start.line, True, 0)
            start = await history.begin(again=True)  # what was skipped may be good by now
        with Report(_report_path(path), resumed=start.position > 0) as report:
            if not wanted.skip_bad:
                await self._check(path, source, start, wanted, report)
            progress, compressed = await self._store(path, source, history, start, report, wanted)
        await history.finish()
        return Result(progress, start.line, False, compressed)

    async def _check(self, path: Path, source: "_Source", start: Progress, wanted: Wanted, report: Report) -> Progress:
        """Validate the whole file without storing; HistoryRefused on errors unless they are to be skipped."""
        progress = start
        parts = source.parts(start)
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            report.write(part.resolved.problems)
            progress = _next(progress, part)
            self._tell("checking", source.share(part.position), progress.readings)
            if not wanted.skip_bad and progress.bad - start.bad >= STOP_AFTER:
                break
        if not wanted.skip_bad and progress.bad > start.bad:
            ended = "the check ended there" if part is not None else "all rows were checked"
            raise _refusal(path, progress.bad - start.bad, ended)
        return progress

    async def _store(
        self, path: Path, source: "_Source", history: History, start: Progress, report: Report, wanted: Wanted
    ) -> tuple[Progress, int]:
        """Store block by block, reading the next block while one is being stored."""
        progress, passed = start, _Passed()
        parts = source.parts(start)
        read = partial(asyncio.get_running_loop().run_in_executor, None, next, parts, None)
        following = read()
        compressed = 0
        try:
            while (part := await following) is not None:
                following = read()
                report.write(part.resolved.problems)
                if part.resolved.bad and not wanted.skip_bad:  # a device was removed since the check
                    raise _refusal(path, part.resolved.bad, f"lines up to {progress.line} are stored")
                after = _next(progress, part)
                progress = await history.store(part.resolved.readings, progress, after)
                if (span := passed.take(part.resolved.readings)) is not None:
                    compressed += await history.compress(*span)
                self._tell("storing", source.share(part.position), progress.readings)
        finally:
            await asyncio.gather(following, return_exceptions=True)  # a thread cannot be cancelled
        if (span := passed.rest()) is not None:
            compressed += await history.compress(*span)
        return progress, compressed


class _Source:
    """An open file and its layout."""

    def __init__(self, file: HistoryFile, columns: list[str], resolver: Resolver) -> None:
        self._file, self._columns, self._resolver = file, columns, resolver

    def parts(self, start: Progress) -> Iterator[_Part | None]:
        for block in self._file.blocks(self._columns, start.position, start.line):
            yield _Part(self._resolver(block, TOLD), block.position, block.line)

    def share(self, position: int) -> float:
        return position / max(1, self._file.end)


class _Passed:
    """Tracks time ranges that are complete: all before the newest block while the file is in time order."""

    def __init__(self) -> None:
        self._start: Micros | None = None
        self._end: Micros = 0
        self._first: Micros | None = None
        self._ordered = True

    def take(self, readings: Columns) -> tuple[Micros, Micros] | None:
        """Add a block; returns the completed time range once it spans a week."""
        if not len(readings):
            return None
        low, high = int(readings.ts.min()), int(readings.ts.max())
        if self._first is not None and low < self._first - _PASSED:
            self._ordered = False
        self._first = low if self._first is None else max(low, self._first)
        self._start = low if self._start is None else min(low, self._start)
        self._end = max(high, self._end)
        if not self._ordered or low - self._start < 2 * _PASSED:
            return None
        span = self._start, low - _PASSED
        self._start = span[1]
        return span

    def rest(self) -> tuple[Micros, Micros] | None:
        """The remaining range."""
        return None if self._start is None else (self._start, self._end)


def _next(before: Progress, part: _Part) -> Progress:
    resolved = part.resolved
    return before._replace(
        position=part.position,
        line=part.line,
        readings=before.readings + len(resolved.readings),
        bad=before.bad + resolved.bad,
        conflicting=before.conflicting + resolved.conflicting,
    )


def _refusal(path: Path, bad: int, ended: str) -> HistoryRefused:
    return HistoryRefused(
        f"{path} has {bad} bad rows ({ended}); see {_report_path(path)}. "
        "Correct them, or leave them out with --skip-bad"
    )


def _report_path(path: Path) -> Path:
    return path.with_name(path.name + ".errors.csv")


def _digest(path: Path, wanted: Wanted, delimiter: str) -> bytes:
    """Digest of a file and its import options; the same file for another device is another import."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "blake2b").digest()
    reading = [asdict(wanted.naming), wanted.time_unit, str(wanted.zone), delimiter]
    return hashlib.blake2b(content + msgspec.json.encode(reading), digest_size=32).digest()

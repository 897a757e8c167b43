"""Imports a sheet of devices: validates against the registry, computes changes, and applies them atomically."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from api.context import Context
from api.database import SQL as DATABASE
from api.database import audit, execute, row, rows, writing
from api.sheets.suggestions import Suggestions
from devices.lifecycle import pairs
from devices.sheets.device_rows import Checked, DeviceSheet
from devices.sheets.findings import circle, new_organisation, orphan
from devices.sheets.mistakes import Mistake
from hub.access.caller import Caller
from hub.store.statements import statements

SQL = statements(__name__)

KEPT = 100_000
"""Mistakes and changes of one import that are told; the rest is counted. Protects the memory from a hopeless file."""

Tell = Callable[[str, float], None]
"""Called with what is being done and the share of the whole that is done."""


@dataclass(slots=True, frozen=True)
class Wanted:
    """Import options."""

    dry_run: bool = False
    skip_bad: bool = False


@dataclass(slots=True)
class Result:
    """Result of an import; `done` is false when nothing was stored because of errors."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    done: bool = False
    mistakes: list[Mistake] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    """Of a dry run: `line, code, action`, and for a changed device each column as it was and would be."""
    more: int = 0
    """Mistakes beyond KEPT."""

    @property
    def errors(self) -> int:
        """Number of errors."""
        return sum(item.grade == "error" for item in self.mistakes) + self.more

    def add(self, found: list[Mistake]) -> None:
        """Record mistakes, up to KEPT."""
        room = max(KEPT - len(self.mistakes), 0)
        self.mistakes += found[:room]
        self.more += len(found) - len(found[:room])


class _Undo(Exception):
    """Rolls back the transaction of a dry run or failed import."""


class Import:
    """One import of one sheet; `run` once."""

    def __init__(self, context: Context, caller: Caller, path: Path, wanted: Wanted, tell: Tell) -> None:
        self._context, self._caller = context, caller
        self._path, self._wanted, self._tell = path, wanted, tell
        self.result = Result()

    async def run(self) -> Result:
        """Validate everything, then store unless there are errors or it is a dry run. Database errors propagate."""
        with suppress(_Undo):  # the transaction is rolled back, the result tells why
            async with writing(self._context) as conn:
                await self._run(conn)
        self.result.mistakes.sort(key=lambda item: item.line)
        return self.result

    async def _run(self, conn: AsyncConnection) -> None:
        result, sheet = self.result, DeviceSheet(self._path)
        await execute(conn, SQL.import_staging, {})
        await self._stage(conn, sheet)
        await execute(conn, SQL.import_analyze, {})
        self._tell("comparing", 0.55)
        await row(conn, DATABASE.registry_lock)
        await execute(conn, SQL.import_resolve, {"columns": sheet.columns})
        await execute(conn, SQL.import_analyze, {})  # else nearly nothing seems to be registered: 60 s, not 1 s
        await self._ask(conn)
        if self._wanted.skip_bad and not sheet.hopeless:
            await self._skip(conn)
        elif result.errors:
            raise _Undo
        self._tell("comparing", 0.65)
        await self._compare(conn)
        result.done = True
        if self._wanted.dry_run or not (result.created or result.updated):
            raise _Undo
        self._tell("storing", 0.7)
        await self._store(conn)
        self._tell("storing", 1.0)

    async def _stage(self, conn: AsyncConnection, sheet: DeviceSheet) -> None:
        parts = sheet.parts()
        async with conn.cursor() as cursor, cursor.copy(SQL.import_copy.encode()) as copy:
            # Checked in a thread, part by part: the event loop serves others meanwhile.
            while (part := await asyncio.to_thread(_next, parts)) is not None:
                checked, packed = part
                await copy.write(packed)
                self.result.rows += len(checked.rows)
                self.result.add(checked.mistakes)
                self._tell("reading", 0.5 * checked.share)

    async def _ask(self, conn: AsyncConnection) -> None:
        """Checks that need the registry."""
        suggestions = Suggestions(conn)
        found = [await suggestions.mistake(item) for item in await rows(conn, SQL.import_mistakes, _STEPS)]
        self.result.add(found)
        circles = await rows(conn, SQL.import_cycles)
        self.result.add([circle(**item) for item in circles])
        self.result.add(await _new_organisations(conn))
        lines = [item.line for item in found if item.grade == "error"] + [item["line"] for item in circles]
        if lines:
            await execute(conn, SQL.import_bad, {"lines": lines})

    async def _skip(self, conn: AsyncConnection) -> None:
        """Skip bad rows and their children."""
        while orphans := await rows(conn, SQL.import_orphans):
            self.result.add(
                [orphan(item["line"], item["code"], item["parent"], item["above_line"]) for item in orphans]
            )
        deleted = await conn.execute(SQL.import_drop_bad.encode())
        self.result.skipped = deleted.rowcount

    async def _compare(self, conn: AsyncConnection) -> None:
        result = self.result
        await execute(conn, SQL.import_differ, {})
        counted = await row(conn, SQL.import_count) or {}
        result.created, result.updated = counted["created"], counted["updated"]
        for item in await rows(conn, SQL.import_compare, {"limit": KEPT}) if self._wanted.dry_run else []:
            change = {"line": item["line"], "code": item["code"], "action": "create" if item["fresh"] else "change"}
            result.changes.append(change if item["fresh"] else {**change, "changes": item["changes"]})
        result.unchanged = result.rows - result.skipped - result.created - result.updated

    async def _store(self, conn: AsyncConnection) -> None:
        """Store with a fixed number of set-based statements."""
        result = self.result
        organisations = [item["code"] for item in await rows(conn, SQL.import_organisations)]
        await execute(conn, DATABASE.organisations_add, {"codes": organisations})
        if result.created:
            await execute(conn, SQL.import_ids, {})
            await execute(conn, SQL.import_insert, {})
        self._tell("storing", 0.9)
        if result.updated:
            await execute(conn, SQL.import_analyze, {})  # as above: of what differs
            await execute(conn, SQL.import_update, {})
            await execute(conn, SQL.import_steps, {"actor": self._caller.name})
        counts = {name: getattr(result, name) for name in ("created", "updated", "unchanged", "skipped")}
        await audit(conn, self._caller, "devices.import", f"{result.rows} devices", counts)


_STEPS = {"steps": list(pairs())}


def _next(parts: Iterator[Checked]) -> tuple[Checked, bytes] | None:
    part = next(parts, None)
    return None if part is None else (part, _packed(part.rows))


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _packed(staged: list[tuple[Any, ...]]) -> bytes:
    """Rows in PostgreSQL's COPY text format; five times as fast as the driver's row-by-row copy."""
    lines = []
    for line in staged:
        cells = [
            "\\N" if cell is None else cell.translate(_ESCAPES) if isinstance(cell, str) else repr(cell)
            for cell in line
        ]
        lines.append("\t".join(cells))
    return "".join(f"{line}\n" for line in lines).encode()


async def _new_organisations(conn: AsyncConnection) -> list[Mistake]:
    """Warnings about new organisations that resemble existing ones."""
    fresh = await rows(conn, SQL.import_organisations)
    if not fresh:
        return []
    codes = [item["code"] for item in await rows(conn, SQL.organisation_codes)]
    found = [new_organisation(item["line"], item["code"], codes) for item in fresh[:1000]]
    return [item for item in found if item is not None]

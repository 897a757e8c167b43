"""Imports a sheet of devices: validates against the registry, computes changes, and applies them atomically."""

from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row

from api.context import Context
from api.database import SQL as DATABASE
from api.database import audit, each_row, execute, row, rows, writing
from api.sheets.result import Result
from api.sheets.suggestions import Suggestions
from devices.lifecycle import pairs
from devices.sheets.columns import EXAMPLE
from devices.sheets.findings import new_organisation, orphan, stranded
from devices.sheets.mistakes import Mistake
from devices.sheets.parts import Part
from devices.sheets.reading import TURNS, read_parts
from hub.access.caller import Caller
from hub.store.statements import statements

SQL = statements(__name__)

TRIES = 3
Tell = Callable[[str, float], None]
"""Called with what is being done and the share of the whole that is done."""


@dataclass(slots=True, frozen=True)
class Wanted:
    """Import options."""

    dry_run: bool = False
    skip_bad: bool = False


class _Undo(Exception):
    """Rolls back the transaction of a dry run or failed import."""


class Import:
    """One import of one sheet; `run` once."""

    def __init__(self, context: Context, caller: Caller, path: Path, wanted: Wanted, tell: Tell) -> None:
        self._context, self._caller = context, caller
        self._path, self._wanted, self._tell = path, wanted, tell
        self.result = Result()

    async def run(self) -> Result:
        """Validate everything, then store unless there are errors or it is a dry run. Database errors propagate.

        What sources register by themselves (devices found by their IMEI, channels of recorders) takes no turns: where
        that came between, all is validated again.
        """
        for left in reversed(range(TRIES)):
            self.result = Result()
            try:
                with suppress(_Undo):  # the transaction is rolled back, the result tells why
                    async with TURNS, writing(self._context) as conn:
                        await self._run(conn)
                break
            except UniqueViolation:
                if not left:
                    raise
        self.result.mistakes.sort(key=lambda item: item.line)
        return self.result

    async def _run(self, conn: AsyncConnection) -> None:
        result = self.result
        await execute(conn, SQL.import_staging, {})
        await execute(conn, SQL.import_staging_changes, {})
        await execute(conn, SQL.import_staging_mistakes, {})
        sheet = await self._stage(conn)
        await execute(conn, SQL.import_analyze, {})
        self._tell("comparing", 0.55)
        await row(conn, DATABASE.registry_lock)
        await execute(conn, SQL.import_resolve, {"columns": list(sheet.columns)})
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

    async def _stage(self, conn: AsyncConnection) -> Part:
        """Copy the rows of the sheet to the staging table; its last part."""
        last = Part()
        async with (
            aclosing(read_parts("devices", self._path)) as parts,
            conn.cursor() as cursor,
            cursor.copy(SQL.import_copy.encode()) as copy,
        ):
            async for last in parts:
                await copy.write(last.rows)
                self.result.rows += last.rows.count(b"\n")
                self.result.add(last.mistakes)
                self._tell("reading", 0.5 * last.share)
        return last

    async def _ask(self, conn: AsyncConnection) -> None:
        """Checks that need the registry."""
        await execute(conn, SQL.import_find, _KNOWN)
        for find in (SQL.import_find_cycles, SQL.import_addresses_find, SQL.import_bad):
            await execute(conn, find, {})
        self.result.errors += (await row(conn, SQL.import_errors) or {})["count"]
        suggestions = Suggestions(conn)
        async with aclosing(each_row(conn, SQL.import_mistakes)) as found:
            async for item in found:
                if not self.result.keep(await suggestions.mistake(item)):
                    break
        self.result.add(await _new_organisations(conn))

    async def _skip(self, conn: AsyncConnection) -> None:
        """Skip bad rows, their children, and what needs an address or a line of theirs."""
        more = True
        while more:
            more = False
            async with conn.cursor(row_factory=dict_row) as cursor:
                async for item in cursor.stream(SQL.import_orphans.encode()):
                    more = True
                    self.result.add([orphan(item["line"], item["code"], item["parent"], item["above_line"])])
                async for item in cursor.stream(SQL.import_addresses_stranded.encode()):
                    more = True
                    self.result.add([stranded(item["line"], item["code"], item["told"], item["above_line"])])
        deleted = await conn.execute(SQL.import_drop_bad.encode())
        self.result.skipped = deleted.rowcount

    async def _compare(self, conn: AsyncConnection) -> None:
        result = self.result
        await execute(conn, SQL.import_differ, {})
        counted = await row(conn, SQL.import_count) or {}
        result.created, result.updated = counted["created"], counted["updated"]
        result.unchanged = result.rows - result.skipped - result.created - result.updated
        if not self._wanted.dry_run:
            return
        async with aclosing(each_row(conn, SQL.import_compare)) as found:
            async for item in found:
                change = {"line": item["line"], "code": item["code"], "action": "create" if item["fresh"] else "change"}
                if not result.change(change if item["fresh"] else {**change, "changes": item["changes"]}):
                    break

    async def _store(self, conn: AsyncConnection) -> None:
        """Store with a fixed number of set-based statements."""
        result = self.result
        counts = {name: getattr(result, name) for name in ("created", "updated", "unchanged", "skipped")}
        await audit(conn, self._caller, "devices.import", f"{result.rows} devices", counts)
        who = {"actor": self._caller.actor, "address": self._caller.address}
        await execute(conn, SQL.import_organisations_add, who)
        await execute(conn, SQL.import_told, who)
        if result.created:
            await execute(conn, SQL.import_ids, {})
            await execute(conn, SQL.import_plans, {})
            await execute(conn, SQL.import_insert, {})
        self._tell("storing", 0.9)
        if result.updated:
            await execute(conn, SQL.import_analyze, {})  # as above: of what differs
            await execute(conn, SQL.import_update, {})
            await execute(conn, SQL.import_steps, who)
            await execute(conn, SQL.import_addresses_remove, {})
        await execute(conn, SQL.import_addresses_add, {})


_KNOWN = {"steps": list(pairs()), "example": EXAMPLE}


async def _new_organisations(conn: AsyncConnection) -> list[Mistake]:
    """Warnings about new organisations that resemble existing ones."""
    fresh = await rows(conn, SQL.import_organisations)
    if not fresh:
        return []
    codes = [item["code"] for item in await rows(conn, SQL.organisation_codes)]
    found = [new_organisation(item["line"], item["code"], codes) for item in fresh]
    return [item for item in found if item is not None]

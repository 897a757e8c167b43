"""The only code path that changes cases, used by people, rules, clocks and outside systems alike."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import class_row

from hub.cases.case import Case
from hub.cases.files import File, keep, take_over
from hub.cases.plan import Known, Plan, Result, Stored, plan
from hub.cases.stage_clock import Clock
from hub.cases.step import Change, Report, Step
from hub.cases.telling import subscribed, tell
from hub.cases.terms import in_force, read_terms
from hub.cases.transitions import ENDED, TRANSITIONS
from hub.store.statements import statements

SQL = statements(__name__)

NO_FILES: Mapping[UUID, Sequence[File]] = MappingProxyType({})
_ENDING = frozenset(each.kind for each in TRANSITIONS if each.after in ENDED and each.after != "merged")
_CASE = tuple(each.name for each in fields(Case) if each.name != "clocks")


async def apply(
    conn: psycopg.AsyncConnection, changes: Sequence[Change], files: Mapping[UUID, Sequence[File]] = NO_FILES
) -> list[Result]:
    """Take steps of cases in their order, inside the caller's transaction; a result for each.

    `files` are those that a step brings, by its id: a step whose files are too many is refused, and the caller is to
    roll back then.

    Call it last: it takes the lock that orders all steps, and holds it until the caller's commit. Who changes alerts
    too does that afterwards. Raises psycopg.Error, and RuntimeError outside a transaction, where nothing would hold
    the lock.
    """
    if not changes:
        return []
    if conn.info.transaction_status != TransactionStatus.INTRANS:
        raise RuntimeError("cases change inside a transaction only")
    table = await in_force(conn)  # before the lock, which others wait for
    await conn.execute(SQL.lock)
    told = await subscribed(conn)  # after it: a consumer that was added while others held it is told
    stored = await _stored(conn, changes)
    of = {(case.category_kind, case.category) for case in stored.cases}
    of |= {(each.category_kind, each.category) for each in changes}
    planned = plan(changes, stored, await read_terms(conn, table, of))
    if planned.steps:
        await _write(conn, planned)
    if alerts := [case.alert_id for case in planned.added if case.alert_id is not None]:
        await take_over(conn, alerts)
    results = [await _with_files(conn, result, files) for result in planned.results]
    if planned.steps and told:
        await tell(conn, list(zip(planned.steps, planned.after, strict=True)))
    return results


async def _with_files(conn: psycopg.AsyncConnection, result: Result, files: Mapping[UUID, Sequence[File]]) -> Result:
    if result.outcome != "applied" or result.case is None or result.change.id not in files:
        return result
    refused = await keep(conn, result.case, files[result.change.id])
    return result if refused is None else result._replace(outcome="refused", reason=refused)


async def _stored(conn: psycopg.AsyncConnection, changes: Sequence[Change]) -> Stored:
    """Lock and read the cases concerned, with the clocks that run."""
    rows = await (await conn.execute(SQL.known, {"ids": [change.id for change in changes]})).fetchall()
    known = {id_: Known(case_id, kind) for id_, case_id, kind in rows}
    wanted = {
        "ids": [
            *(change.case_id for change in changes),
            *(change.into for change in changes if isinstance(change, Step) and change.into is not None),
        ],
        "ending": [change.case_id for change in changes if change.kind in (*_ENDING, "merged")],
    }
    async with conn.cursor(row_factory=class_row(Case)) as cursor:
        cases = await (await cursor.execute(SQL.cases, wanted)).fetchall()
    by_id = {case.id: case for case in cases}
    for case_id, *clock in await (await conn.execute(SQL.clocks, {"ids": list(by_id)})).fetchall():
        by_id[case_id].clocks.append(Clock(*clock))
    alerts: dict[UUID, UUID] = {}
    if reported := [change for change in changes if isinstance(change, Report) and change.alert_id is not None]:
        of_rules = [change.alert_id for change in reported if change.source == "rule"]
        asked = {"alert_ids": [change.alert_id for change in reported], "of_rules": of_rules}
        alerts = dict(await (await conn.execute(SQL.of_alerts, asked)).fetchall())
    return Stored(known, cases, alerts)


async def _write(conn: psycopg.AsyncConnection, planned: Plan) -> None:
    """Write cases, steps and clocks, one statement each."""
    # Those that end first: they make room for the next case of their alert.
    if planned.changed:
        await conn.execute(SQL.update, {"rows": _json([_row(case) for case in planned.changed.values()])})
    if planned.added:
        await conn.execute(SQL.insert, {"rows": _json([_row(case) for case in planned.added])})
    await conn.execute(SQL.record, {"rows": _json([step._asdict() for step in planned.steps])})
    cases = [*planned.changed.values(), *planned.added]
    clocks = [{"case_id": case.id, **asdict(clock)} for case in cases for clock in case.clocks]
    if clocks:
        await conn.execute(SQL.clock, {"rows": _json(clocks)})
    await conn.execute(SQL.notify)


def _row(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _CASE}


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, default=_plain, ensure_ascii=False)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

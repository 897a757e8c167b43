"""The only code path that changes alerts, used by the pipeline and by operators alike."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus

from hub.alerts.alert import Alert, Applied, Change, Plan, Raise, Result, Step, Where, fields_of, plan
from hub.alerts.degraded import elsewhere
from hub.alerts.escalation import climbed
from hub.alerts.fallback import fallen
from hub.alerts.fused import Fused
from hub.alerts.grouping import grouped
from hub.alerts.home import Home
from hub.alerts.recipients import Owed, owed
from hub.alerts.tested import tested
from hub.alerts.transitions import CONDITIONS, ENDED, RECORDS, state_of
from hub.models import AlertChange
from hub.store.statements import statements
from hub.words.sentence import written

SQL = statements(__name__)


TOLD = ENDED | {"reopened"}
"""Steps of which the rules hear while the condition lasts."""


async def apply(conn: psycopg.AsyncConnection, changes: Sequence[Change]) -> list[Result]:
    """Apply changes in their order, with their deliveries, inside the caller's transaction; a result for each.

    Call it last: it takes the lock that orders all changes, and holds it until the caller's commit.
    Raises psycopg.Error, and RuntimeError outside a transaction, where nothing would hold the lock.
    """
    if not changes:
        return []
    if conn.info.transaction_status != TransactionStatus.INTRANS:
        raise RuntimeError("alerts change inside a transaction only")
    await conn.execute(SQL.lock)
    planned = await _plan(conn, changes)
    if planned.applied:
        await _write(conn, planned.applied)
    return planned.results


async def _plan(conn: psycopg.AsyncConnection, changes: Sequence[Change]) -> Plan:
    """Lock and read the alerts concerned, then plan the changes."""
    raised = [change for change in changes if isinstance(change, AlertChange) and change.kind == "raised"]
    own = [change for change in changes if isinstance(change, Raise)]
    into = [change.merged_into for change in changes if isinstance(change, Step) and change.merged_into is not None]
    wanted = {
        "ids": [*(change.alert_id for change in changes), *into],
        "rule_ids": [change.rule_id for change in raised],
        "targets": [change.target for change in raised],
        "own": [change.target for change in own],
        "reopened": [change.alert_id for change in changes if change.kind == "reopened"],
    }
    known = {id_ for (id_,) in await _rows(conn, SQL.known, {"ids": [change.id for change in changes]})}
    alerts = [Alert(*row) for row in await _rows(conn, SQL.alerts, wanted)]
    homes: dict[Where, Home] = {}
    if raised:
        wanted["device_ids"] = [change.device_id for change in raised]
        homes = {(rule, device): Home(*home) for rule, device, *home in await _rows(conn, SQL.homes, wanted)}
    if own:
        columns = ("id", "device_id", "region", "organisation", "category", "lon", "lat")
        places = {name: [getattr(change, name) for change in own] for name in columns}
        homes |= {id_: Home(*home) for id_, *home in await _rows(conn, SQL.places, places)}
    return plan(changes, known, alerts, homes)


async def _write(conn: psycopg.AsyncConnection, applied: Sequence[Applied]) -> None:
    """Write alerts, changes, deliveries and endings, one statement each."""
    fresh = {change.alert_id for change, _ in applied if change.kind == "raised"}
    last = {alert.id: alert for _, alert in applied}
    # Updates first: an alert that clears makes room for the next of its rule and target.
    if changed := [alert for alert in last.values() if alert.id not in fresh]:
        await conn.execute(SQL.update, _columns(changed))
    if added := [alert for alert in last.values() if alert.id in fresh]:
        await conn.execute(SQL.insert, _columns(added))
        if proofs := [alert for alert in added if alert.drill_id is not None and alert.rule_id is not None]:
            await conn.execute(SQL.prove, _columns(proofs))
    if held := [alert for alert in last.values() if alert.own_level is not None]:
        await conn.execute(SQL.hold, _columns(held))
    telling = [each for each in applied if each.change.kind not in RECORDS]
    deliveries = await owed(conn, telling)
    deliveries += await fallen(conn, telling, deliveries)
    deliveries += await elsewhere(conn, telling, deliveries)
    deliveries += await tested(conn, telling, deliveries)
    deliveries = await climbed(conn, applied, deliveries)
    told: dict[UUID, list[int]] = {change.id: [] for change, _ in applied}
    for each in deliveries:
        told[each.change_id].append(each.consumer_id)
    single, groups = await grouped(conn, applied, deliveries)
    recipients = {
        "recipients": [_array(each) for each in told.values()],
        "grouped": [_array(found) if (found := groups.get(id_)) else None for id_ in told],
    }
    await conn.execute(SQL.record, {**_recorded(applied), **recipients})
    await tell(conn, deliveries)
    if single:
        await conn.execute(SQL.deliver, dict(zip(Owed._fields, map(list, zip(*single, strict=True)), strict=True)))
    if ended := [
        change.id for change, alert in applied
        if isinstance(change, Step) and change.kind in TOLD and alert.cleared_at is None and alert.rule_id is not None
    ]:  # fmt: skip
        await conn.execute(SQL.ended, {"change_ids": ended})
    await conn.execute(SQL.notify)


async def tell(conn: psycopg.AsyncConnection, deliveries: Sequence[Owed]) -> None:
    """Note who is told of alerts by these, so that he hears how they go on; not those from whom they are kept back."""
    kept = {each.consumer_id for each in deliveries if not each.now}
    followers = {id_ for (id_,) in await _rows(conn, SQL.followers, {"ids": list(kept)})} if kept else set[int]()
    told = defaultdict[UUID, set[int]](set)
    for each in deliveries:
        if each.now or each.consumer_id in followers:
            told[each.alert_id].add(each.consumer_id)
    if told:
        consumers = [_array(sorted(each)) for each in told.values()]
        await conn.execute(SQL.told, {"alerts": list(told), "consumers": consumers})


async def _rows(
    conn: psycopg.AsyncConnection, statement: str, values: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement, values)).fetchall()


def _columns(alerts: Sequence[Alert]) -> dict[str, list[Any]]:
    return dict(zip(Alert.__slots__, map(list, zip(*map(fields_of, alerts), strict=True)), strict=True))


def _words(note: str) -> str | None:
    """What a sentence of the hub was made of, as JSON; None for what people write."""
    return None if (words := written(note)) is None else json.dumps(words)


def _details(change: Change) -> str | None:
    """Of a step of the desk, or of fusion, or why a signal was beyond a threshold, as JSON."""
    details: Mapping[str, Any] | None = change.details if isinstance(change, Step | Fused) else None
    if isinstance(change, AlertChange) and change.why is not None:
        details = {"why": change.why}
    return None if details is None else json.dumps(details)


def _array(ids: Sequence[int]) -> str:
    """As PostgreSQL writes an array: those in an array must all be of one length."""
    return f"{{{','.join(map(str, ids))}}}"


def _recorded(applied: Sequence[Applied]) -> dict[str, list[Any]]:
    """The columns of alert_change and of the pictures."""
    alerts = [alert for _, alert in applied]
    return {
        **_columns(alerts),
        "change_id": [change.id for change, _ in applied],
        "kind": [change.kind for change, _ in applied],
        "actor": [change.actor for change, _ in applied],
        "note": [change.note for change, _ in applied],
        "note_words": [None if change.note is None else _words(change.note) for change, _ in applied],
        "details": [_details(change) for change, _ in applied],
        "principal": [change.principal if isinstance(change, Step | Raise) else None for change, _ in applied],
        "condition": [CONDITIONS[alert.cleared_at is not None] for alert in alerts],
        "state": [state_of(alert.handling, alert.cleared_at is not None) for alert in alerts],
    }

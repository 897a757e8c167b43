"""Tells consumers of each change of a case: the deliveries are made in the transaction of the step.

What is told is named by the kinds of the transition table, so no transition is without. A system's own steps are not
told to it again; what follows of them is.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import psycopg

from hub.cases.case import Case
from hub.cases.plan import Taken
from hub.cases.transitions import FOLLOWING
from hub.models import LEVEL_NAMES
from hub.store.statements import statements

SQL = statements(__name__)

_PERSONS = {"reported_by", "stage_by", "asked_by"}
_OWN = {"id", "number", "level", "supervision", "alert_id", "updated_at", "visits", "clocks", "category_version"}
_AS_IT_IS = tuple(each.name for each in fields(Case) if each.name not in _PERSONS | _OWN)
"""What is told of a case by the name that the store has for it."""


async def subscribed(conn: psycopg.AsyncConnection) -> bool:
    """Whether any consumer wants to be told of cases."""
    return await (await conn.execute(SQL.subscribed)).fetchone() is not None


async def tell(conn: psycopg.AsyncConnection, steps: Sequence[tuple[Taken, Case]]) -> None:
    """Make the deliveries of steps that are stored, each with its case as it was after it."""
    rows = [
        {
            "case_id": step.case_id, "seq": step.seq, "kind": step.kind, "at": step.at, "actor": step.actor,
            "follows": step.kind in FOLLOWING, "picture": picture(step, case),
        }
        for step, case in steps
    ]  # fmt: skip
    await conn.execute(SQL.tell, {"rows": json.dumps(rows, default=_plain, ensure_ascii=False)})


def picture(step: Taken, case: Case) -> dict[str, Any]:
    """What is told of a step: the step, and the case after it; who took it stays here."""
    detail = dict(step.detail)
    return {
        "case": case.id, "seq": step.seq, "step": step.kind, "stage_from": step.stage_from,
        "step_organisation": step.organisation, "note": step.note, "outcome": detail.pop("outcome", None),
        "detail": detail, "level": _level(case.level), "supervision": _level(case.supervision), "alert": case.alert_id,
        **{name: getattr(case, name) for name in _AS_IT_IS},
    }  # fmt: skip


def _level(level: int | None) -> str | None:
    return None if level is None else LEVEL_NAMES[level - 1]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

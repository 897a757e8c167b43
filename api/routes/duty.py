"""Who is on duty now (值班), everywhere that the caller may see."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import rows
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.duty.on_duty import on_duty
from hub.duty.rota import Reason
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["duty"])
_KEYS = {"code": str}


class OnDuty(BaseModel):
    """Who is on duty by a rota."""

    code: Code = Field(description="of the rota")
    name: str
    organisation: Code
    region: str | None
    handover_minutes: int | None = Field(
        description="how long people stay on duty while nobody takes over; null: shifts change by the clock"
    )
    people: list[str | None] = Field(description="their accounts; null for a name above the caller's ceiling")
    held_over: list[str | None] = Field(
        description="those of them whose shift is over and who stay, because nobody has taken over"
    )
    leader: str | None = Field(description="who leads them, also while nobody is on duty")
    present: bool = Field(description="somebody of them is at a desk: an open stream of alerts, and a click lately")
    reason: Reason | None = Field(
        description="why nobody is on duty: before the first turn, a hole between shifts, the calendar of a year is "
        "missing, or no account of theirs can log in"
    )


@router.get("/duty", response_model=Page[OnDuty])
@needs(Permission.ROTAS_READ)
async def list_duty(paging: Paged, context: Here) -> Any:
    """Who is on duty now, by rota."""
    async with context.pool.connection() as conn:
        found = await rows(conn, SQL.rotas, paging.after(_KEYS))
        duties = await on_duty(conn, datetime.now(UTC)) if found else {}
        named = await names(context, conn, (id_ for each in duties.values() for id_ in (*each.people, each.leader)))
    told = [
        {
            **each,
            "people": sorted((named.get(id_) for id_ in duty.people), key=str),
            "held_over": sorted((named.get(id_) for id_ in duty.held_over), key=str),
            "leader": duty.leader and named.get(duty.leader),
            "present": duty.present,
            "reason": duty.reason,
        }
        for each in found
        if (duty := duties.get(each["code"])) is not None
    ]
    return {**paging.page(found, _KEYS), "items": told[: paging.limit]}


async def names(context: Context, conn: AsyncConnection, ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The names of accounts; none for a caller who may not read what is personal."""
    if context.scope.uncut is not None:
        return {}
    found = await rows(conn, SQL.names, {"ids": list({id_ for id_ in ids if id_ is not None})})
    return {each["id"]: each["name"] for each in found}

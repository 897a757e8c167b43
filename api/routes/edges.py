"""Edges behind data diodes (网闸): how far their numbers have come, which are missing, and what was set aside."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.context import Here
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, writing
from api.problems import invalid, not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/edges", tags=["edges"])
_CHAINS = {"edge": str, "chain": str}
_GAPS = {"edge": str, "chain": str, "from_number": int}
_ASIDE = {"id": int}
Edge = Annotated[str | None, Query(description="only of this edge")]


class Chain(BaseModel):
    """The numbers of an edge; one that has lost its archive begins another chain."""

    edge: str
    chain: str
    highest: int = Field(description="the highest number that is stored")
    complete: int = Field(description="up to this number each is stored, or given up")
    missing: int = Field(description="numbers between the two that are missing")
    kept_from: int = Field(description="the lowest number that the edge still had when it wrote the newest")
    first_at: datetime
    arrived_at: datetime | None = Field(description="when its last file was stored")
    heard_at: datetime | None = Field(description="up to when the edge had heard everything, without what is missing")
    written_at: datetime | None = Field(description="when it wrote its newest file, by its own clock")
    clock: Literal["right", "unsure", "unknown"] = Field(description="what it knows of its clock")
    moved_s: float = Field(description="by how much its times are moved, for its clock cannot be right")
    files: int
    messages: int
    again: int = Field(description="files that came again, and changed nothing")
    given_up: int


class NumberGap(BaseModel):
    """Numbers that are missing below a higher one."""

    edge: str
    chain: str
    from_number: int
    to_number: int
    since: datetime = Field(description="since when a higher one is stored")
    kept: bool = Field(description="whether the edge still had all of them when it wrote its newest file")


class Aside(BaseModel):
    """A file that was set aside; edge, chain and number as it claims them."""

    id: int
    at: datetime
    file: str
    reason: str
    detail: str
    edge: str | None
    chain: str | None
    number: int | None


class GiveUpBody(BaseModel):
    """Numbers that will not come."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"chain": "0a1b2c3d4e5f", "to": 120, "reason": "disk of the edge broke"}]},
    )

    chain: str = Field(pattern="^[0-9a-f]{12}$")
    to: int = Field(ge=1, description="all that are missing up to this number")
    reason: str = Field(min_length=1, max_length=500)


@router.get("", response_model=Page[Chain])
@needs(Permission.PROVISIONING_READ)
async def list_chains(paging: Paged, context: Here, edge: Edge = None) -> Any:
    """How far each edge has come, by name."""
    return paging.page(await read(context, SQL.chains, {"edge": edge, "chain": None, **paging.after(_CHAINS)}), _CHAINS)


@router.get("/gaps", response_model=Page[NumberGap])
@needs(Permission.PROVISIONING_READ)
async def list_number_gaps(paging: Paged, context: Here, edge: Edge = None) -> Any:
    """Numbers that are missing; one that arrives later closes its gap."""
    return paging.page(await read(context, SQL.gaps, {"edge": edge, **paging.after(_GAPS)}), _GAPS)


@router.get("/aside", response_model=Page[Aside])
@needs(Permission.PROVISIONING_READ)
async def list_aside(paging: Paged, context: Here, edge: Edge = None) -> Any:
    """Files that were set aside, and why; the newest first."""
    return paging.page(await read(context, SQL.aside, {"edge": edge, **paging.after(_ASIDE)}), _ASIDE)


@router.post("/{edge}:give-up", response_model=Chain, responses=responses(404, 422))
@needs(Permission.PROVISIONING_WRITE)
async def give_up(edge: str, body: GiveUpBody, context: Here, caller: TheCaller) -> Any:
    """Count numbers that are missing as such that will not come; one that comes nevertheless is stored."""
    asked = {"edge": edge, "chain": body.chain, "to": body.to}
    async with writing(context) as conn:
        known = await row(conn, SQL.locked, asked)
        if known is None:
            raise not_found("edge", edge)
        if body.to > known["highest"]:
            raise invalid("/to", Sentence("refusal.edge.number", chain=body.chain, highest=known["highest"]))
        await execute(conn, SQL.give_up, asked)
        await audit(conn, caller, "edge.give_up", edge, body.model_dump())
        return await row(conn, SQL.chains, {**asked, "after_edge": None, "after_chain": None, "limit": 1})

"""What consumers were told of cases, whether it arrived, and telling it again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import Code, Moment
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.language import Spoken, failure_in
from api.problems import not_found, responses
from api.push.case_deliveries import SCHEMA
from api.push.case_event import CaseEvent
from hub.access.door import GuardedRouter, TheCaller, needs, public
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["consumers"])
_KEYS = {"id": int}


class CaseDelivery(BaseModel):
    """One change of a case for one consumer."""

    id: int
    consumer: Code
    case: UUID
    number: str
    seq: int
    kind: str = Field(description="the step; its event is of the type ganzhi.case.KIND and has the id CASE.SEQ")
    at: datetime
    state: Literal["pending", "delivered", "given_up"]
    attempts: int
    next_at: datetime | None = Field(description="of one that is pending: not tried before")
    settled_at: datetime | None
    last_error: str | None


class AgainBody(BaseModel):
    """What to tell again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"since": "2026-11-30T00:00:00+08:00"}]})

    since: Moment | None = Field(default=None, description="only steps from this time on")
    case: UUID | None = Field(default=None, description="only of this case")
    accepted: bool = Field(default=False, description="also what it has accepted already, for one that has lost it")


class Again(BaseModel):
    """What is to go out again."""

    deliveries: int


@router.get("/case-deliveries", response_model=Page[CaseDelivery])
@needs(Permission.CONSUMERS_READ)
async def list_case_deliveries(
    paging: Paged,
    context: Here,
    spoken: Spoken,
    consumer: Annotated[Code | None, Query()] = None,
    case: Annotated[UUID | None, Query()] = None,
    state: Annotated[Literal["pending", "delivered", "given_up"] | None, Query()] = None,
) -> Any:
    """Changes of cases for consumers, the newest first."""
    asked = {"consumer": consumer, "case": case, "state": state, **paging.after(_KEYS)}
    page = paging.page(await read(context, SQL.deliveries, asked), _KEYS)
    return {**page, "items": [failure_in(spoken, each) for each in page["items"]]}


@router.post("/consumers/{code}/case-deliveries:again", response_model=Again, responses=responses(404))
@needs(Permission.CONSUMERS_WRITE)
async def tell_again(code: Code, body: AgainBody, context: Here, caller: TheCaller) -> Any:
    """Tell again what a consumer did not take within a day, with the same ids, in order per case, for another day."""
    async with writing(context) as conn:
        if await row(conn, SQL.ready, {"code": code}) is None:
            raise not_found("consumer", code)
        found = await row(conn, SQL.again, {"code": code, **body.model_dump()}) or {"deliveries": 0}
        noted: dict[str, JsonValue] = body.model_dump(mode="json", exclude_none=True)
        await audit(conn, caller, "consumer.tell_again", code, noted | found)
    return found


@router.get("/schemas/case", response_model=dict[str, JsonValue])
@public("what an event is made of is no data")
async def case_schema() -> Any:
    """The JSON Schema of the data of ganzhi.case.* events, which name it as their dataschema."""
    return {"$id": SCHEMA, "$schema": "https://json-schema.org/draft/2020-12/schema", **CaseEvent.model_json_schema()}

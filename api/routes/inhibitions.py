"""Inhibitions (抑制): which alerts of a gateway or a pole keep back which alerts of the devices behind it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.context import Here
from api.contract_types import Code, Metric, Once, known
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, writing
from api.problems import not_found, responses
from devices.vocabulary import KINDS
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.danger import DANGER
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/inhibitions", tags=["alerts"])
_KEYS = {"code": str}


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(known("kind of event", kind, sorted(KINDS)))
    return kind


def _harmless(kind: str) -> str:
    if kind in DANGER:
        raise ValueError(
            f"'{kind}' is a danger, which nothing keeps back; possible are {', '.join(sorted(KINDS - DANGER))}"
        )
    return kind


Kind = Annotated[Code, AfterValidator(_kind)]
Harmless = Annotated[Kind, AfterValidator(_harmless)]


class InhibitionBody(BaseModel):
    """While an alert of the parent lasts, what is not red of these kinds at the devices behind it is kept back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"parent_kinds": ["power_loss"], "kinds": ["offline", "fault"]}]},
    )

    parent_kinds: Annotated[list[Kind], Once] = Field(
        default=[], max_length=25, description="kinds of events of the parent"
    )
    parent_metrics: Annotated[list[Metric], Once] = Field(
        default=[], max_length=25, description="or metrics of the parent, with an alert of any level"
    )
    kinds: Annotated[list[Harmless], Once] = Field(
        min_length=1, max_length=25, description="of the devices behind it; never what is a danger, such as fire"
    )
    enabled: bool = True

    @model_validator(mode="after")
    def _of_something(self) -> "InhibitionBody":
        if not self.parent_kinds and not self.parent_metrics:
            raise ValueError("name parent_kinds or parent_metrics: what of the parent keeps the others back")
        return self


class Inhibition(BaseModel):
    """A rule of inhibition."""

    code: Code
    parent_kinds: list[str]
    parent_metrics: list[str]
    kinds: list[str]
    enabled: bool
    changed_at: datetime
    keeps_back: int = Field(description="deliveries that are kept back now, by all inhibitions of these kinds")


@router.get("", response_model=Page[Inhibition])
@needs(Permission.RULES_READ)
async def list_inhibitions(paging: Paged, context: Here) -> Any:
    """Inhibitions by code."""
    return paging.page(await read(context, SQL.inhibitions, {"code": None, **paging.after(_KEYS)}), _KEYS)


@router.put("/{code}", response_model=Inhibition, responses={201: {"model": Inhibition}, **responses(422)})
@needs(Permission.RULES_WRITE)
async def put_inhibition(code: Code, body: InhibitionBody, response: Response, context: Here, caller: TheCaller) -> Any:
    """Make or change an inhibition; what is kept back is looked at anew."""
    async with writing(context) as conn:
        written = await row(conn, SQL.put, {**body.model_dump(), "code": code})
        await execute(conn, SQL.look_anew, {})
        await audit(conn, caller, "inhibition.put", code, body.model_dump())
        response.status_code = 201 if written and written["created"] else 200
        return await _inhibition(conn, code)


@router.delete("/{code}", response_model=Inhibition, responses=responses(404))
@needs(Permission.RULES_WRITE)
async def delete_inhibition(code: Code, context: Here, caller: TheCaller) -> Any:
    """Delete an inhibition; what it keeps back and still lasts is delivered."""
    async with writing(context) as conn:
        was = await _inhibition(conn, code)
        await execute(conn, SQL.delete, {"code": code})
        await execute(conn, SQL.look_anew, {})
        await audit(conn, caller, "inhibition.delete", code, {})
        return was


async def _inhibition(conn: AsyncConnection, code: str) -> dict[str, Any]:
    found = await row(conn, SQL.inhibitions, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("inhibition", code)
    return found

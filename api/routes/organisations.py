"""Organisations: departments and enterprises that run devices."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import Code, Name
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.problems import not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/organisations", tags=["organisations"])
_KEYS = {"code": str}
_EXAMPLE: dict[str, JsonValue] = {"name": "余杭区生态环境分局"}


class OrganisationBody(BaseModel):
    """An organisation as it is put."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name


class Organisation(OrganisationBody):
    """A stored organisation."""

    code: Code
    devices: int = Field(description="how many it runs, those that are retired left out")


@router.put("/{code}", response_model=Organisation, responses={201: {"model": Organisation}})
@needs(Permission.ORGANISATIONS_WRITE)
async def put_organisation(
    code: Code, body: OrganisationBody, response: Response, context: Here, caller: TheCaller
) -> Any:
    """Create or rename an organisation. Those named by devices are created automatically, named by their code."""
    async with writing(context) as conn:
        written = await row(conn, SQL.organisation_put, {"code": code, "name": body.name})
        if written:
            await audit(conn, caller, "organisation.put", code, body.model_dump())
        response.status_code = 201 if written and written["created"] else 200
        return await row(conn, SQL.organisations, {"code": code, "q": None, "after_code": None, "limit": 1})


@router.get("", response_model=Page[Organisation])
@needs(Permission.ORGANISATIONS_READ)
async def list_organisations(
    paging: Paged,
    context: Here,
    q: Annotated[str | None, Query(max_length=100, description="part of a code or a name")] = None,
) -> Any:
    """Organisations by code."""
    found = await read(context, SQL.organisations, {"code": None, "q": q, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=Organisation, responses=responses(404))
@needs(Permission.ORGANISATIONS_READ)
async def get_organisation(code: Code, context: Here) -> Any:
    """One organisation."""
    found = await read(context, SQL.organisations, {"code": code, "q": None, "after_code": None, "limit": 1})
    if not found:
        raise not_found("organisation", code)
    return found[0]

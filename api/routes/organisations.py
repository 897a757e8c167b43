"""Organisations: departments and enterprises that run devices."""

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator

from api.context import Here
from api.contract_types import Code, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, read, row, rows, writing
from api.problems import invalid, not_found, responses
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.scope import DIGITS
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/organisations", tags=["organisations"])
_KEYS = {"code": str}
_EXAMPLE: dict[str, JsonValue] = {"name": "余杭区生态环境分局"}


class OrganisationBody(BaseModel):
    """An organisation as it is put."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    parent: Code | None = Field(
        default=None, description="the organisation next above: its consumers get the alerts of this one, too"
    )
    region: Annotated[RegionPrefix, AfterValidator(subtree)] | None = Field(
        default=None, description="the division in its charge (辖区): its consumers get the alerts of all devices there"
    )

    @field_validator("region")
    @classmethod
    def _division(cls, region: str | None) -> str | None:
        if region is not None and len(region) not in DIGITS:
            raise ValueError(f"'{region}' is no division: give the first 2, 4, 6, 9 or all 12 digits of a code")
        return region


class Organisation(OrganisationBody):
    """A stored organisation."""

    code: Code
    devices: int = Field(description="how many it runs, those that are retired left out")


@router.put("/{code}", response_model=Organisation, responses={201: {"model": Organisation}, **responses(422)})
@needs(Permission.ORGANISATIONS_WRITE)
async def put_organisation(
    code: Code, body: OrganisationBody, response: Response, context: Here, caller: TheCaller
) -> Any:
    """Create or change an organisation; a parent or region that is left out stays. Devices make those that they name.

    Parent and region say what consumers that belong to organisations get; what people see is granted to them.
    """
    async with writing(context) as conn:
        if body.parent is not None:
            await row(conn, DATABASE.registry_lock)
            above = {found["code"] for found in await rows(conn, SQL.above, {"code": body.parent})}
            if not above:
                raise invalid("/parent", f"there is no organisation '{body.parent}': create it first")
            if code in above:
                raise invalid("/parent", f"'{code}' is above '{body.parent}' already: no organisation is above itself")
        given = body.model_dump()
        told = {"has_parent": "parent" in body.model_fields_set, "has_region": "region" in body.model_fields_set}
        written = await row(conn, SQL.organisation_put, {"code": code, **given, **told})
        if written:
            await audit(conn, caller, "organisation.put", code, body.model_dump(exclude_unset=True))
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

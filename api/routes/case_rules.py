"""Rules by which alerts become cases by themselves."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, writing
from api.language import Spoken
from api.problems import invalid, not_found, responses
from api.routes.cases import CategoryCode, CategoryKind, category_of
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words import text
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/case-rules", tags=["cases"])
_KEYS = {"code": str}
_EXAMPLE: dict[str, JsonValue] = {
    "min_level": "orange", "category": "water", "case_category_kind": "event", "case_category": "0301",
}  # fmt: skip


class CaseRuleBody(BaseModel):
    """Which alerts become cases: all that is named must match; an alert becomes one case, once."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    min_level: LevelName = "blue"
    region: Annotated[RegionPrefix, AfterValidator(subtree)] | None = Field(
        default=None, description="only alerts from below this division code"
    )
    area: Code | None = Field(default=None, description="only of devices in this named area")
    organisation: Code | None = None
    category: Name | None = Field(default=None, description="only of devices whose profile has this category")
    event_kind: Name | None = Field(default=None, description="only alerts of this kind of event, such as fire")
    case_category_kind: CategoryKind | None = Field(default=None, description="of the case that is made")
    case_category: CategoryCode | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _whole(self) -> "CaseRuleBody":
        if (self.case_category is None) != (self.case_category_kind is None):
            raise ValueError(Sentence("refusal.case_rule.category_half"))
        return self


class CaseRule(CaseRuleBody):
    """A rule."""

    code: Code
    made_at: datetime = Field(description="alerts that were raised before do not become cases by it")


@router.get("", response_model=Page[CaseRule])
@needs(Permission.CASES_CONFIGURE)
async def list_case_rules(paging: Paged, context: Here) -> Any:
    """Rules by code."""
    return paging.page(await read(context, SQL.rules, {"code": None, **paging.after(_KEYS)}), _KEYS)


@router.put("/{code}", response_model=CaseRule, responses={201: {"model": CaseRule}, **responses(422)})
@needs(Permission.CASES_CONFIGURE)
async def put_case_rule(
    code: Code, body: CaseRuleBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Make or change a rule; what it wants anew is for alerts that are raised from now on."""
    async with writing(context) as conn:
        await category_of(conn, body.case_category_kind, body.case_category, spoken)
        if body.area is not None and await row(conn, SQL.area, {"code": body.area}) is None:
            raise invalid("area", text("refusal.case.area", spoken, code=body.area))
        given = {**body.model_dump(), "min_level": LEVELS[body.min_level], "code": code}
        written = await row(conn, SQL.put, given)
        await audit(conn, caller, "case_rule.put", code, body.model_dump(exclude_none=True))
        response.status_code = 201 if written and written["created"] else 200
        return await _rule(conn, code)


@router.delete("/{code}", response_model=CaseRule, responses=responses(404))
@needs(Permission.CASES_CONFIGURE)
async def delete_case_rule(code: Code, context: Here, caller: TheCaller) -> Any:
    """Delete a rule; the cases that it made stay."""
    async with writing(context) as conn:
        was = await _rule(conn, code)
        await execute(conn, SQL.delete, {"code": code})
        await audit(conn, caller, "case_rule.delete", code, {})
        return was


async def _rule(conn: AsyncConnection, code: str) -> dict[str, Any]:
    found = await row(conn, SQL.rules, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("case rule", code)
    return found

"""Definitions of indicators of cases (指标口径), as a city reads them: data, in sets."""

from typing import Annotated, Any

from fastapi import Response
from psycopg.types.json import Jsonb
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.context import Here
from api.contract_types import Code, Name
from api.database import audit, row, rows, writing
from api.language import Spoken
from api.problems import invalid, not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.indicators import SQL, Expression
from hub.words import text

router = GuardedRouter(prefix="/indicators/sets", tags=["indicators"])


def _counted(written: str) -> str:
    Expression.of(written)
    return written


Formula = Annotated[
    str,
    Field(max_length=400, examples=["due - overdue_open"], description="counts with + and - between them"),
    AfterValidator(_counted),
]


class Definition(BaseModel):
    """An indicator: a share, or a number where it has no denominator."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    zh: Name
    en: Name
    numerator: Formula
    denominator: Formula | None = None


class SetBody(BaseModel):
    """Indicators in their order."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    indicators: list[Definition] = Field(min_length=1, max_length=40)


class IndicatorSet(SetBody):
    """A set of definitions."""

    code: Code


class IndicatorSets(BaseModel):
    """All of them: there are a few."""

    items: list[IndicatorSet]


@router.get("", response_model=IndicatorSets)
@needs(Permission.CASES_READ)
async def list_sets(context: Here) -> Any:
    """Sets of definitions by code; `standard` and `district` are shipped, and may be changed."""
    async with context.pool.connection() as conn:
        return {"items": await rows(conn, SQL.sets, {"code": None})}


@router.put("/{code}", response_model=IndicatorSet, responses={201: {"model": IndicatorSet}, **responses(422)})
@needs(Permission.CASES_CONFIGURE)
async def put_set(
    code: Code, body: SetBody, context: Here, caller: TheCaller, spoken: Spoken, response: Response
) -> Any:
    """Define indicators; a formula names counts only."""
    codes = [each.code for each in body.indicators]
    for place, each in enumerate(codes):
        if each in codes[:place]:
            raise invalid(f"indicators.{place}.code", text("refusal.indicator.twice", spoken, code=each))
    told = body.model_dump()
    async with writing(context) as conn:
        stored = await row(conn, SQL.put_set, {**told, "code": code, "indicators": Jsonb(told["indicators"])})
        await audit(conn, caller, "indicator_set.put", code, told)
    response.status_code = 201 if stored is not None and stored["made"] else 200
    return {**told, "code": code}


@router.delete("/{code}", status_code=204, response_class=Response, responses=responses(404))
@needs(Permission.CASES_CONFIGURE)
async def delete_set(code: Code, context: Here, caller: TheCaller) -> None:
    """Delete a set of definitions."""
    async with writing(context) as conn:
        if await row(conn, SQL.delete_set, {"code": code}) is None:
            raise not_found("indicator set", code)
        await audit(conn, caller, "indicator_set.delete", code, {})

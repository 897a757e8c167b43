"""Definitions of indicators of cases and of cameras (指标口径), as a city reads them: data, in sets."""

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.context import Here
from api.contract_types import Code, Name
from api.database import audit, row, rows, writing
from api.language import Spoken
from api.problems import invalid, not_found, responses
from devices.camera_state.rates import COUNTS as CAMERA_COUNTS
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.indicators import COUNTS, SQL, Expression
from hub.words import text

router = GuardedRouter(prefix="/indicators/sets", tags=["indicators"])


About = Literal["cases", "cameras"]
_COUNTS = {"cases": COUNTS, "cameras": CAMERA_COUNTS}


Formula = Annotated[
    str,
    Field(max_length=400, examples=["due - overdue_open"], description="counts with + and - between them"),
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
    about: About = "cases"
    indicators: list[Definition] = Field(min_length=1, max_length=40)

    @model_validator(mode="after")
    def _of_its_counts(self) -> "SetBody":
        for each in self.indicators:
            for written in (each.numerator, each.denominator):
                if written is not None:
                    Expression.of(written, _COUNTS[self.about])
        return self


class IndicatorSet(SetBody):
    """A set of definitions."""

    code: Code


class IndicatorSets(BaseModel):
    """All of them: there are a few."""

    items: list[IndicatorSet]


@router.get("", response_model=IndicatorSets)
@needs(Permission.CASES_READ)
async def list_sets(context: Here, about: Annotated[About | None, Query()] = None) -> Any:
    """Sets of definitions by code; `standard`, `district` and `cameras` are shipped, and may be changed."""
    async with context.pool.connection() as conn:
        return {"items": await rows(conn, SQL.sets, {"code": None, "about": about})}


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

"""Check of an expression before a rule is made of it."""

from typing import Annotated, Any, Literal

from fastapi import Body
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.database import row, rows
from api.expressions import expression_of
from api.language import Spoken
from api.problems import not_found, responses
from api.routes.rules import SQL
from api.rule_body import Expression
from devices.expressions.program import WAIT_S
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission

router = GuardedRouter(tags=["rules"])


class CheckedExpression(BaseModel):
    """What an expression is."""

    type: Literal["number", "truth"] = Field(description="a truth is watched as 1 (true) or 0 (false)")
    metric: str = Field(description="that the alerts of a rule are about: the first that it names of the device")
    waits_s: float = Field(description="how long a reading waits for other metrics of its device, at most")
    dangers: list[str] = Field(description="metrics that are a danger, and wait too: each wants a rule of its own")
    looked_up: bool = Field(
        description="whether values of other devices are looked up, each 2 s: nothing waits for them"
    )
    inputs: list[str] = Field(description="what it is calculated from, in the order in which it is named")


@router.post("/rules:check", response_model=CheckedExpression, responses=responses(404, 422))
@needs(Permission.RULES_READ)
async def check_expression(
    profile: Annotated[Code, Body()], expression: Annotated[Expression, Body()], context: Here, spoken: Spoken
) -> Any:
    """Tell what an expression over metrics of a profile is, or, with 422, what is wrong with it and at which column.

    Nothing is stored.
    """
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.profile_metrics, {"code": profile})
        anywhere = [each["metric"] for each in await rows(conn, SQL.all_metrics)]
    if found is None:
        raise not_found("profile", profile)
    program = expression_of(expression, profile, found["metrics"], anywhere, spoken)
    return {
        "type": "truth" if program.truth else "number",
        "metric": program.anchor,
        "waits_s": WAIT_S if program.several else 0,
        "dangers": program.waiting_dangers(found["category"]),
        "looked_up": program.asks_others,
        "inputs": [str(each) for each in program.inputs],
    }

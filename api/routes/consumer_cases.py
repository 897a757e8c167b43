"""Which changes of cases a consumer subscribes to, as they are given and shown."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from api.contract_types import Code, Once, RegionPrefix
from api.database import rows
from api.problems import invalid
from devices.catalogue.search import subtree
from hub.cases.transitions import KINDS
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

MOST = 50
"""Filters of a consumer."""
_EXAMPLE: dict[str, JsonValue] = {
    "filters": [{"organisation": "sanitation"}, {"region": "330106", "category_kind": "event", "category": "01"}],
    "steps": ["filed", "dispatched", "closed", "concluded"],
}


def _kind(step: str) -> str:
    if step not in KINDS:
        raise ValueError(f"'{step}' is no step; give some of {', '.join(KINDS)}")
    return step


Step = Annotated[str, AfterValidator(_kind)]


class CaseFilterBody(BaseModel):
    """What a case must be: all that is named here; what is left out does not limit."""

    model_config = ConfigDict(extra="forbid")

    organisation: Code | None = Field(default=None, description="whose matter it is, or which handles it or helps")
    region: Annotated[RegionPrefix, AfterValidator(subtree)] | None = Field(
        default=None, description="only below this division code"
    )
    area: Code | None = Field(default=None, description="only in this named area, as it is drawn now")
    category_kind: Literal["part", "event"] | None = Field(default=None, description="部件 or 事件")
    category: Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")] | None = Field(
        default=None, description="with those below it: 01 takes 0101"
    )


class CasesBody(BaseModel):
    """Cases of which a webhook is told (docs/CASES.md)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    filters: Annotated[list[CaseFilterBody], Field(max_length=MOST)] | None = Field(
        default=None,
        description="any of which is enough. Left out: all cases, or of a `system` those that it has told of",
    )
    steps: Annotated[list[Step], Field(min_length=1, max_length=len(KINDS)), Once] | None = Field(
        default=None, description="only these steps; null: all"
    )
    system: Code | None = Field(
        default=None,
        description="the outside case system that it is: it also gets the cases that this has told of, in the words of "
        "its mapping, and none of the steps that its own posts have taken",
    )


def stored(cases: CasesBody | None) -> dict[str, Any] | None:
    """As it is kept in consumer.cases."""
    if cases is None:
        return None
    filters = cases.filters if cases.filters is not None else [] if cases.system else [CaseFilterBody()]
    return {"filters": [each.model_dump(exclude_none=True) for each in filters], "steps": cases.steps}


def shown(cases: Mapping[str, Any] | None, system: str | None) -> dict[str, Any] | None:
    """As it is returned."""
    if cases is None:
        return None
    filters = [CaseFilterBody(**each).model_dump() for each in cases["filters"]]
    return {"filters": filters, "steps": cases["steps"], "system": system}


async def check_cases(conn: AsyncConnection, cases: CasesBody | None, lang: Lang) -> None:
    """ProblemError 422 for a place, an organisation or a system that there is not."""
    if cases is None:
        return
    named: list[tuple[str, str, str | None]] = [("system", "/cases/system", cases.system)]
    for number, each in enumerate(cases.filters or []):
        named += [(what, f"/cases/filters/{number}/{what}", getattr(each, what)) for what in ("organisation", "area")]
    asked = {
        what: [code for of, _, code in named if of == what and code] for what in ("organisation", "area", "system")
    }
    there = {(each["what"], each["code"]) for each in await rows(conn, SQL.there, asked)}
    for what, pointer, code in named:
        if code is not None and (what, code) not in there:
            raise invalid(pointer, Sentence(f"refusal.consumer_cases.{what}", code=code).told(lang))

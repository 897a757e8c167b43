"""Report of rules: what came of each, which are often wrong, which chatter, and which say nothing."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import read
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.performance import CHATTER_S
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["rules"])
_KEYS = {"code": str}


class RuleReport(BaseModel):
    """What came of a rule."""

    code: Code
    name: str
    enabled: bool
    profile: Code | None
    alerts: int = Field(description="in the period, without those of drills and tests")
    sources: int = Field(description="that they came from: series, or devices with a kind of event")
    false_alarms: int = Field(description="of the alerts")
    causes: dict[str, int] = Field(description="of the false alarms, by what was noted")
    models: dict[str, int] = Field(description="of the false alarms, by the profile (物模型) of their device")
    chattering: int = Field(description="sources that raised three alerts within a minute")
    flapping: int = Field(description="sources whose alert stays open at present because its condition comes and goes")
    silent: bool = Field(description="in force, older than the period, and has raised nothing in it")
    last_raised_at: datetime | None = Field(description="ever; null: it has never raised one that is still stored")


@router.get("/rules:report", response_model=Page[RuleReport])
@needs(Permission.RULES_READ, Permission.ALERTS_READ)
async def report_rules(
    paging: Paged,
    context: Here,
    days: Annotated[int, Query(ge=1, le=3660, description="how far to look back")] = 365,
) -> Any:
    """Rules by code, with what came of each in the alerts that the caller may see."""
    asked = {"since": datetime.now(UTC) - timedelta(days=days), "chatter_s": CHATTER_S}
    return paging.page(await read(context, SQL.report, {**asked, **paging.after(_KEYS)}), _KEYS)

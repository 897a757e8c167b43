"""Guards that are off (失防): what is not guarded now, since when and why."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, RegionPrefix
from api.cursors import Page, Paged
from api.database import read
from api.language import Spoken
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words import text

SQL = statements(__name__)

router = GuardedRouter(prefix="/guards", tags=["devices"])
_KEYS = {"since": datetime, "device": str, "kind": str, "part": str}
Why = Literal[
    "shielded",
    "muted",
    "test",
    "maintenance",
    "removed",
    "calibration",
    "low_battery",
    "planned_work",
    "drill",
    "offline",
]


class GuardOff(BaseModel):
    """A device, or a part of one, that is not guarded."""

    device: Code
    device_name: str
    region: str | None
    part: str = Field(description="a metric, or a part of the device; empty: all of it")
    kind: Why
    why: str = Field(description="the kind in words")
    since: datetime
    until: datetime | None = Field(description="when it ends, where that is planned")
    told: bool = Field(description="whether an alert was raised because it lasts too long")


@router.get("", response_model=Page[GuardOff])
@needs(Permission.DEVICES_READ)
async def list_guards(
    paging: Paged,
    context: Here,
    spoken: Spoken,
    kind: Annotated[Why | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    device: Annotated[Code | None, Query()] = None,
) -> Any:
    """What is not guarded now, the longest first."""
    wanted = {"kind": kind, "region": region, "device": device, **paging.after(_KEYS)}
    found = await read(context, SQL.guards, wanted)
    return paging.page([{**each, "why": _why(each["kind"], spoken)} for each in found], _KEYS)


def _why(kind: str, lang: Any) -> str:
    if kind == "planned_work":
        return text("guard.planned_work", lang)
    return text("guard.drill", lang) if kind == "drill" else text(f"event.kind.{kind}", lang)

"""SIM cards of devices that end soon, or have ended."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, RegionPrefix
from api.cursors import Page, Paged
from api.database import read
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/sims", tags=["devices"])
_KEYS = {"expires": date, "device": str}


class Sim(BaseModel):
    """The SIM card of a device."""

    device: Code
    device_name: str
    region: str | None
    expires: date = Field(description="the last day on which it works")
    days: int = Field(description="until then; below 0: it has ended")


@router.get("", response_model=Page[Sim])
@needs(Permission.DEVICES_READ)
async def list_sims(
    paging: Paged,
    context: Here,
    within_days: Annotated[int, Query(ge=0, le=3_650, description="that end within so many days")] = 30,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
) -> Any:
    """SIM cards that end soon or have ended, the first to end first."""
    wanted = {"days": within_days, "region": region, **paging.after(_KEYS)}
    return paging.page(await read(context, SQL.sims, wanted), _KEYS)

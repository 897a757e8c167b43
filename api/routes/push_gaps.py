"""Times in which nothing of a device could come through its subscription, and what is known of them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import Row, row, rows
from api.language import Spoken
from api.problems import not_found, responses
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import stored, told

SQL = statements(__name__)

of_subscription = GuardedRouter(prefix="/push-subscriptions", tags=["pushes of platforms"])
of_device = GuardedRouter(prefix="/devices", tags=["devices"])
_GAPS = {"to_at": datetime, "device": str}
Known = Literal["open", "waits", "latest", "properties", "filled"]


class Gap(BaseModel):
    """A time in which nothing of a device could come, and what is known of it."""

    device: Code
    from_at: datetime
    to_at: datetime
    cause: Literal["silent", "away"] = Field(description="the subscription said nothing, or the hub was away")
    state: Known = Field(
        description="open: what was missed is not known; waits: the platform is to be asked; latest: the newest "
        "state is known; properties: all but events; filled: all"
    )
    why: str | None = Field(description="why no more of it is known")


@of_subscription.get("/{code}/gaps", response_model=Page[Gap], responses=responses(404))
@needs(Permission.PROVISIONING_READ)
async def list_gaps(code: Code, paging: Paged, context: Here, spoken: Spoken) -> Any:
    """When nothing could come of a subscription's devices: it said nothing, or the hub was away. The newest first."""
    async with context.pool.connection() as conn:
        if await row(conn, SQL.subscription, {"code": code}) is None:
            raise not_found("subscription", code)
        found = await rows(conn, SQL.gaps, {"code": code, **paging.after(_GAPS)})
    return paging.page([_why(each, spoken) for each in found], _GAPS)


def _why(row: Row, lang: Lang) -> Row:
    why, words = row["why"], row.pop("why_words")
    return {**row, "why": None if why is None else told(stored(why, words), lang)}


@of_device.get("/{code}/gaps", response_model=Page[Gap], responses=responses(404))
@needs(Permission.DEVICES_READ)
async def list_gaps_of_device(code: Code, paging: Paged, context: Here, spoken: Spoken) -> Any:
    """When nothing of a device could come through its subscription, and what is known of that. The newest first."""
    async with context.pool.connection() as conn:
        if await row(conn, DATABASE.device, {"code": code}) is None:
            raise not_found("device", code)
        found = await rows(conn, SQL.gaps_of_device, {"device": code, **paging.after(_GAPS)})
    return paging.page([_why(each, spoken) for each in found], _GAPS)

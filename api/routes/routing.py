"""Who would get an alert, and why the others would not."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Metric, Moment, Name, Region
from api.language import Spoken
from api.problems import not_found, responses
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.alerts.kept_back import kept_back, why
from hub.alerts.recipients import stored_inhibitors, stored_places, subscriptions
from hub.alerts.routing import NOWHERE, Place
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["consumers"])
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]


class MadeUpPlace(BaseModel):
    """An alert that is not there: what is known of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"level": "red", "region": "330110005001", "event_kind": "fire"}]},
    )

    level: LevelName
    organisation: Code | None = None
    region: Region | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    category: Name | None = None
    event_kind: Name | None = None
    device: Code | None = Field(default=None, description="for what organisations share of some devices only")
    metric: Metric | None = Field(default=None, description="for what organisations share of some metrics only")


class TryBody(BaseModel):
    """Either an alert that is there, or a place that is made up."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"place": {"level": "red"}}]})

    alert: UUID | None = None
    place: MadeUpPlace | None = None
    at: Moment | None = Field(default=None, description="at which it happens, for the hours of filters; else now")

    @model_validator(mode="after")
    def _one(self) -> "TryBody":
        if (self.alert is None) == (self.place is None):
            raise ValueError("give either alert or place")
        return self


class Tried(BaseModel):
    """What routing says of one consumer."""

    consumer: Code
    gets: bool
    kept_back: bool = Field(description="whether it would be told later only, when what keeps it back is over")
    reasons: list[str] = Field(description="why it would get it, or all that is against it, in the asked language")


class TriedAll(BaseModel):
    """What routing says of every consumer, by code."""

    items: list[Tried]


@router.post("/routing:try", response_model=TriedAll, responses=responses(404, 422))
@needs(Permission.CONSUMERS_READ)
async def try_routing(body: TryBody, context: Here, spoken: Spoken) -> Any:
    """Tell who would get an alert now or at another time, and why not the others. Nothing is sent."""
    at = body.at or datetime.now(UTC)
    async with context.pool.connection() as conn:
        routes = await subscriptions(conn)
        if body.place is not None:
            place = await made_up(conn, body.place, routes.border_m)
        elif body.alert is not None and (found := await stored_places(conn, [body.alert], routes.border_m)):
            place = found[body.alert]
        else:
            raise not_found("alert", str(body.alert))
    items, by_filter = list[dict[str, Any]](), set(routes.recipients(place, at))
    for each, judged in sorted(routes.verdicts(place, at), key=lambda each: each[0].code):
        kept = kept_back(routes, "raised", place, each.id, at) if each.id in by_filter else None
        reasons = [*judged.reasons, *([] if kept is None else [why(kept)])]
        items.append(
            {
                "consumer": each.code,
                "gets": judged.takes,
                "kept_back": kept is not None,
                "reasons": [reason.told(spoken) for reason in reasons],
            }
        )
    return {"items": items}


async def made_up(conn: AsyncConnection, given: MadeUpPlace, border_m: float) -> Place:
    """It with the areas in which it is and the borders that are near."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SQL.place.encode(), {**given.model_dump(), "border_m": border_m})
        found = await cursor.fetchone() or {}
    above = await stored_inhibitors(conn, found["inhibitors"] or ())
    return Place(
        given.organisation, given.region, given.category, LEVELS[given.level], frozenset(found["areas"]),
        given.event_kind, given.device, given.metric, found["near"] or NOWHERE,
        inhibitors=tuple(above[id_] for id_ in found["inhibitors"] or ()),
    )  # fmt: skip

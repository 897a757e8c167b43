"""Filters by which a consumer subscribes, as they are given and shown."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.contract_types import LEVELS, Code, LevelName, Name, Once, RegionPrefix
from devices.catalogue.search import subtree
from hub.alerts.hours import ZONE, minutes, zones
from hub.alerts.routing import MOST_FILTERS
from hub.models import LEVEL_NAMES


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError(f"'{name}' is no time zone; write it like {ZONE}")
    return name


def _hours(hours: str) -> str:
    minutes(hours)
    return hours


Days = Annotated[
    Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7), Once] | None,
    Field(description="days of the week on which its hours begin; 1 is Monday"),
]
Hours = Annotated[
    Annotated[str, Field(max_length=11), AfterValidator(_hours)] | None,
    Field(description="HH:MM-HH:MM, as in 08:00-18:00, or 22:00-06:00 across midnight"),
]
Zone = Annotated[
    Annotated[str, Field(max_length=64), AfterValidator(_zone)] | None,
    Field(description=f"of days and hours; else {ZONE}"),
]


class FilterBody(BaseModel):
    """What an alert must be for a consumer to get it: all that is named here; what is left out does not limit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"min_level": "orange", "region": "330110", "hours": "18:00-08:00"}]},
    )

    min_level: LevelName = "blue"
    region: Annotated[RegionPrefix, AfterValidator(subtree)] | None = Field(
        default=None, description="only alerts from below this division code"
    )
    area: Code | None = Field(default=None, description="only of devices in this named area, while it is valid")
    organisation: Code | None = Field(default=None, description="only of devices of this organisation; made when new")
    category: Name | None = Field(default=None, description="only of devices whose profile has this category")
    event_kind: Name | None = Field(default=None, description="only alerts of this kind of event, such as fire")
    days: Days = None
    hours: Hours = None
    zone: Zone = None
    border_m: float | None = Field(
        default=None,
        ge=0,
        le=50_000,
        description="it also takes what is so near, in metres, to the border of its region or area, as far as its "
        "outline is known; left out, alerts.border_m of the settings as it is now; 0: not",
    )


Filters = Annotated[list[FilterBody], Field(max_length=MOST_FILTERS)]


def stored(filters: list[FilterBody], border_m: float) -> list[dict[str, Any]]:
    """As they are kept: the members that limit. `border_m` is for those that name a place and say nothing about it."""
    kept = [each.model_dump(exclude_none=True) for each in filters]
    for each in kept:
        each["min_level"] = LEVELS[each["min_level"]]
        if border_m > 0 and each.keys() & {"region", "area"}:
            each.setdefault("border_m", border_m)
    return kept


def shown(filters: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As they are returned: with every member."""
    return [
        {**dict.fromkeys(FilterBody.model_fields), **each, "min_level": LEVEL_NAMES[each.get("min_level", 1) - 1]}
        for each in filters
    ]


def single(filters: list[dict[str, Any]]) -> dict[str, Any]:
    """The members of a consumer's only filter, as it had them before it could have several; else the lowest floor."""
    names = ("region", "organisation", "category", "area")
    if len(filters) == 1:
        return {name: filters[0][name] for name in ("min_level", *names)}
    lowest = min((each["min_level"] for each in filters), key=LEVEL_NAMES.index, default="red")
    return {"min_level": lowest, **dict.fromkeys(names)}

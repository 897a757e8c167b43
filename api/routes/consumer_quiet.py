"""Quiet hours of a consumer, as they are given and shown."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.contract_types import LEVELS
from api.routes.consumer_filters import Days, Hours, Zone
from hub.alerts.quiet import MOST
from hub.models import LEVEL_NAMES


class QuietBody(BaseModel):
    """Hours in which a consumer is told of what is above a level only; without days: on all, without hours: all day."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"hours": "22:00-06:00", "max_level": "yellow"}]}
    )

    days: Days = None
    hours: Hours = None
    zone: Zone = None
    max_level: Literal["blue", "yellow", "orange"] = Field(
        default="orange", description="alerts above it are delivered; red always"
    )

    @model_validator(mode="after")
    def _limited(self) -> "QuietBody":
        if self.days is None and self.hours is None:
            raise ValueError("name hours, or days, or both: to be told of nothing below red, set min_level")
        return self


QuietHours = Annotated[list[QuietBody], Field(max_length=MOST)]


def stored(quiet: Iterable[QuietBody]) -> list[dict[str, Any]]:
    """As they are kept."""
    return [{**each.model_dump(exclude_none=True), "max_level": LEVELS[each.max_level]} for each in quiet]


def shown(quiet: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As they are returned: with every member."""
    return [
        {**dict.fromkeys(QuietBody.model_fields), **each, "max_level": LEVEL_NAMES[each["max_level"] - 1]}
        for each in quiet
    ]

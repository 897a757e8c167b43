"""When a rule counts, as the API takes and tells it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from hub.alerts.hours import minutes
from hub.words.sentence import Sentence

DayName = Literal["every", "workday", "holiday", "mon", "tue", "wed", "thu", "fri", "sat", "sun"]
"""As of shifts (hub/duty/shifts.py)."""
_EXAMPLE: dict[str, JsonValue] = {"days": ["workday"], "hours": "22:00-06:00"}


def _hours(hours: str) -> str:
    minutes(hours)
    return hours


class Schedule(BaseModel):
    """Days and hours at which a rule counts, by the clocks of each device."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    days: list[DayName] = Field(
        default=["every"],
        min_length=1,
        max_length=10,
        description="days that its hours begin on; one that fits is enough. Workdays and holidays (rest days) are "
        "those of the hub's calendar; in a year without one people rest on Saturday and Sunday",
    )
    hours: Annotated[str, Field(max_length=11, examples=["22:00-06:00"]), AfterValidator(_hours)] = Field(
        default="00:00-24:00", description="HH:MM-HH:MM; across midnight they belong to the day that they begin on"
    )

    @model_validator(mode="after")
    def _limits(self) -> "Schedule":
        if "every" in self.days and self.hours == "00:00-24:00":
            raise ValueError(Sentence("refusal.rule.schedule_always"))
        return self

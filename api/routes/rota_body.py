"""What a rota may be given: shifts that do not meet, people in turns, substitutes."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.contract_types import TEXT, Code, Moment, Name, RegionPrefix
from api.rule_schedule import DayName
from hub.alerts.hours import ZONE, zones
from hub.duty.rota import Unit
from hub.duty.shifts import MINUTES, Shift, meeting
from hub.words.sentence import Sentence

SHIFTS, TURNS, TOGETHER, SUBSTITUTES = 24, 200, 20, 500
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXAMPLE: dict[str, JsonValue] = {
    "name": "应急值守",
    "organisation": "emergency-desk",
    "shifts": [
        {"name": "白班", "begin": "08:00", "end": "20:00"},
        {"name": "夜班", "begin": "20:00", "end": "08:00"},
    ],
    "unit": "day",
    "from_date": "2026-11-30",
    "turns": [["wang.fang"], ["li.wei", "chen.jie"]],
    "leader": "zhao.min",
}
Account = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=64, strip_whitespace=True)]


def _at_most(limit: int, what: Literal["shifts", "turns", "people", "substitutes"]) -> BeforeValidator:
    """Refuses a longer list before it is read."""

    def judge(value: object) -> object:
        if isinstance(value, list) and len(value) > limit:
            raise ValueError(Sentence(f"refusal.rota.too_many.{what}", given=len(value), limit=limit))
        return value

    return BeforeValidator(judge)


def _alone(value: object) -> object:
    """A person who is on duty alone may stand without a list."""
    return [value] if isinstance(value, str) else value


def _minutes(time: object) -> object:
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        raise ValueError(Sentence("refusal.rota.time", told=str(time)[:20]))
    return time


def _written(day: object) -> object:
    if (isinstance(day, str) and not _DAY.fullmatch(day)) or not isinstance(day, str | date):
        raise ValueError(Sentence("refusal.rota.day", told=str(day)[:20]))
    return day


Day = Annotated[date, BeforeValidator(_written)]
Clock = Annotated[str, BeforeValidator(_minutes), Field(description="HH:MM; 24:00 ends a day")]
Turn = Annotated[
    list[Account],
    _at_most(TOGETHER, "people"),
    BeforeValidator(_alone),
    Field(min_length=1, max_length=TOGETHER, description="accounts that are on duty together"),
]


class ShiftBody(BaseModel):
    """A shift (班次)."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    begin: Clock
    end: Clock = Field(description="not later than `begin`: of the next day")
    days: list[DayName] = Field(
        default=["every"], min_length=1, max_length=10, description="days that it begins on; one that fits is enough"
    )

    @model_validator(mode="after")
    def _lasts(self) -> "ShiftBody":
        if self.begin in (self.end, "24:00"):
            raise ValueError(Sentence("refusal.rota.no_length", shift=self.name, begin=self.begin))
        return self

    def read(self) -> Shift:
        """The shift in minutes of the day."""
        begin, end = (int(time[:2]) * 60 + int(time[3:]) for time in (self.begin, self.end))
        return Shift(self.name, begin, end if end > begin else end + MINUTES, frozenset(self.days))

    @staticmethod
    def written(shift: dict[str, Any]) -> dict[str, Any]:
        """A stored shift as it is given."""
        end = shift["end"] - MINUTES if shift["end"] > MINUTES else shift["end"]
        return {**shift, "begin": _clock(shift["begin"]), "end": _clock(end)}


class SubstituteBody(BaseModel):
    """Somebody who stands in for another; he is not replaced in turn, so that two can change places."""

    model_config = ConfigDict(extra="forbid")

    from_at: Moment
    to_at: Moment
    instead_of: Account
    person: Account

    @model_validator(mode="after")
    def _lasts(self) -> "SubstituteBody":
        if self.from_at >= self.to_at:
            raise ValueError(Sentence("refusal.rota.substitute.ends", person=self.person))
        if self.person.lower() == self.instead_of.lower():
            raise ValueError(Sentence("refusal.rota.substitute.self", person=self.person))
        return self


class RotaBody(BaseModel):
    """A rota as it is put."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    organisation: Code = Field(description="whose desk it is")
    region: RegionPrefix | None = Field(
        default=None, description="the division of the desk: whoever was granted that sees the rota"
    )
    zone: str = Field(default=ZONE, max_length=64, description="the time zone of its hours and days")
    shifts: Annotated[list[ShiftBody], _at_most(SHIFTS, "shifts"), Field(min_length=1, max_length=SHIFTS)]
    unit: Unit = Field(
        default="day", description="how long a turn is: a shift, all that begins on a day, or a week from from_date on"
    )
    from_date: Day = Field(ge=date(1970, 1, 1), le=date(2199, 12, 31), description="the first day of the first turn")
    turns: Annotated[list[Turn], _at_most(TURNS, "turns"), Field(min_length=1, max_length=TURNS)] = Field(
        description="one after the other, and again from the first; a name stands for a list of one"
    )
    leader: Account | None = Field(default=None, description="the duty leader (带班领导)")
    handover_minutes: int | None = Field(
        default=None,
        ge=5,
        le=720,
        description="how long those of a shift stay on duty after it while nobody has taken over; null: shifts change "
        "by the clock",
    )
    substitutes: Annotated[
        list[SubstituteBody], _at_most(SUBSTITUTES, "substitutes"), Field(max_length=SUBSTITUTES)
    ] = []

    @model_validator(mode="after")
    def _fits(self) -> "RotaBody":
        if self.zone not in zones():
            raise ValueError(Sentence("refusal.rota.zone", zone=self.zone, example=ZONE))
        if both := meeting([shift.read() for shift in self.shifts]):
            raise ValueError(Sentence("refusal.rota.shifts_meet", one=both[0].name, other=both[1].name))
        ordered = sorted(self.substitutes, key=lambda each: (each.instead_of.lower(), each.from_at))
        for one, other in pairwise(ordered):
            if one.instead_of.lower() == other.instead_of.lower() and other.from_at < one.to_at:
                told = {"one": one.person, "other": other.person, "person": one.instead_of}
                raise ValueError(Sentence("refusal.rota.substitutes_meet", **told, at=_shown(other.from_at)))
        return self

    def accounts(self) -> Iterator[tuple[str, str]]:
        """Each account that is named, with a pointer to where."""
        for number, turn in enumerate(self.turns):
            yield from ((f"/turns/{number}/{place}", account) for place, account in enumerate(turn))
        for number, each in enumerate(self.substitutes):
            yield f"/substitutes/{number}/instead_of", each.instead_of
            yield f"/substitutes/{number}/person", each.person
        if self.leader is not None:
            yield "/leader", self.leader


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _shown(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes")

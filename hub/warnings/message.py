"""What one source says of one official warning (预警): the form that each codec makes, and its limits."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from hub.errors import PermanentError
from hub.words.sentence import Sentence

Status = Literal["actual", "exercise", "test"]
MessageType = Literal["alert", "update", "cancel"]
Level = Literal["blue", "yellow", "orange", "red"]
Lang = Literal["zh", "en"]
Remark = Literal[
    "division_unknown_form", "end_before_begin", "kind_unknown", "level_unknown", "no_area",
    "third_party", "time_assumed", "time_unread", "wrong_encoding", "zone_assumed",
]  # fmt: skip
"""What was odd about a message that was taken all the same."""

MAX_BYTES = 4 << 20
"""Of one document."""
MAX_ITEMS = 5_000
"""Warnings in one list."""
MAX_DIVISIONS = 5_000
"""Of one warning, without repeats: the country has some 3,000 counties, and who names more means one above them."""
MAX_POINTS = 20_000
"""Of the outlines of one warning, in all."""
MAX_SHAPES = 200
"""Polygons, or circles, of one warning."""
MAX_TEXT = 20_000
"""Characters of a headline, a description or an instruction; what is longer is cut."""
MAX_WORD = 256
"""Characters of an identifier, a code or a name."""
MAX_REFERENCES = 1_000


class WarningRefused(PermanentError):
    """The warning cannot be used"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Texts(BaseModel):
    """What people read, in one language."""

    model_config = ConfigDict(frozen=True)

    headline: str = ""
    description: str = ""
    instruction: str = ""


class Circle(BaseModel):
    """WGS 84."""

    model_config = ConfigDict(frozen=True)

    lon: float
    lat: float
    km: float


class Quake(BaseModel):
    """What an earthquake early warning adds."""

    model_config = ConfigDict(frozen=True)

    origin: datetime | None = None
    magnitude: float | None = None
    depth_km: float | None = None
    intensity: str | None = None
    """The highest that is expected, as the source states it."""
    lon: float | None = None
    lat: float | None = None
    final: bool = False


class Message(BaseModel):
    """One message about one warning; times are in UTC."""

    model_config = ConfigDict(frozen=True)

    identifier: str
    """`{sender 14}_{yyyyMMddHHmmss}` where there is one: the same in all sources."""
    status: Status = "actual"
    type: MessageType = "alert"
    sent: datetime
    report: int = 0
    """Of an earthquake: a higher one replaces what the same source said before."""
    sender: str = ""
    """An organisation, never a person."""
    sender_code: str = ""
    kind: str = "other"
    """Of the vocabulary (`hub/warnings/kinds.py`)."""
    event_code: str = ""
    event: str = ""
    """As stated."""
    level: Level | None = None
    level_stated: str = ""
    onset: datetime | None = None
    effective: datetime | None = None
    expires: datetime | None = None
    texts: dict[Lang, Texts] = {}
    area: str = ""
    divisions: tuple[str, ...] = ()
    """The first 2, 4, 6, 9 or all 12 digits of division codes, without the zeros that say nothing; "" is the
    whole country. Sorted."""
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Rings of (longitude, latitude), WGS 84."""
    circles: tuple[Circle, ...] = ()
    references: tuple[str, ...] = ()
    """Identifiers of the earlier messages that it updates or cancels."""
    quake: Quake | None = None
    remarks: tuple[Remark, ...] = ()


class Report(BaseModel):
    """What a document holds."""

    model_config = ConfigDict(frozen=True)

    messages: tuple[Message, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """Items of a list that cannot be used: a JSON Pointer, and why."""
    state: bool = False
    """Whether it is all that is in force: what is missing has ended."""

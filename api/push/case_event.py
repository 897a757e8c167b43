"""The data of a ganzhi.case.* event. What is above the ceiling of its receiver is left out."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Outcome(BaseModel):
    """What came of the case in which a merged one went on."""

    case: UUID
    stage: str
    closed_how: Literal["handled", "self_handled"] | None


class AttachmentLink(BaseModel):
    """A picture or paper that the case has had since before the step, or got with it."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str = Field(description="of the bytes, in hexadecimal")
    url: str | None = Field(description="where it can be read until `until`; null: the hub has no api.public_url")
    until: datetime | None


class InTheirWords(BaseModel):
    """The case as its receiver calls it, if that is an outside case system."""

    system: str
    id: str | None = Field(description="what the system calls the case; null: it has not told of it yet")
    state: str | None = Field(
        description="its word for the stage, or of a merged case for the outcome; null: it has none"
    )
    category: str | None = Field(description="its code of the category")


class CaseEvent(BaseModel):
    """A step of a case, and the case after it."""

    model_config = ConfigDict(extra="forbid")

    case: UUID
    number: str = Field(description="what people call it (案卷号)")
    seq: int = Field(description="of the step, from 1; those that a receiver is not told leave gaps")
    step: str = Field(description="as in the type of the event")
    stage_from: str | None
    stage: str
    note: str | None = None
    detail: dict[str, Any] = {}
    step_organisation: str | None = Field(default=None, description="to which whoever took the step belonged")
    outcome: Outcome | None = Field(description="of `concluded`: what came of the case in which it went on")
    outside: InTheirWords | None = Field(description="null: its receiver is no outside system")
    attachments: list[AttachmentLink] = []
    title: str | None = None
    source: Literal["entered", "alert", "rule", "outside"]
    alert: UUID | None = Field(description="the alert it came of")
    category_kind: Literal["part", "event"] | None
    category: str | None
    category_name: str | None
    component: str | None = None
    level: Literal["blue", "yellow", "orange", "red"] | None
    region: str | None = None
    organisation: str | None = Field(default=None, description="whose matter it is")
    lon: float | None = None
    lat: float | None = None
    responsible: str | None = Field(default=None, description="the organisation that handles it (主办)")
    assisting: list[str] = []
    reported_at: datetime
    reporters: int
    stage_at: datetime
    stage_due_at: datetime | None
    due_at: datetime | None
    accepted_at: datetime | None
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    ended_at: datetime | None
    closed_at: datetime | None
    closed_how: Literal["handled", "self_handled"] | None
    returned: int
    reworked: int
    extended: int
    suspended: int
    suspended_at: datetime | None
    review_at: datetime | None
    supervised: int
    supervision: Literal["blue", "yellow", "orange", "red"] | None
    supervision_due_at: datetime | None
    asked: Literal["extension", "suspension"] | None
    asked_at: datetime | None
    asked_hours: float | None
    asked_until: datetime | None
    merged_into: UUID | None

"""Alerts as the API tells them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.contract_types import Code, LevelName
from api.rule_body import Guidance
from hub.alerts.desk_steps import CheckResult
from hub.signals import Signal

Handling = Literal["open", "acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm", "merged"]
State = Literal[Handling, "cleared"]
Cause = Code
"""Of the table of causes (GET /alert-causes)."""
Receipt = Literal["waiting", "unproven", "reached", "failed"]


class Escalation(BaseModel):
    """How far an alert is in its escalation chain."""

    chain: Code
    step: int = Field(description="how many steps were taken")
    state: Literal["waiting", "acknowledged", "stopped", "exhausted"] = Field(
        description="waiting for a person on duty; acknowledged by one, so that it goes on unless it is dispatched or "
        "handled in time; stopped; exhausted: all steps were taken"
    )
    next_at: datetime | None = Field(description="when the next step is taken, unless somebody acts before")
    next_to: list[Code] = Field(description="consumers that are told then; none for who may not see consumers")


class Alert(BaseModel):
    """The current state of an alert."""

    id: UUID
    seq: int = Field(description="how many changes it had")
    state: State = Field(description="handling; `cleared` while nobody has handled it and its condition is over")
    condition: Literal["active", "cleared"]
    handling: Handling
    steps: list[str] = Field(description="the states a desk may move it to now")
    level: LevelName
    peak_level: LevelName
    title: str
    origin: Literal["rule", "manual", "hub"] = Field(description="raised by a rule, by a person, by the hub itself")
    drill: bool = Field(description="of an exercise or a test: nothing of it is real, and its title says so")
    target: str = Field(description="what it is about: of a rule and target at most one is active")
    rule: str | None = Field(description="null for what no rule raised")
    rule_name: str | None
    rule_version: int | None = Field(
        description="the version of the rule that raised it, of GET /rules/{code}/versions"
    )
    event_kind: str | None
    device: str | None = Field(description="null for what is about a place, or about the hub")
    device_name: str | None
    category: str | None
    assignee: str | None = Field(description="the account that is to see to it")
    cause: Cause | None = Field(description="why it was false, of GET /alert-causes")
    check_result: CheckResult | None = Field(
        description="what a person found it to be (核实); null: nobody has checked"
    )
    shelved_until: datetime | None = Field(description="out of the list of what is to be done until then")
    merged_into: UUID | None = Field(description="the alert in which it goes on")
    incident: UUID | None = Field(description="of GET /incidents, in which it is")
    metric: str | None
    metric_name: str | None
    unit: str | None
    direction: Literal["above", "below"] | None
    signal: Signal | None = Field(description="what of the metric the value, its unit and the threshold are")
    value: float | None
    threshold: float | None
    region: str | None
    lon: float | None
    lat: float | None
    organisation: str | None
    opened_at: datetime = Field(description="when the condition began, by the device's clock")
    cleared_at: datetime | None = Field(description="when it ended; null while it lasts")
    changed_at: datetime = Field(description="when the condition last changed, by the device's clock")
    raised_at: datetime = Field(description="when the hub raised it")
    updated_at: datetime
    escalation: Escalation | None = Field(description="null: it follows no chain")
    guidance: Guidance | None = Field(
        description="what is to be done: as the rule says, else in the words of the hub; null: nothing is said"
    )


class AlertStep(BaseModel):
    """One change of an alert."""

    cursor: int = Field(description="its id in the stream")
    seq: int
    kind: str
    at: datetime
    actor: str | None
    note: str | None
    level: LevelName
    state: State
    value: float | None
    details: dict[str, Any] | None = Field(
        default=None,
        description="of checked, transferred, arrived and reported_back: what was given with the step; of what a rule "
        "on readings decided: `why` (`rule`: its version, and which threshold was crossed by how much; of a signal the "
        "value, what was expected, the score and its parts)",
    )


class AlertDelivery(BaseModel):
    """Delivery of one change to one consumer."""

    consumer: str
    seq: int
    state: Literal["pending", "delivered", "given_up", "silenced", "quiet", "inhibited", "grouped"] = Field(
        description="silenced, quiet: kept back by a silence, or by quiet hours of the consumer; inhibited: by "
        "another alert; grouped: its next summary names it"
    )
    attempts: int
    inhibited_by: UUID | None = Field(description="the alert of its device's parent that keeps it back")
    summary: UUID | None = Field(description="the summary that names it, and whose state this is; null: sent singly")
    why: str | None = Field(description="why it gets it beside its filters: as the fallback, or by a chain; else null")
    failure: str | None = Field(description="in which way it failed last, in one word")
    last_error: str | None
    said: str | None = Field(description="what the consumer answered when it accepted, at most 500 characters")
    took_ms: int | None = Field(description="how long the last attempt took")
    receipt: Receipt | None = Field(
        description="what a gateway has said since it accepted: delivered is not reached. unproven: nothing in its "
        "time. null: no receipt is expected. It is never an acknowledgement"
    )
    receipt_said: str | None = Field(description="the status in the receipt, in the gateway's own word")
    message_id: str | None = Field(description="what the gateway calls the message")
    reached_at: datetime | None
    repeats: int = Field(description="how often it was sent again because its receipt said that it failed")
    created_at: datetime
    settled_at: datetime | None
    next_at: datetime | None


class AlertAttachment(BaseModel):
    """A picture or paper that somebody added."""

    id: UUID
    name: str
    media_type: str
    size: int = Field(description="bytes")
    added_at: datetime


class AlertDetail(Alert):
    """An alert with its changes, attachments and deliveries."""

    changes: list[AlertStep] = Field(description="the newest 500, in their order; /changes has all")
    attachments: list[AlertAttachment]
    inhibited_by: UUID | None = Field(
        description="the alert of its device's gateway or pole that keeps it back from who was told of that"
    )
    deliveries: list[AlertDelivery] = Field(
        description="the newest 500, in their order; /deliveries has all. Empty for who may not see consumers"
    )

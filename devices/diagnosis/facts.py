"""Input of a device diagnosis: everything known about one device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from devices.diagnosis.frame_check import Report
from hub.errors import At

SAME = timedelta(seconds=0.5)
"""The time of arrival of a reading is worked out from its own: within this it may be of the same message."""
SILENT_INTERVALS, SILENT_LEAST_S = 3, 60.0
"""Silence that counts as offline where a profile gives none of its own."""


@dataclass(slots=True, frozen=True)
class Refusal:
    """A dead letter of the device."""

    id: UUID
    received_at: datetime
    transport: str
    address: str
    reason: str
    detail: str
    payload: bytes
    payload_size: int
    at: At = None
    report: Report | None = None
    """What frame_check says of the payload, as far as it was kept."""
    sent: tuple[str, ...] = ()
    """The metrics that it brings, whether the profile knows them or not."""
    partial: bool = False
    """Whether the rest of the message was taken."""
    ahead_s: float | None = None
    """How far its newest time lies ahead of its arrival."""


@dataclass(slots=True, frozen=True)
class Stray:
    """Messages of an unregistered code or invalid topic that probably belong to this device."""

    code: str | None
    address: str
    reason: str
    count: int
    last_at: datetime


@dataclass(slots=True, frozen=True)
class Metric:
    """A series of the device: its newest reading, and statistics of its newest 1,000 of the last day."""

    name: str
    shown: str | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    interval_s: float | None = None
    in_profile: bool = True
    newest_at: datetime | None = None
    value: float | None = None
    quality: int = 0
    first_of_hour: datetime | None = None
    of_hour: int = 0
    of_day: int = 0
    watermark: datetime | None = None
    """When the newest reading came, where its own time is after that."""
    top: datetime | None = None
    """The greatest time of a reading, where the clock was ahead before the newest one came."""
    late: int = 0
    out_of_range: int = 0
    untimed: int = 0


@dataclass(slots=True, frozen=True)
class Credential:
    """A device credential."""

    kind: str
    username: str
    revoked_at: datetime | None


@dataclass(slots=True, frozen=True)
class Parent:
    """The gateway or pole a device belongs to."""

    code: str
    state: str
    online: bool | None
    seen_at: datetime | None


@dataclass(slots=True, frozen=True)
class Health:
    """Presence: online or not, since when, and why."""

    online: bool
    since: datetime
    cause: str | None


@dataclass(slots=True, frozen=True)
class Flood:
    """The newest flood of refused messages, of which few are among the dead letters."""

    since: datetime
    last_at: datetime
    refused: int
    disabled_until: datetime | None
    """Of its accounts at the broker."""


@dataclass(slots=True, frozen=True)
class NoNews:
    """Messages that brought no news: retained ones without a time of their own, and empty ones; and the last topic."""

    retained: int
    empty: int
    address: str
    last_at: datetime


@dataclass(slots=True, frozen=True)
class Polled:
    """How it answers as a slave of a line, or how its line does where it is the DTU."""

    line: str
    address: str
    is_line: bool
    ended_at: datetime | None
    asked: int
    answered: int
    wrong_sums: int
    complaint: str | None
    silent_since: datetime | None
    exception: int | None
    registers: str | None


@dataclass(slots=True, frozen=True)
class Facts:
    """Everything a diagnosis uses. Datetimes are timezone-aware."""

    code: str
    now: datetime
    prefix: str
    """Of MQTT topics."""
    name: str = ""
    state: str = "active"
    created_at: datetime | None = None
    profile: str = ""
    profile_name: str = ""
    interval_s: float | None = None
    offline_after_s: float | None = None
    max_future_s: float = 600.0
    seen_at: datetime | None = None
    """When its last readable message came, whether it was taken or not."""
    event_at: datetime | None = None
    """When its newest event was received."""
    events_of_day: int = 0
    """Its newest 1,000 events of the last day, and how many of them told no time."""
    untimed_events: int = 0
    unused: Sequence[str] = ()
    """Members of its messages of the last day that nothing is made of."""
    clock_offset_s: float | None = None
    """Of its clock, as it was measured last; positive: ahead."""
    health: Health | None = None
    maintenance: tuple[datetime, datetime, str] | None = None
    """From, until and the note of the window that is open now."""
    polled: Polled | None = None
    flood: Flood | None = None
    link: Mapping[str, Any] | None = None
    """How its network receives it: columns of device_link, as JSON."""
    gap: Mapping[str, Any] | None = None
    """The newest time in which nothing of it could come: columns of push_gap, as JSON, and how many there are."""
    session: Mapping[str, Any] | None = None
    """Its newest connection, of what dials in: columns of session, as JSON."""
    registration: Mapping[str, Any] | None = None
    """Over SIP: columns of sip_registration, as JSON."""
    cameras: Sequence[str] = ()
    """Kinds of its connections, of a camera that is asked or pushes."""
    schemes: Sequence[str] = ()
    """Of the addresses by which protocols and platforms call it."""
    no_news: NoNews | None = None
    """Of the last day that there were any, within a week."""
    refusals: Sequence[Refusal] = ()
    """The newest dead letters, newest first."""
    strays: Sequence[Stray] = ()
    metrics: Sequence[Metric] = ()
    credentials: Sequence[Credential] = ()
    parent: Parent | None = None
    expected: int | None = None
    received: int | None = None
    """Of the completeness of the last whole day."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """A payload that fits its profile, to try it with; with "kind": an event. Empty where none is known."""
    alerts: Sequence[tuple[str, str, datetime]] = ()
    """Level, title and beginning of what is open."""

    @property
    def reading_at(self) -> datetime | None:
        """Timestamp of the newest reading, by the device's clock."""
        return max((metric.newest_at for metric in self.metrics if metric.newest_at is not None), default=None)

    @property
    def taken_at(self) -> datetime | None:
        """Approximate arrival of the last message that was stored; never later than now."""
        times = [at for at in (self._reading_came, self.event_at) if at is not None]
        return min(max(times), self.now) if times else None

    @property
    def _reading_came(self) -> datetime | None:
        """Arrival of the newest reading, estimated from its timestamp and the measured clock offset."""
        at, offset = self.reading_at, timedelta(seconds=self.clock_offset_s or 0.0)
        if at is None or self.clock_offset_s is None:
            return at
        if self.seen_at is not None and abs(self.seen_at + offset - at) < SAME:
            return self.seen_at
        # Measured on another message. What is further ahead than is allowed was refused: the reading was not like it.
        return at if abs(self.clock_offset_s) > self.max_future_s else at - offset

    @property
    def heard_at(self) -> datetime | None:
        """Arrival of the last message, stored or refused."""
        refused = self.refusals[0].received_at if self.refusals else None
        times = [at for at in (self.seen_at, self.taken_at, refused) if at is not None]
        return max(times, default=None)

    def taken_after(self, at: datetime) -> bool:
        """Whether a message that arrived after `at` was stored."""
        return self.taken_at is not None and self.taken_at > at + SAME

    @property
    def silent_after_s(self) -> float | None:
        """Seconds of silence until it counts as offline; None for event-driven devices."""
        if self.offline_after_s is not None:
            return self.offline_after_s
        return None if self.interval_s is None else max(SILENT_INTERVALS * self.interval_s, SILENT_LEAST_S)

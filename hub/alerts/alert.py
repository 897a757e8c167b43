"""Applies changes to alerts, each checked against the transition table. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from hub.alerts.routing import Place
from hub.alerts.transitions import DECIDE, ENDED, STEP, refusal
from hub.models import AlertChange, from_micros


@dataclass(slots=True, frozen=True)
class Step:
    """A change of an alert's handling."""

    id: UUID
    alert_id: UUID
    kind: str
    """acknowledged, dispatched, handled, verified, closed, false_alarm, merged."""
    actor: str
    note: str | None = None
    permission: str = STEP
    """By which it is taken."""


Change = AlertChange | Step


class Result(NamedTuple):
    """The result of a change."""

    change: Change
    outcome: Literal["applied", "repeated", "refused"]
    """Repeated: a change of this id was applied before; nothing was changed by it now."""
    reason: str = ""
    """Why it was refused."""
    found: bool = True
    """Whether there is such an alert."""


class Home(NamedTuple):
    """Organisation and region of a device."""

    region: str | None
    organisation: str | None
    category: str | None
    """Of its profile."""
    areas: list[str]
    """Codes of the named areas in which it is."""


@dataclass(slots=True)
class Alert:
    """A row of table alert without derived columns, and its device's current organisation and region."""

    id: UUID
    rule_id: int
    target: str
    device_id: int
    series_id: int | None
    region: str | None
    title: str
    level: int
    peak_level: int
    handling: str
    value: float | None
    threshold: float | None
    opened_at: datetime
    cleared_at: datetime | None
    changed_at: datetime
    seq: int
    organisation: str | None
    category: str | None
    areas: list[str]

    @property
    def active(self) -> bool:
        """Whether the condition is active and no handling has ended it."""
        return self.cleared_at is None and self.handling not in ENDED

    @property
    def place(self) -> Place:
        """Routing key of the alert."""
        return Place(self.organisation, self.region, self.category, self.peak_level, frozenset(self.areas))

    def take(self, change: Change) -> None:
        """Apply a valid change."""
        self.seq += 1
        if isinstance(change, Step):
            self.handling = change.kind
            return
        at = from_micros(change.ts)
        self.level, self.peak_level = change.level, max(self.peak_level, change.level)
        self.value = self.value if change.value is None else change.value
        self.threshold = self.threshold if change.threshold is None else change.threshold
        self.title, self.changed_at = change.title, max(self.changed_at, at)
        if change.kind == "cleared":
            self.cleared_at = at


class Applied(NamedTuple):
    """A change that was applied, and the alert after it."""

    change: Change
    alert: Alert


@dataclass(slots=True)
class Plan:
    """The effect of a list of changes on the alerts concerned."""

    results: list[Result] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    """In order, each with a picture of its own."""


def plan(
    changes: Iterable[Change],
    known: Collection[UUID],
    alerts: Sequence[Alert],
    homes: Mapping[tuple[int, int], Home],
) -> Plan:
    """Apply changes in order; `known` are ids of changes applied earlier.

    `alerts` are those that the changes name, and the active one of each rule and target that a change raises; `homes`
    is by (rule id, device id), of the changes that raise.
    """
    planned, seen = Plan(), set(known)
    by_id = {alert.id: replace(alert) for alert in alerts}
    active = {(alert.rule_id, alert.target): alert for alert in by_id.values() if alert.active}
    for change in changes:
        alert = by_id.get(change.alert_id)
        if change.id in seen:
            planned.results.append(Result(change, "repeated"))
            continue
        if isinstance(change, AlertChange) and change.kind == "raised":
            reason = _no_raise(change, alert, active, homes)
            if reason is None:
                alert = by_id[change.alert_id] = _raised(change, homes[change.rule_id, change.device_id])
        elif alert is None:
            reason = "there is no such alert"
        else:
            permission = change.permission if isinstance(change, Step) else DECIDE
            reason = refusal(change.kind, alert.handling, alert.cleared_at is not None, permission)
            if reason is None:
                alert.take(change)
        if reason is not None or alert is None:
            planned.results.append(Result(change, "refused", reason or "", alert is not None))
            continue
        seen.add(change.id)
        key = alert.rule_id, alert.target
        if alert.active:
            active[key] = alert
        elif active.get(key) is alert:
            del active[key]
        planned.results.append(Result(change, "applied"))
        planned.applied.append(Applied(change, replace(alert)))
    return planned


def _no_raise(
    change: AlertChange,
    same: Alert | None,
    active: Mapping[tuple[int, str], Alert],
    homes: Mapping[tuple[int, int], Home],
) -> str | None:
    """Why an alert cannot be raised; None when it can."""
    if same is not None:
        return "an alert of this id has been raised before"
    if (other := active.get((change.rule_id, change.target))) is not None:
        return f"{change.target} has an active alert of this rule already: {other.id}"
    if (change.rule_id, change.device_id) not in homes:
        return f"there is no rule {change.rule_id}, or no device {change.device_id}"
    return None


def _raised(change: AlertChange, home: Home) -> Alert:
    at = from_micros(change.ts)
    return Alert(
        change.alert_id, change.rule_id, change.target, change.device_id, change.series_id, home.region, change.title,
        change.level, change.level, "open", change.value, change.threshold, at, None, at, 1,
        home.organisation, home.category, home.areas,
    )  # fmt: skip

"""Applies changes to alerts, each checked against the transition table. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal, NamedTuple
from uuid import UUID

from hub.alerts.fused import Fused, Held, no_fusion
from hub.alerts.home import Home
from hub.alerts.kept_back import KeptBack
from hub.alerts.routing import Place
from hub.alerts.titles import marked, unmarked
from hub.alerts.transitions import DECIDE, ENDED, FUSE, HANDLING_AFTER, STEP, refusal
from hub.models import AlertChange, from_micros


@dataclass(slots=True, frozen=True)
class Climb:
    """A step of an escalation chain that is taken."""

    number: int
    """From 1, in this round of the chain."""
    to: Mapping[int, KeptBack]
    """Ids of the consumers that are told, each with what keeps it back."""
    wait_s: float | None
    """Seconds until the next step; None: it was the last one."""


@dataclass(slots=True, frozen=True)
class Step:
    """A change of an alert's handling."""

    id: UUID
    alert_id: UUID
    kind: str
    """Of the handling or the record (hub/alerts/transitions.py); `cleared` for an alert of the hub's own, `updated` for
    one of a test that is real from now on."""
    actor: str | None
    """What the desk or program calls itself."""
    note: str | None = None
    permission: str = STEP
    """By which it is taken."""
    principal: UUID | None = None
    """The account or key that took it."""
    at: datetime | None = None
    """When; only what ends or reopens an alert that no rule raised needs it."""
    seen: int | None = None
    """The `seq` that the alert had when this was decided; it is refused as stale when there were changes since."""
    cause: str | None = None
    """Of false_alarm."""
    assignee: UUID | None = None
    """Of assigned; None: nobody any more."""
    shelved_until: datetime | None = None
    """Of shelved."""
    merged_into: UUID | None = None
    """Of merged."""
    climb: Climb | None = None
    """Of escalated."""
    details: Mapping[str, Any] | None = None
    """Of checked, transferred, arrived and reported_back (hub/alerts/desk_steps.py), and of separated."""


@dataclass(slots=True, frozen=True)
class Raise:
    """An alert that no rule raises: of a person, or of the hub about itself."""

    id: UUID
    alert_id: UUID
    origin: Literal["manual", "hub"]
    target: str
    """At most one is active for each of the hub's own."""
    title: str
    level: int
    at: datetime
    actor: str | None = None
    note: str | None = None
    principal: UUID | None = None
    event_kind: str | None = None
    category: str | None = None
    device_id: int | None = None
    """Without one it has a place of its own."""
    region: str | None = None
    organisation: str | None = None
    lon: float | None = None
    lat: float | None = None
    drill_id: UUID | None = None
    """Of an exercise; it goes to the consumers of this drill only."""
    kind: Literal["raised"] = "raised"


Change = AlertChange | Step | Raise | Fused


class Result(NamedTuple):
    """The result of a change."""

    change: Change
    outcome: Literal["applied", "repeated", "refused"]
    """Repeated: a change of this id was applied before; nothing was changed by it now."""
    reason: str = ""
    """Why it was refused."""
    found: bool = True
    """Whether there is such an alert."""
    stale: bool = False
    """Refused because the alert has changed since it was seen."""


@dataclass(slots=True)
class Alert:
    """A row of table alert without derived columns, and its device's current organisation and region."""

    id: UUID
    origin: str
    """rule, manual or hub."""
    rule_id: int | None
    """Of origin rule only."""
    target: str
    device_id: int | None
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
    event_kind: str | None
    """Of an alert that no rule raised."""
    lon: float | None
    lat: float | None
    acknowledged_level: int | None
    """Its level when it was acknowledged: beyond that the acknowledgement is over."""
    assignee: UUID | None
    cause: str | None
    shelved_until: datetime | None
    merged_into: UUID | None
    drill_id: UUID | None
    """Of an exercise, or of a test of its device; None: it is real."""
    check_result: str | None
    """What a person found it to be (核实): real, false_alarm or test; None: nobody has checked."""
    rule_version: int | None
    """The version of its rule that raised it."""
    organisation: str | None
    category: str | None
    areas: list[str]
    drill_over: bool = False
    """Whether its drill is over: nobody ends what is reopened in it."""
    own_level: int | None = None
    own_peak: int | None = None
    floor: int | None = None
    ceiling: int | None = None
    """These four where fusion holds its level (hub/alerts/fused.py)."""

    @property
    def active(self) -> bool:
        """Whether the condition is active and no handling has ended it."""
        return self.cleared_at is None and self.handling not in ENDED

    @property
    def tested(self) -> bool:
        """Whether it is the proof of a device under test, not an alert of an exercise."""
        return self.drill_id is not None and self.origin == "rule"

    @property
    def place(self) -> Place:
        """Routing key of the alert."""
        return Place(self.organisation, self.region, self.category, self.peak_level, frozenset(self.areas))

    @property
    def held(self) -> Held:
        """What its level is held at."""
        return Held(self.own_level or self.level, self.own_peak or self.peak_level, self.floor, self.ceiling)

    def take(self, change: Change) -> None:
        """Apply a valid change."""
        self.seq += 1
        if isinstance(change, Step):
            self._step(change)
        elif isinstance(change, AlertChange):
            self._measure(change)
        elif isinstance(change, Fused) and change.kind == "updated":
            self._hold(self.held.fused(change))

    def _step(self, step: Step) -> None:
        match step.kind:
            case "cleared":
                self.cleared_at = step.at
            case "updated":
                self._become_real()
            case "assigned":
                self.assignee = step.assignee
            case "shelved" | "unshelved":
                self.shelved_until = step.shelved_until
            case "checked" if step.details is not None:
                self.check_result = step.details["result"]
            case kind if kind in HANDLING_AFTER:
                self._handle(step)

    def _handle(self, step: Step) -> None:
        self.handling = HANDLING_AFTER[step.kind]
        self.cause, self.merged_into = step.cause, step.merged_into
        if step.kind == "acknowledged":
            self.acknowledged_level = self.level
        if self.handling in ENDED:
            self.shelved_until = None
        if step.kind == "reopened":
            self.check_result = None
        if self.origin == "manual":  # nothing measures its condition: it lasts until the desk says so
            self.cleared_at = step.at if self.handling in ENDED else None

    def _become_real(self) -> None:
        """The test of its device is over and the condition lasts: what people did about it was done about a test."""
        self.drill_id, self.title, self.handling = None, unmarked(self.title), "open"
        self.acknowledged_level = self.assignee = self.cause = self.shelved_until = self.check_result = None

    def _measure(self, change: AlertChange) -> None:
        """What a rule found; a rise above the level that was acknowledged, or shelved, makes it open again."""
        at = from_micros(change.ts)
        if self.own_level is None:
            self._rise(change.level)
        else:
            self._hold(self.held.measured(change.level))
        self.value = self.value if change.value is None else change.value
        self.threshold = self.threshold if change.threshold is None else change.threshold
        self.title = change.title if self.drill_id is None else marked(change.title)
        self.changed_at = max(self.changed_at, at)
        if change.kind == "cleared":
            self.cleared_at = at

    def _hold(self, held: Held) -> None:
        """The level that fusion holds, beside that of the rule."""
        self.own_level, self.own_peak, self.floor, self.ceiling = held
        self._rise(held.level)

    def _rise(self, level: int) -> None:
        if level > (self.acknowledged_level or level) and self.handling == "acknowledged":
            self.handling = "open"
        if level > self.level:
            self.shelved_until = None
        self.level, self.peak_level = level, max(self.peak_level, level)


Where = tuple[int, int] | UUID


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


fields_of: Callable[[Alert], tuple[Any, ...]] = attrgetter(*Alert.__slots__)
"""The fields of an alert, in their order."""


def plan(
    changes: Iterable[Change],
    known: Collection[UUID],
    alerts: Sequence[Alert],
    homes: Mapping[Where, Home],
) -> Plan:
    """Apply changes in order; `known` are ids of changes applied earlier.

    `alerts` are those that the changes name, and the active one of each rule and target that a change raises; `homes`
    is by (rule id, device id), of the changes that raise; by the id of the change, of a Raise.
    """
    planned, seen = Plan(), set(known)
    by_id = {alert.id: _copy(alert) for alert in alerts}
    active = {(alert.rule_id, alert.target): alert for alert in by_id.values() if alert.active}
    for change in changes:
        alert = by_id.get(change.alert_id)
        if change.id in seen:
            planned.results.append(Result(change, "repeated"))
            continue
        if change.kind == "raised" and not isinstance(change, Step | Fused):
            reason = _no_raise(change, alert, active, homes)
            if reason is None:
                alert = by_id[change.alert_id] = _raised(change, homes[_where(change)])
        elif alert is None:
            reason = "there is no such alert"
        else:
            reason = _no_step(change, alert, by_id, active)
            if reason is None:
                alert.take(change)
        if reason is not None or alert is None:
            stale = alert is not None and isinstance(change, Step) and change.seen not in (None, alert.seq)
            planned.results.append(Result(change, "refused", reason or "", alert is not None, stale))
            continue
        seen.add(change.id)
        key = alert.rule_id, alert.target
        if alert.active:
            active[key] = alert
        elif active.get(key) is alert:
            del active[key]
        planned.results.append(Result(change, "applied"))
        planned.applied.append(Applied(change, _copy(alert)))
    return planned


def _copy(alert: Alert) -> Alert:
    """Not replace: that took five times as long, a fifth of what planning costs."""
    return Alert(*fields_of(alert))


Active = Mapping[tuple[int | None, str], Alert]


def _where(change: AlertChange | Raise) -> Where:
    return change.id if isinstance(change, Raise) else (change.rule_id, change.device_id)


def _no_step(change: Change, alert: Alert, by_id: Mapping[UUID, Alert], active: Active) -> str | None:
    """Why a change of an alert cannot be; None when it can."""
    cleared = alert.cleared_at is not None
    if not isinstance(change, Step):
        return _no_decision(change, alert)
    if change.seen not in (None, alert.seq):
        return f"it has changed since: it had {change.seen} changes, and has {alert.seq}"
    checked = alert.check_result is not None
    reason = refusal(change.kind, alert.handling, cleared, change.permission, checked)
    if reason is None and alert.drill_id is not None:
        reason = _no_step_of_drill(change, alert)
    if reason is None and change.kind == "merged" and change.merged_into is not None:
        into = by_id.get(change.merged_into)
        if into is None or into is alert or into.handling in ENDED:
            reason = "it can be merged into another alert that has not ended only"
        elif into.drill_id is not None:
            reason = "the other one is of a drill: what is real is not merged into it"
        elif into.level < alert.level:
            reason = "it can be merged into an alert of its level or above only: merge the other one into it"
    if reason is None and change.kind == "reopened" and not cleared:
        other = active.get((alert.rule_id, alert.target))
        if other is not None:
            reason = f"{alert.target} has an active alert of this rule by now: {other.id}"
    return reason


def _no_decision(change: AlertChange | Raise | Fused, alert: Alert) -> str | None:
    permission = FUSE if isinstance(change, Fused) else DECIDE
    reason = refusal(change.kind, alert.handling, alert.cleared_at is not None, permission)
    if reason is None and isinstance(change, Fused) and change.kind == "updated":
        return no_fusion(change, alert.held)
    return reason


def _no_step_of_drill(step: Step, alert: Alert) -> str | None:
    if step.kind == "merged" or (step.kind == "reopened" and alert.origin == "manual"):
        return "it is of a drill, which ends it: it is neither merged nor reopened"
    if step.kind == "reopened" and alert.drill_over:
        return "it is of a drill that is over, and ends nothing any more: what happens now raises an alert of its own"
    return None


def _no_raise(
    change: AlertChange | Raise, same: Alert | None, active: Active, homes: Mapping[Where, Home]
) -> str | None:
    """Why an alert cannot be raised; None when it can."""
    if same is not None:
        return "an alert of this id has been raised before"
    rule_id = None if isinstance(change, Raise) else change.rule_id
    if (other := active.get((rule_id, change.target))) is not None:
        return f"{change.target} has an active alert of this rule already: {other.id}"
    if _where(change) not in homes:
        return f"there is no rule {rule_id}, or no device {change.device_id}"
    return None


def _raised(change: AlertChange | Raise, home: Home) -> Alert:
    at = change.at if isinstance(change, Raise) else from_micros(change.ts)
    drill = change.drill_id if isinstance(change, Raise) else home.test_at(at)
    alert = Alert(
        change.alert_id, "rule", None, change.target, change.device_id, None, home.region, change.title,
        change.level, change.level, "open", None, None, at, None, at, 1,
        None, None, None, None, None, None, None, None, drill, None, None,
        home.organisation, home.category, home.areas,
    )  # fmt: skip
    if alert.drill_id is not None:
        alert.title = marked(alert.title)
    if isinstance(change, Raise):
        alert.origin, alert.event_kind, alert.lon, alert.lat = change.origin, change.event_kind, change.lon, change.lat
    else:
        alert.rule_id, alert.rule_version, alert.series_id = change.rule_id, change.rule_version, change.series_id
        alert.value, alert.threshold = change.value, change.threshold
    return alert

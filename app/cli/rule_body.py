"""What `hub rules` commands share: a rule as `PUT /api/v1/rules/CODE` takes it."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from app.cli.rule_schedule import ScheduleOptions

LEVELS = ("blue", "yellow", "orange", "red")
CodeArgument = Annotated[str, typer.Argument(help="The rule's code.")]
_OF_METRIC = (
    "metric",
    "signal",
    "tolerance",
    "flagged",
    "expression",
    "stale_s",
    "direction",
    "thresholds",
    "hysteresis",
    "hold_s",
    "clear_s",
)
_OF_EVENT = ("event_kind", "level", "count", "within_s", "cooldown_s")
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@dataclass
class _Options:
    """Options that belong together; each that is left out stays as it is."""

    def given(self) -> dict[str, Any]:
        """Those that are given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass
class MetricOptions(_Options):
    """What is unusual of a metric."""

    metric: Annotated[str | None, typer.Option(help="One of the profile's metrics.")] = None
    signal: Annotated[
        str | None,
        typer.Option(help="What of it: value, score, rate, residual, gap, excess, unshared, silence or flat."),
    ] = None
    tolerance: Annotated[float | None, typer.Option(min=0, help="How far a value may move and still be flat.")] = None
    flagged: Annotated[
        bool | None,
        typer.Option("--flagged/--no-flagged", help="Look at readings of a fault, a calibration, a test and such too."),
    ] = None
    expression: Annotated[
        str | None, typer.Option(help="Instead: calculated from several metrics, 'level > 3 && gateway.power < 1'.")
    ] = None
    stale_s: Annotated[
        float | None, typer.Option("--stale-s", min=0, max=86400, help="Older values are missing to an expression.")
    ] = None
    direction: Annotated[str | None, typer.Option(help="above or below the thresholds is unusual.")] = None
    blue: Annotated[float | None, typer.Option(help="Threshold of this level.")] = None
    yellow: Annotated[float | None, typer.Option(help="Threshold of this level.")] = None
    orange: Annotated[float | None, typer.Option(help="Threshold of this level.")] = None
    red: Annotated[float | None, typer.Option(help="Threshold of this level.")] = None

    def given(self) -> dict[str, Any]:
        """Those that are given; thresholds are one of them, as a whole."""
        given = super().given()
        thresholds = {level: given.pop(level) for level in LEVELS if level in given}
        return given | ({"thresholds": thresholds} if thresholds else {})


@dataclass
class TimeOptions(_Options):
    """How far and how long a metric must be beyond a threshold, and back."""

    hysteresis: Annotated[float | None, typer.Option(min=0, help="How far back before the alert ends.")] = None
    hold_s: Annotated[float | None, typer.Option("--hold-s", min=0, max=86400, help="Seconds it must last.")] = None
    clear_s: Annotated[float | None, typer.Option("--clear-s", min=0, max=86400, help="Seconds to be back.")] = None


@dataclass
class ScopeOptions(_Options):
    """Which devices the rule is for, beside its profile: all that is given must hold."""

    organisation: Annotated[str | None, typer.Option(help="Its devices, and those of organisations below it.")] = None
    region: Annotated[str | None, typer.Option(help="A division and all below it, by the first digits.")] = None
    tag: Annotated[str | None, typer.Option(help="Devices with this tag: KEY or KEY:VALUE.")] = None
    device: Annotated[list[str] | None, typer.Option(help="Only this device; may be given again.")] = None
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Take off all of these limits.")] = False

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """The rule with these limits; those that are left out stay."""
        given = self.given()
        if given.pop("everywhere"):
            body = _without(body, "scope")
        if devices := given.pop("device", None):
            given["devices"] = devices
        return {**body, "scope": {**(body.get("scope") or {}), **given}} if given else body


@dataclass
class EventOptions(_Options):
    """Which kind of event is unusual."""

    event_kind: Annotated[str | None, typer.Option("--event-kind", help="Instead of a metric: smoke, ...")] = None
    level: Annotated[str | None, typer.Option(help="Of the alert of an event.")] = None


@dataclass
class RepetitionOptions(_Options):
    """How often a kind of event must happen, and how soon an alert may come again."""

    count: Annotated[int | None, typer.Option(min=1, max=100, help="So many events, within --within-s.")] = None
    within_s: Annotated[float | None, typer.Option("--within-s", min=0, max=86400, help="Seconds.")] = None
    cooldown_s: Annotated[
        float | None, typer.Option("--cooldown-s", min=0, max=86400, help="Seconds after an alert without another.")
    ] = None


@dataclass
class GuidanceOptions(_Options):
    """What whoever answers an orange or red alert is told; what is left out stays, or comes from the hub."""

    cause: Annotated[str | None, typer.Option(help="What is likely behind it.")] = None
    consequence: Annotated[str | None, typer.Option(help="What follows if nobody acts.")] = None
    action: Annotated[str | None, typer.Option(help="What is to be done.")] = None
    contacts: Annotated[str | None, typer.Option(help="Who is called: posts and duty rooms.")] = None
    respond_s: Annotated[int | None, typer.Option("--respond-s", min=1, help="Seconds to respond.")] = None


def body_of(found: dict[str, Any]) -> dict[str, Any]:
    """Of a rule as the API answers with it."""
    body = {name: value for name, value in found.items() if name not in ("code", "version") and value is not None}
    if scope := body.get("scope"):
        body["scope"] = {name: value for name, value in scope.items() if value is not None}
    return body


@dataclass
class Given:
    """What the command line says of a rule."""

    metric: MetricOptions
    times: TimeOptions
    event: EventOptions
    repetition: RepetitionOptions
    schedule: ScheduleOptions
    guidance: GuidanceOptions
    scope: ScopeOptions

    def change(self, body: dict[str, Any]) -> dict[str, Any]:
        """The rule with it; a rule on a metric may become one on events, and one on events one on a metric."""
        if self.event.given():
            body = _without(body, *_OF_METRIC)
        if self.metric.given():
            body = _without(body, *_OF_EVENT)
        if self.metric.expression is not None:  # which metric it is about, it says itself, unless that is given
            body = _without(body, "metric", "signal", "flagged")
        elif self.metric.metric is not None or self.metric.signal is not None:
            body = _without(body, "expression", "stale_s")
        for options in (self.metric, self.times, self.event, self.repetition):
            body = body | options.given()
        if body.get("count") == 1:
            body.pop("within_s", None)
        body = self.schedule.change(body)
        body = self.scope.change(body)
        if guidance := self.guidance.given():
            body["guidance"] = {**(body.get("guidance") or {}), **guidance}
        return body


def _without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}

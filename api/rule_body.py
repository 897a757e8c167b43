"""Rules as the API takes and tells them."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from api.contract_types import LEVELS, TEXT, Code, LevelName, Metric, Name, known
from api.rule_schedule import Schedule
from api.rule_scope import RuleScope
from devices.vocabulary import KINDS, PROMPT
from hub.alerts.own_kinds import reserved
from hub.signals import GROWING, Signal
from hub.words.sentence import Sentence

_EXAMPLES: list[JsonValue] = [
    {
        "name": "PM2.5 high",
        "profile": "air",
        "metric": "pm25",
        "direction": "above",
        "thresholds": {"blue": 75, "yellow": 115, "orange": 150, "red": 250},
        "hysteresis": 5,
        "hold_s": 10,
    },
    {
        "name": "Level unusual",
        "profile": "river-level",
        "metric": "level",
        "signal": "score",
        "direction": "above",
        "thresholds": {"yellow": 0.99},
        "clear_s": 1800,
    },
    {
        "name": "Level is silent",
        "profile": "river-level",
        "metric": "level",
        "signal": "silence",
        "direction": "above",
        "thresholds": {"blue": 3600, "yellow": 7200},
    },
    {
        "name": "High water in heavy rain",
        "profile": "river-level",
        "expression": "level > 3.0 && rain_rate > 20.0",
        "direction": "above",
        "thresholds": {"yellow": 1},
        "hold_s": 60,
    },
    {"name": "Smoke seen", "event_kind": "smoke", "level": "red"},
]
Said = Annotated[str, Field(min_length=1, max_length=2000, pattern=TEXT)]
Expression = Annotated[
    str,
    Field(
        description="instead of the value of a metric: what is calculated from several of the device, in a part of "
        "CEL (docs/EXPRESSIONS.md). true counts as 1, false as 0",
        examples=["level > 3.0 && rain_rate > 20.0"],
    ),
]
Threshold = Annotated[float, Field(allow_inf_nan=False)]


class Guidance(BaseModel):
    """What whoever answers an alert is told. What is left out comes from the hub, where it knows the kind or metric."""

    model_config = ConfigDict(extra="forbid")

    cause: Said | None = Field(default=None, description="what is likely behind it")
    consequence: Said | None = Field(default=None, description="what follows if nobody acts")
    action: Said | None = Field(default=None, description="what is to be done (预案)")
    contacts: Said | None = Field(default=None, description="who is called: posts and duty rooms, not persons")
    respond_s: int | None = Field(default=None, ge=1, le=604800, description="within how many seconds to respond")


class RuleBody(BaseModel):
    """Either thresholds on a metric of a profile, or a level for a kind of event."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": _EXAMPLES})

    name: Name
    profile: Code | None = Field(default=None, description="needed with a metric; an event rule may leave it out")
    scope: RuleScope | None = Field(default=None, description="only devices of which all that is given here holds")
    metric: Metric | None = None
    signal: Signal = Field(
        default="value",
        description="what the thresholds are of: the value, or of each reading its `score` (how unusual, 0 to 1), "
        "`rate` (change an hour since the reading before), `residual` (distance from what is usual at its hour) or "
        "`gap` (seconds since the reading before), or `excess` (how many times as far as ever before the series goes "
        "from what it does) or `unshared` (the same, of what its neighbours do not share); or of the series its "
        "`silence` (seconds since the newest reading) or `flat` (seconds since the value moved)",
    )
    tolerance: float = Field(
        default=0, ge=0, allow_inf_nan=False, description="how far a value may move, in its unit, and still be flat"
    )
    flagged: bool = Field(
        default=False,
        description="whether it looks at readings too that their quality says are not usable: of a fault, of "
        "maintenance, a calibration or a test, shielded on site. Those that are late, out of range or no number, none "
        "looks at",
    )
    expression: Expression | None = None
    stale_s: float = Field(
        default=900, gt=0, le=86400, description="seconds after which a value that an expression names is missing"
    )
    direction: Literal["above", "below"] | None = None
    thresholds: dict[LevelName, Threshold] | None = Field(default=None, min_length=1)
    hysteresis: float = Field(default=0, ge=0, allow_inf_nan=False, description="how far back before it ends")
    hold_s: float = Field(default=0, ge=0, le=86400, description="seconds a value must last before it counts")
    clear_s: float = Field(default=0, ge=0, le=86400, description="seconds a value must be back before a level ends")
    event_kind: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["smoke"])
    level: LevelName | None = Field(default=None, description="of the alert of an event")
    count: int = Field(default=1, ge=1, le=100, description="so many events raise an alert, within within_s")
    within_s: float | None = Field(default=None, gt=0, le=86400, description="seconds; needed with a count above 1")
    cooldown_s: float = Field(
        default=0, ge=0, le=86400, description="seconds after an alert of a device in which no other is raised there"
    )
    schedule: Schedule | None = Field(
        default=None, description="when it counts; what it finds at other times is told once it counts, if it lasts"
    )
    guidance: Guidance | None = Field(
        default=None, description="needed to switch on a rule that can be orange or red, unless the hub has its own"
    )
    enabled: bool = True

    @field_validator("scope")
    @classmethod
    def _limited(cls, scope: RuleScope | None) -> RuleScope | None:
        if scope is not None and scope.devices == []:
            raise ValueError(Sentence("refusal.rule_scope.devices"))
        return None if scope == RuleScope() else scope

    @model_validator(mode="after")
    def _one_kind(self) -> "RuleBody":
        of_metric = (self.metric or self.expression, self.direction, self.thresholds)
        of_event = (self.event_kind, self.level)
        if any(part is not None for part in of_metric) == any(part is not None for part in of_event):
            raise ValueError("give either profile, metric, direction and thresholds, or event_kind and level, not both")
        if self.event_kind is None and self.level is None:
            if self.profile is None or any(part is None for part in of_metric):
                raise ValueError("a threshold rule needs profile, metric, direction and thresholds")
            self._ordered(self.thresholds or {})
            self._growing()
            self._repeated()
        elif any(part is None for part in of_event):
            raise ValueError("an event rule needs event_kind and level")
        elif (refused := reserved(str(self.event_kind))) is not None:
            raise ValueError(refused)
        elif self.event_kind not in KINDS:
            raise ValueError(known("kind of event", str(self.event_kind), sorted(KINDS)))
        elif self.hysteresis or self.hold_s or self.clear_s or self.tolerance or self.signal != "value":
            raise ValueError("signal, tolerance, hysteresis, hold_s and clear_s belong to threshold rules")
        if self.flagged and (self.event_kind is not None or self.signal != "value" or self.expression is not None):
            raise ValueError(Sentence("refusal.rule.flagged"))
        self._repeated()
        self._expressed()
        return self

    def _growing(self) -> None:
        """Thresholds that are times are hold times themselves."""
        if self.tolerance and self.signal != "flat":
            raise ValueError(Sentence("refusal.rule.tolerance"))
        if self.signal not in GROWING:
            return
        if self.direction != "above" or self.hysteresis or self.hold_s:
            raise ValueError(Sentence("refusal.rule.growing", signal=self.signal))
        if self.signal == "silence" and self.clear_s and self.clear_s >= min((self.thresholds or {}).values()):
            raise ValueError(Sentence("refusal.rule.silent_again"))

    def _expressed(self) -> None:
        if self.expression is not None and self.signal != "value":
            raise ValueError(Sentence("refusal.expression.signal"))
        if self.expression is None and self.stale_s != RuleBody.model_fields["stale_s"].default:
            raise ValueError(Sentence("refusal.expression.stale"))

    def _repeated(self) -> None:
        """What waits for more events, or for a time, may hide what it waits for."""
        given = self.count > 1 or self.within_s is not None or self.cooldown_s > 0
        if given and self.event_kind is None:
            raise ValueError(Sentence("refusal.rule.repeated_metric"))
        if given and self.event_kind in PROMPT:
            raise ValueError(Sentence("refusal.rule.prompt", kind=str(self.event_kind)))
        if self.schedule is not None and self.event_kind in PROMPT:
            raise ValueError(Sentence("refusal.rule.schedule_prompt", kind=str(self.event_kind)))
        if self.schedule is not None and ("red" in (self.thresholds or ()) or self.level == "red"):
            raise ValueError(Sentence("refusal.rule.schedule_red"))
        if (self.count > 1) != (self.within_s is not None):
            raise ValueError(Sentence("refusal.rule.within"))

    def _ordered(self, thresholds: dict[LevelName, float]) -> None:
        levels = sorted(thresholds, key=LEVELS.__getitem__)
        for milder, worse in pairwise(levels):
            step = thresholds[worse] - thresholds[milder]
            if (step <= 0) if self.direction == "above" else (step >= 0):
                right = "above" if self.direction == "above" else "below"
                raise ValueError(f"the threshold of {worse} must lie {right} that of {milder}")


class Rule(BaseModel):
    """A stored rule."""

    code: Code
    name: str
    profile: str | None
    scope: RuleScope | None = Field(description="of its devices those that the caller sees; null: no limit")
    metric: str | None
    signal: Signal
    tolerance: float
    flagged: bool
    expression: str | None
    stale_s: float
    direction: str | None
    thresholds: dict[LevelName, float] | None
    hysteresis: float
    hold_s: float
    clear_s: float
    event_kind: str | None
    level: LevelName | None
    count: int
    within_s: float | None
    cooldown_s: float
    schedule: Schedule | None
    guidance: Guidance | None = Field(description="as far as its author gave it")
    enabled: bool
    version: int = Field(description="rises with each change")

    @field_validator("thresholds")
    @classmethod
    def _mildest_first(cls, thresholds: dict[LevelName, float] | None) -> dict[LevelName, float] | None:
        return thresholds and dict(sorted(thresholds.items(), key=lambda item: LEVELS[item[0]]))

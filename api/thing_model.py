"""Schema of profiles (thing models, 物模型): metrics, events, commands and intervals."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from jsonschema import Draft202012Validator, SchemaError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.code_body import CodesBody
from api.contract_types import TEXT, LevelName, Name, known
from api.downlink_body import DownlinkBody, check_downlink
from api.polling_body import PollingBody, check_polling
from api.vocabulary_types import Kind, MetricName, Unit
from devices.codecs.mapping import MappingError, Transform
from devices.codecs.payloads import PAYLOADS
from hub.quality import FINITE_LIMIT

MAX_SCHEMA = 16_384
"""Bytes of the JSON Schema of a command."""
YEAR_S = 31_536_000
_EXAMPLE: dict[str, JsonValue] = {
    "name": "空气质量监测站",
    "name_en": "Air quality station",
    "category": "environment",
    "metrics": {"pm25": {"name": "PM2.5", "unit": "ug/m3", "min": 0, "max": 2000}},
    "interval_s": 60,
    "max_future_s": 600,
    "unknown_metrics": "refuse",
    "events": {"fault": {"name": "故障", "level": "blue"}},
    "commands": {
        "calibrate": {"name": "校准", "schema": {"type": "object", "properties": {}, "additionalProperties": False}}
    },
    "mapping": {"telemetry": "{ts: time, values: {pm25: data.pm25}}"},
}


def _payload(name: str) -> str:
    if name not in PAYLOADS:
        raise ValueError(known("codec of payloads", name, list(PAYLOADS)))
    return name


def _expression(text: str) -> str:
    try:
        Transform(text)
    except MappingError as error:
        raise ValueError(error.detail) from None
    return text


def _schema(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(json.dumps(schema)) > MAX_SCHEMA:
        raise ValueError(f"a schema has at most {MAX_SCHEMA:,} bytes")
    for reference in _references(schema):
        if not reference.startswith("#"):  # another could make the hub fetch it
            raise ValueError(f"$ref '{reference[:80]}': refer to parts of this schema only, like #/$defs/level")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/" + "/".join(map(str, error.absolute_path))
        raise ValueError(f"no JSON Schema at {place}: {error.message[:200]}") from None
    except RecursionError:
        raise ValueError("the schema is nested too deeply") from None
    if schema.get("type") != "object":
        raise ValueError('the arguments of a command are an object: {"type": "object", "properties": {...}}')
    return schema


def _references(schema: JsonValue) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from (str(part[name]) for name in ("$ref", "$dynamicRef", "$schema") if _refers(name, part))
            for name in ("pattern", "patternProperties"):
                _check_patterns(part.get(name))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _refers(name: str, part: dict[str, JsonValue]) -> bool:
    own = "https://json-schema.org/draft/2020-12/schema"
    return isinstance(part.get(name), str) and not (name == "$schema" and part[name] == own)


def _check_patterns(given: JsonValue) -> None:
    """Reject invalid patterns and nested repeats, whose matching may not terminate (ValueError)."""
    for pattern in given if isinstance(given, dict) else [given] if isinstance(given, str) else []:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"pattern {pattern[:80]!r} is no regular expression: {error}") from None
        if re.search(r"[*+}][^()]*\)[*+{]", pattern):
            raise ValueError(f"pattern {pattern[:80]!r} repeats a repeat: write it without")


PayloadName = Annotated[str, AfterValidator(_payload)]
Expression = Annotated[str, AfterValidator(_expression)]
CommandName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Seconds = Annotated[float, Field(gt=0, le=YEAR_S, allow_inf_nan=False)]
Bound = Annotated[float, Field(gt=-FINITE_LIMIT, lt=FINITE_LIMIT)]
Category = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=64, strip_whitespace=True)]


Guard = Literal["shielded", "muted", "test", "maintenance", "removed", "calibration", "low_battery"]


class Part(BaseModel):
    """Something with a local and an English display name."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    name_en: Name | None = None


class MetricSpec(Part):
    """A metric and its physical range."""

    unit: Unit = Field(description="UCUM, in ASCII: ug/m3, Cel, %, m, 1 for a plain number")
    min: Bound | None = Field(default=None, description="readings below are out of range")
    max: Bound | None = Field(default=None, description="readings above are out of range")
    interval_s: Seconds | None = Field(default=None, description="seconds between readings, where it has its own")
    detect: bool | None = Field(
        default=None, description="whether what is usual is learned; null: unless it is a state, of unit 1 from 0 to 1"
    )

    @model_validator(mode="after")
    def _ordered(self) -> "MetricSpec":
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class EventSpec(Part):
    """A kind of event devices may send."""

    level: LevelName | None = None


class CommandSpec(Part):
    """A command devices accept."""

    schema_: Annotated[dict[str, JsonValue], AfterValidator(_schema)] = Field(
        alias="schema", description="JSON Schema (2020-12) of the arguments, which are an object"
    )
    timeout_s: float = Field(default=10, gt=0, le=86_400, description="seconds to wait for a reply")
    downlink: DownlinkBody | None = Field(
        default=None, description="what it is through a network of LoRaWAN; null: devices there do not take it"
    )


class ProfileBody(Part):
    """A profile in a PUT request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    category: Category | None = Field(default=None, description="a word to group profiles by: environment, fire, lamp")
    metrics: dict[MetricName, MetricSpec] = Field(max_length=500)
    max_future_s: int = Field(default=600, ge=0, le=YEAR_S, description="how far ahead a device clock may be")
    interval_s: Seconds | None = Field(default=None, description="expected seconds between messages of a device")
    offline_after_s: Seconds | None = Field(
        default=None, description="silence after which a device is offline; if null 3 intervals, at least 60 s"
    )
    allowed_lateness_s: int = Field(
        default=0, ge=0, le=3600,
        description="how many seconds out of order readings may come. A reading is late, and raises no alert, if it is "
        "older, by more than that, than the newest of its series that came before it. Detection and rules wait so long "
        "for readings that may still come: **each alert of a value of these devices comes so much later.** Storing "
        "does not wait, nor do events: fire, gas, a button. Each series waits for itself: a rule that calculates from "
        "several metrics gives the same alerts in any order only if they come in one message",
    )  # fmt: skip
    unknown_metrics: Literal["refuse", "add"] = Field(
        default="refuse", description="what becomes of readings of metrics that are not listed"
    )
    max_metrics: int = Field(default=100, ge=1, le=500, description="with add: how many a device may have in all")
    test_every_days: int | None = Field(
        default=None, ge=1, le=3660, description="within how many days each device is to be tested; null: it is not"
    )
    on_conflict: Literal["first_wins", "last_wins"] = Field(
        default="first_wins",
        description="which of two values for one time is kept; of events: for one id and time",
    )
    events: dict[Kind, EventSpec] = Field(default_factory=dict)
    guards: dict[Guard, Seconds | None] = Field(
        default_factory=dict,
        description="seconds that a state may last which switches a guard off, before that is an alert; null: any. "
        "Others are as in the settings (guards)",
    )
    codes: CodesBody = Field(default_factory=CodesBody, description="what codes of its devices measure and mean")
    commands: dict[CommandName, CommandSpec] = Field(default_factory=dict, max_length=100)
    mapping: dict[Literal["telemetry", "event"], Expression] = Field(
        default_factory=dict, description="JMESPath by form: turns what devices send into a payload of the hub's"
    )
    polling: PollingBody | None = Field(
        default=None, description="how devices are polled over a DTU; null: they are not"
    )

    payload: PayloadName | None = Field(
        default=None,
        description="what decodes the bytes that a network or platform carries for these devices as they are sent: "
        + ", ".join(PAYLOADS),
    )

    @model_validator(mode="after")
    def _possible(self) -> "ProfileBody":
        own = [spec.interval_s for spec in self.metrics.values()]
        every_s = self.interval_s or min((each or 0 for each in own), default=0)
        if self.offline_after_s and self.offline_after_s < every_s:
            where = "interval_s" if self.interval_s else "the shortest interval_s of its metrics,"
            raise ValueError(f"offline_after_s {self.offline_after_s:g} is less than {where} {every_s:g}")
        if self.unknown_metrics == "add" and self.max_metrics < len(self.metrics):
            raise ValueError(f"max_metrics {self.max_metrics} is less than the {len(self.metrics)} metrics listed")
        if self.polling is not None:
            metrics = {name: spec.model_dump() for name, spec in self.metrics.items()}
            check_polling(self.polling, metrics, self.commands, self.interval_s)
        for name, command in self.commands.items():
            if command.downlink is not None:
                check_downlink(name, command.downlink, command.schema_)
        return self

    def columns(self) -> dict[str, Any]:
        """Columns of table `profile`; null members are omitted."""
        whole = self.model_dump(by_alias=True)
        parts = self.model_dump(by_alias=True, exclude_none=True, include={"metrics", "events", "codes", "polling"})
        commands = {
            name: {key: value for key, value in spec.items() if value is not None}
            for name, spec in whole["commands"].items()
        }
        for command in commands.values():
            if told := command.get("downlink"):
                command["downlink"] = {key: value for key, value in told.items() if value is not None}
        codes = parts["codes"] if any(parts["codes"].values()) else {}
        return whole | parts | {"commands": commands, "codes": codes}

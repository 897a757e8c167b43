"""What is looked for at one camera, and where: the settings of its analysis."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from analytics.video.kinds import KINDS, QUALITY, SCENES
from analytics.video.meant import unknown as is_unknown
from analytics.video.measure import EVERY_S
from analytics.video.reading_names import PREFIX, prefix
from hub.alerts.hours import minutes
from hub.errors import HubError


def _no_pixels(value: float) -> float:
    if value > 1:
        raise ValueError(
            f"{value:g} is more than 1: points are shares of the picture, so divide x by its width and y by its height"
            " in pixels (320 of 640 is 0.5; `hub video check FILE` begins with the size)"
        )
    return value


Share = Annotated[float, Field(ge=0, le=1)]
Part = Annotated[float, Field(ge=0), AfterValidator(_no_pixels)]
Point = tuple[Part, Part]
"""x and y in shares of the picture's width and height, from its upper left corner."""
Name = Annotated[str, Field(min_length=1, max_length=64)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAST_AREA = 0.0005
"""Of a zone, in shares of the picture: 115 pixels of 640 x 360."""


def _has_an_area(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    area = abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2
    if area < LEAST_AREA:
        raise ValueError(
            f"encloses {area:.4f} of the picture, and needs {LEAST_AREA}: give its corners in their order, in"
            " shares of width and height (0 to 1), not in pixels"
        )
    return polygon


Polygon = Annotated[tuple[Point, ...], Field(min_length=3, max_length=64), AfterValidator(_has_an_area)]


class BadVideoSettings(HubError):
    """The settings of a camera's analysis cannot be used"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Window(_Strict):
    """When something counts, by the clock where the camera is."""

    days: frozenset[Day] = frozenset(DAYS)
    hours: str = "00:00-24:00"
    """HH:MM-HH:MM; those past midnight belong to the day that they begin on."""

    @field_validator("hours")
    @classmethod
    def _hours(cls, hours: str) -> str:
        try:
            minutes(hours)
        except (ValueError, HubError) as error:
            raise ValueError(f"{hours!r} are no hours: write them like 22:00-06:00") from error
        return hours

    def holds(self, when: datetime | None) -> bool:
        """Whether a time is in it; what is not known is."""
        if when is None:
            return True
        begin, end = minutes(self.hours)
        now, today = when.hour * 60 + when.minute, when.weekday()
        if begin < end:
            return begin <= now < end and DAYS[today] in self.days
        return (now >= begin and DAYS[today] in self.days) or (now < end and DAYS[today - 1] in self.days)


class _Place(_Strict):
    name: Name
    metric: Annotated[str, Field(pattern=PREFIX)] | None = None
    """What the names of its readings begin with, where that is not its name."""


class Zone(_Place):
    """An area of the picture."""

    polygon: Polygon
    kinds: frozenset[str] = frozenset(SCENES)
    """What is looked for in it, of what `VideoSettings.kinds` has."""
    window: Window = Window()
    crowded: Annotated[float, Field(ge=0.05, le=1)] = 0.3
    """The share of it that is covered when it is crowded."""
    after_s: Annotated[float, Field(ge=5, le=200)] = 15
    """For how long an object stands, or is gone, before it counts."""

    @field_validator("kinds")
    @classmethod
    def _of_scenes(cls, kinds: frozenset[str]) -> frozenset[str]:
        return _known(kinds, frozenset(SCENES), "a kind that has a zone")


class Line(_Place):
    """A line that is crossed, from its left to its right or back, seen from `begin` to `end`."""

    begin: Point
    end: Point
    window: Window = Window()
    event: bool = False
    """Whether each crossing is an event; it is counted either way."""

    @model_validator(mode="after")
    def _has_a_length(self) -> "Line":
        if max(abs(self.begin[0] - self.end[0]), abs(self.begin[1] - self.end[1])) < 0.02:
            raise ValueError("begins where it ends: give two points that are 0.02 of the picture apart or more")
        return self


class Gauge(_Place):
    """A painted gauge board (水尺) in water."""

    upper: Point
    """The uppermost mark, in the middle of the board."""
    lower: Point
    """The lowest mark, where it would be seen without water."""
    top: float
    """The level at `upper`, in metres."""
    bottom: float
    """The level at `lower`."""
    width: Annotated[float, Field(ge=0.004, le=0.3)] = 0.03
    """Of the board, in shares of the picture's width."""
    limit: float | None = None
    """The level from which on it is an event; without it there are readings only."""

    @model_validator(mode="after")
    def _has_a_length(self) -> "Gauge":
        if max(abs(self.upper[0] - self.lower[0]), abs(self.upper[1] - self.lower[1])) < 0.1:
            raise ValueError("is too short: its ends must be 0.1 of the picture apart or more")
        if self.top <= self.bottom:
            raise ValueError(
                "has no higher level at `top` than at `bottom`: give what is written at its upper and its lower end"
            )
        return self


class Ignored(_Strict):
    """An area in which flames or smoke are nothing new: a chimney, a flare, a flag."""

    polygon: Polygon
    kinds: Annotated[frozenset[Literal["flame", "smoke"]], Field(min_length=1)] = frozenset(("flame", "smoke"))


PERSONS = frozenset(
    (
        *("person", "persons", "people", "pedestrian", "human", "man", "woman", "boy", "girl", "child", "children"),
        *("baby", "worker", "rider", "driver", "cyclist", "passenger", "crowd", "人", "行人", "人员"),
    )
)
"""Names of classes that may be counted, and nothing else."""
NEVER = ("face", "plate", "license", "licence", "gait", "iris", "fingerprint", "identity", "reid", "人脸", "车牌")
"""Parts of names of classes that the hub does not take: it watches places and things."""


class NetworkClass(_Strict):
    """What a class of a network means: an event of a kind, a count, or both."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    kind: str | None = None
    count: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")] | None = None
    """The metric: how many there are, as a mean of a minute."""

    @model_validator(mode="after")
    def _is_of_places_and_things(self) -> "NetworkClass":
        name = self.name.strip().lower()
        if any(part in name for part in NEVER):
            raise ValueError(f"{self.name!r} would know persons or vehicles again; such classes are not taken")
        if self.kind is not None:
            _known(frozenset((self.kind,)), frozenset(SCENES), "a kind of the scene")
            if PERSONS.intersection(name.replace("_", " ").replace("-", " ").split()):
                raise ValueError(f"{self.name!r} is a person: persons may be counted (`count`), and are no event")
        elif self.count is None:
            raise ValueError(f"{self.name!r} means nothing: give it a `kind`, a `count` or both, or leave it out")
        return self


class Network(_Strict):
    """An operator's own network, an ONNX file that OpenCV can run."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.onnx$")]
    """In the folder of networks (HUB_VIDEO_NETWORKS)."""
    classes: Annotated[dict[int, NetworkClass], Field(min_length=1, max_length=1000)]
    """By its number in the output; others are not looked at."""
    output: Literal["boxes", "columns", "classes"]
    """boxes: rows of x1, y1, x2, y2, score, class. columns: (1, 4 + classes, boxes), the middle, the size, a score for
    each class. classes: a score for each class, of the whole picture. Boxes are in pixels of `size`."""
    size: tuple[Annotated[int, Field(ge=16, le=640)], Annotated[int, Field(ge=16, le=640)]] = (320, 320)
    """Width and height of its input."""
    scale: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rgb: bool = True
    """Whether it takes red first."""
    sure: Share = 0.5
    """The score from which on a thing is counted."""
    every_s: Annotated[float, Field(ge=0.2, le=600)] = 1.0


class VideoSettings(_Strict):
    """Of one camera. Without any, its picture is watched, and nothing of its scene."""

    kinds: frozenset[str] = frozenset(QUALITY)
    """What is looked for. Without it: faults of the picture, and what `zones`, `lines` and `gauges` are there for."""
    zones: Annotated[tuple[Zone, ...], Field(max_length=32)] = ()
    lines: Annotated[tuple[Line, ...], Field(max_length=32)] = ()
    gauges: Annotated[tuple[Gauge, ...], Field(max_length=8)] = ()
    ignored: Annotated[tuple[Ignored, ...], Field(max_length=16)] = ()
    clips: bool = True
    """Whether events have a clip, where the hub makes any (video.clips)."""
    clip_s: Annotated[float, Field(ge=1, le=10)] = 5
    """Seconds of it before the event, and after it."""
    network: Network | None = None
    readings_s: Annotated[float, Field(ge=5, le=3600)] = EVERY_S
    """How often lines, gauges and zones give a reading."""
    sensitivity: Annotated[float, Field(ge=0.1, le=0.9)] = 0.5
    """0.5 is usual; higher finds more, and more that is not there."""
    sensitivities: dict[str, Annotated[float, Field(ge=0.1, le=0.9)]] = {}
    """By kind, where it is not `sensitivity`."""

    @field_validator("kinds")
    @classmethod
    def _there_is(cls, kinds: frozenset[str]) -> frozenset[str]:
        return _known(kinds, frozenset(KINDS), "a kind")

    @field_validator("sensitivities")
    @classmethod
    def _of_kinds(cls, given: dict[str, float]) -> dict[str, float]:
        _known(frozenset(given), frozenset(KINDS), "a kind")
        return given

    @model_validator(mode="after")
    def _names_are_unique(self) -> "VideoSettings":
        names = [
            *(zone.name for zone in self.zones),
            *(line.name for line in self.lines),
            *(gauge.name for gauge in self.gauges),
        ]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"{twice[0]!r} is the name of two zones, lines or gauges: findings go by it, so give each its own"
            )
        before = list(self.prefixes().values())
        if twice := sorted({one for one in before if before.count(one) > 1}):
            raise ValueError(f"two have readings that begin with {twice[0]!r}: give one of them a `metric` of its own")
        return self

    def prefixes(self) -> dict[str, str]:
        """By name of a zone, line or gauge: what the names of its readings begin with."""
        places = {"zone": self.zones, "line": self.lines, "gauge": self.gauges}
        return {
            one.name: prefix(one.name, one.metric, place, number)
            for place, each in places.items()
            for number, one in enumerate(each, 1)
        }

    def level(self, kind: str) -> float:
        """The score from which a kind counts, 0.1 .. 0.9."""
        return 1.0 - self.sensitivities.get(kind, self.sensitivity)


def _known(kinds: frozenset[str], known: frozenset[str], what: str) -> frozenset[str]:
    if unknown := sorted(kinds - known):
        raise ValueError(is_unknown(unknown[0], known, what))
    return kinds


def read_settings(given: Any) -> VideoSettings:
    """Settings as JSON has them; raises BadVideoSettings with the first member that is wrong."""
    try:
        settings = VideoSettings.model_validate(given)
    except ValidationError as error:
        raise BadVideoSettings(_wrong(error.errors(include_url=False)[0])) from error
    return settings if "kinds" in settings.model_fields_set else _asked_for(settings)


_PARTS: dict[int | str, type[_Strict]] = {
    "zones": Zone, "window": Window, "lines": Line, "gauges": Gauge, "ignored": Ignored, "network": Network,
    "classes": NetworkClass,
}  # fmt: skip


def _wrong(first: ErrorDetails) -> str:
    """Where what is wrong is, and what is to be written instead."""
    where = ".".join(str(part) for part in first["loc"]) or "the settings"
    match first["type"]:
        case "extra_forbidden":
            part = next((_PARTS[name] for name in reversed(first["loc"][:-1]) if name in _PARTS), VideoSettings)
            return f"{where}: {is_unknown(str(first['loc'][-1]), list(part.model_fields), 'a setting')}"
        case "missing":
            return f"{where}: it is missing"
        case "too_short":
            there, least = first["ctx"]["actual_length"], first["ctx"]["min_length"]
            return f"{where}: there are {there}, and at least {least} are needed"
        case "model_type" | "model_attributes_type":
            return f"{where}: a JSON object is needed, {{...}}"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _asked_for(settings: VideoSettings) -> VideoSettings:
    """Settings that name no kinds also look for what their zones name, and what lines and gauges are there for."""
    asked = {kind for zone in settings.zones if "kinds" in zone.model_fields_set for kind in zone.kinds}
    if settings.lines:
        asked.add("line_crossing")
    if settings.gauges:
        asked.add("level")
    return settings.model_copy(update={"kinds": settings.kinds | asked})

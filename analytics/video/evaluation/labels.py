"""What people saw in a clip: read from a file beside it.

`CLIP.json` beside CLIP.mp4:
`{"events": [{"kind": "freeze", "begin": 10.0, "end": 20.0, "zone": null}], "settings": {...}}`. Begin and end are
seconds of the clip, or "00:00:10"; an event without an end lasts to the end of the clip. `"judged": false` says that it
may be found or not (an effect of another event). The settings are those of the camera (`VideoSettings`), with its zones
and lines. The list of events alone is labels, too.

`CLIP.csv` with the columns kind, begin, end and, if there are zones, zone. `CLIP.flames.xml` as the furg-fire-dataset
has it: rectangles of flames by frame.
"""

import csv
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from analytics.video.evaluation.formats import FORM, READ, BadLabels
from analytics.video.kinds import ANYWHERE, KINDS
from analytics.video.meant import meant, unknown
from analytics.video.settings import BadVideoSettings, VideoSettings, read_settings

MOST_BYTES = 16 << 20
MOST_WRONG = 3
"""Of a file that are named."""
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]?\d(?:\.\d+)?)")


def seconds(given: Any) -> Any:
    """Seconds of a time as people write it (8.5, 1:08, 00:01:08.5). ValueError."""
    if not isinstance(given, str):
        return given
    if ":" not in given:
        with suppress(ValueError):
            return float(given)
    if (found := _CLOCK.fullmatch(given.strip())) is None:
        raise ValueError(f"{given!r} is no time: write seconds, or hours, minutes and seconds like 00:01:08.5")
    hours, minutes, rest = found.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


class Label(BaseModel):
    """Something that is to be found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    begin: Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(seconds)]
    end: Annotated[float, BeforeValidator(seconds)] = float("inf")
    """Seconds of the clip."""
    zone: str | None = None
    """None: in any zone."""
    judged: bool = True

    @model_validator(mode="after")
    def _can_be(self) -> "Label":
        if self.kind not in KINDS:
            raise ValueError(unknown(self.kind, KINDS, "a kind"))
        if not self.end > self.begin:
            raise ValueError(f"ends at {self.end:g} s, which is not after its begin at {self.begin:g} s")
        return self


class Labels(BaseModel):
    """What is said of a clip."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: tuple[Label, ...] = ()
    settings: Any = None
    """Of the camera; None: those of the evaluation."""


ClipLabels = tuple[tuple[Label, ...], VideoSettings | None]


def file_of(clip: Path) -> Path | None:
    """The file of labels of a clip that is read."""
    return next((path for path in (clip.with_suffix(ending) for ending in READ) if path.is_file()), None)


def labels_of(clip: Path) -> ClipLabels | None:
    """What is labelled in a clip, and its camera's settings; None for a clip that nobody labelled; raises BadLabels."""
    if (path := file_of(clip)) is not None:
        if path.stat().st_size > MOST_BYTES:
            raise BadLabels(f"{path} is larger than {MOST_BYTES >> 20} MB: that is no file of labels")
        try:
            found = READ[path.name.removeprefix(clip.stem)](path)
            labels = Labels.model_validate({"events": found} if isinstance(found, list) else found)
            return labels.events, _settings(labels)
        except ValidationError as error:
            raise BadLabels(f"{path}: {_wrong(error)}") from error
        except BadVideoSettings as error:
            raise BadLabels(f"{path}: settings.{error.detail}") from error
        except (UnicodeError, ValueError, csv.Error) as error:
            raise BadLabels(f"{path} cannot be read: {error}") from error
    return None


def _settings(labels: Labels) -> VideoSettings | None:
    """Those of the clip, which look for what its labels name unless they say what they look for."""
    if labels.settings is None:
        found = None
    else:
        found = read_settings(labels.settings)
        if isinstance(labels.settings, dict) and "kinds" not in labels.settings:
            kinds = found.kinds | ANYWHERE | {label.kind for label in labels.events}
            found = found.model_copy(update={"kinds": kinds})
    drawn = {one.name for one in (*found.zones, *found.lines, *found.gauges)} if found else set[str]()
    for number, label in enumerate(labels.events):
        if label.zone is not None and label.zone not in drawn:
            there = f"has {', '.join(sorted(drawn))}" if drawn else "draws none"
            raise ValueError(
                f"events.{number} is about the zone {label.zone!r}, and `settings` {there}: draw it there"
                ' ({"zones": [{"name": ..., "polygon": [[x, y], ...]}]}, shares of width and height), or leave it out'
            )
    return found


def _wrong(error: ValidationError) -> str:
    """What is wrong, and what may be meant."""
    errors = error.errors(include_url=False, include_context=False)
    more = f"; and {len(errors) - MOST_WRONG} more" if len(errors) > MOST_WRONG else ""
    return "; ".join(_one_wrong(each) for each in errors[:MOST_WRONG]) + more


def _one_wrong(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = Label.model_fields if len(error["loc"]) > 1 else Labels.model_fields
        return f"{where}: {unknown(str(error['loc'][-1]), list(known), 'a member')}"
    if error["type"] == "missing" and isinstance(error["input"], dict):
        other = [name for name in error["input"] if meant(str(name), [str(error["loc"][-1])])]
        return f"{where} is missing" + (f"; {other[0]!r} is meant?" if other else "")
    if not where:
        return f"is no labels: write {FORM}, seconds of the clip"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"

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
import json
import re
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from analytics.video.kinds import ANYWHERE, KINDS
from analytics.video.meant import meant, unknown
from analytics.video.settings import BadVideoSettings, VideoSettings, read_settings
from hub.errors import HubError
from hub.words.sentence import Sentence

CLIPS = frozenset(
    {".mp4", ".avi", ".mkv", ".mov", ".webm", ".ts", ".m4v", ".mpg", ".mpeg", ".flv", ".h264", ".h265"}
    | {".wmv", ".asf", ".3gp", ".mts", ".m2ts", ".mjpg", ".mjpeg", ".ogv", ".vob"}
)
MOST_BYTES = 16 << 20
BETWEEN_S = 2.0
"""Flames that are away for less between two frames are one event."""
_FRAME = re.compile(r"<frameNumber>(\d+)</frameNumber>\s*<annotations>(.*?)</annotations>", re.DOTALL)

_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]?\d(?:\.\d+)?)")


class BadLabels(HubError):
    """A file of labels cannot be used"""


def seconds(given: Any) -> Any:
    """Seconds of a time as people write it (8.5, 1:08, 00:01:08.5). ValueError."""
    if not isinstance(given, str) or ":" not in given:
        return given
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


def clips(folder: Path) -> list[Path]:
    """The clips below a folder, by path, or the one that is named; raises BadLabels when there is none."""
    if not folder.exists():
        raise BadLabels(f"{folder} is not there: name a clip, or a folder with clips")
    endings = " ".join(sorted(CLIPS))
    if not folder.is_dir():
        if folder.suffix.lower() not in CLIPS:
            raise BadLabels(f"{folder} is no clip by its name ({endings}): name a clip, or a folder with clips")
        return [folder]
    if not (found := sorted(path for path in folder.rglob("*") if path.suffix.lower() in CLIPS)):
        raise BadLabels(f"there is no clip in {folder} ({endings}); each may have CLIP.json or CLIP.csv beside it")
    return found


def labels_of(clip: Path) -> tuple[tuple[Label, ...], VideoSettings | None] | None:
    """What is labelled in a clip, and its camera's settings; None for a clip that nobody labelled; raises BadLabels."""
    for ending, read in _READ.items():
        path = clip.with_suffix(ending)
        if not path.is_file():
            continue
        if path.stat().st_size > MOST_BYTES:
            raise BadLabels(f"{path} is larger than {MOST_BYTES >> 20} MB: that is no file of labels")
        try:
            found = read(path)
            labels = Labels.model_validate({"events": found} if isinstance(found, list) else found)
            return labels.events, _settings(labels)
        except ValidationError as error:
            raise BadLabels(f"{path}: {_wrong(error)}") from error
        except BadVideoSettings as error:
            raise BadLabels(f"{path}: settings.{error.detail}") from error
        except (UnicodeError, ValueError, csv.Error) as error:
            raise BadLabels(f"{path} cannot be read: {error}") from error
    return None


def misnamed(clip: Path) -> list[Sentence]:
    """What is said of labels that are not read: they are named after all of the clip's name."""
    return [
        Sentence("video.evaluation.misnamed", name=f"{clip.name}{ending}", right=f"{clip.stem}{ending}")
        for ending in _READ
        if clip.with_name(clip.name + ending).is_file() and not clip.with_suffix(ending).exists()
    ]


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
    """The first that is wrong, and what may be meant."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = Label.model_fields if len(first["loc"]) > 1 else Labels.model_fields
        return f"{where}: {unknown(str(first['loc'][-1]), list(known), 'a member')}"
    if first["type"] == "missing" and isinstance(first["input"], dict):
        other = [name for name in first["input"] if meant(str(name), [str(first["loc"][-1])])]
        return f"{where} is missing" + (f"; {other[0]!r} is meant?" if other else "")
    if not where:
        return 'is no labels: write {"events": [{"kind": "flame", "begin": 10, "end": 20}]}, seconds of the clip'
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _json(path: Path) -> Any:
    return json.loads(_text(path))


def _text(path: Path) -> str:
    """Of a file as editors and spreadsheets write it."""
    content = path.read_bytes()
    for encoding in ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise BadLabels(f"{path} is no text in UTF-8 or GB18030: save it as UTF-8")


def _csv(path: Path) -> Any:
    with StringIO(_text(path), newline="") as file:
        rows = csv.DictReader(file)
        if not {"kind", "begin"} <= set(rows.fieldnames or ()):
            has = ",".join(rows.fieldnames or ()) or "nothing"
            raise BadLabels(f"{path} has no columns kind and begin in its first line ({has}); give it kind,begin,end")
        return {"events": [{name: value for name, value in row.items() if value} for row in rows]}


def _flames(path: Path) -> Any:
    """Frames with a rectangle are `flame`; the text is searched, and nothing in it expanded."""
    text = path.read_text(encoding="utf-8", errors="replace")
    rate = re.search(r"<frameRate>([0-9.]+)</frameRate>", text)
    if rate is None or not float(rate[1]):
        raise BadLabels(f"{path} has no frameRate")
    times = [int(number) / float(rate[1]) for number, boxes in _FRAME.findall(text) if re.search(r"\d", boxes)]
    spans: list[list[float]] = []
    for t in sorted(times):
        if spans and t - spans[-1][1] <= BETWEEN_S:
            spans[-1][1] = t
        else:
            spans.append([t, t])
    return {"events": [{"kind": "flame", "begin": begin, "end": end + 1 / float(rate[1])} for begin, end in spans]}


_READ = {".json": _json, ".csv": _csv, ".flames.xml": _flames}

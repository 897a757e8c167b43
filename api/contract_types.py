"""Types of the contract: codes, metric names, regions, levels."""

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from devices.library.profiles import library
from hub.access.classification import CeilingName, ReadCeiling
from hub.alerts.own_kinds import reserved
from hub.models import LEVEL_NAMES
from hub.words.sentence import Sentence

CODE = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
METRIC = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$"
TEXT = r"^[^\x00-\x1f\x7f]*$"
REGION = r"^[0-9]{12}$"
REGION_PREFIX = r"^[0-9]{2,12}$"

Code = Annotated[str, StringConstraints(pattern=CODE)]
Metric = Annotated[str, StringConstraints(pattern=METRIC)]
Name = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=200, strip_whitespace=True)]
Region = Annotated[str, StringConstraints(pattern=REGION)]
RegionPrefix = Annotated[str, StringConstraints(pattern=REGION_PREFIX)]
LevelName = Literal["blue", "yellow", "orange", "red"]


def _names_devices(ceiling: object) -> object:
    if ceiling == "L1":
        raise ValueError("L1 would show nothing, for below L2 no device has a name: give L2, L3 or L4")
    return ceiling


Value = TypeVar("Value")


def once(values: list[Value]) -> list[Value]:
    """Each value where it comes first: what is named twice is stored once."""
    return list(dict.fromkeys(values))


Once = AfterValidator(once)


def _free(kind: str) -> str:
    if (refused := reserved(kind)) is not None:
        raise ValueError(refused)
    return kind


EventKind = Annotated[Code, AfterValidator(_free)]
"""A kind of event that somebody raises an alert of; not one of the hub's own."""
GrantCeiling = Annotated[
    ReadCeiling,
    BeforeValidator(_names_devices),
    Field(description="the highest level of data that is read by it (docs/PRIVACY.md); L4: nothing is cut"),
]
ExportCeiling = Annotated[
    CeilingName, Field(description="the highest level of data in it; what is above stays empty (docs/PRIVACY.md)")
]


def _written(value: object) -> object:
    """A number is no time: nobody says whether it counts seconds or milliseconds."""
    try:
        float(value)  # type: ignore[arg-type]  # what is none of both raises
    except (TypeError, ValueError, OverflowError):
        return value
    raise ValueError(Sentence("refusal.time.number"))


def _counted(at: datetime) -> datetime:
    if not _FIRST <= at < _BEYOND:
        raise ValueError(Sentence("refusal.time.span"))
    return at


_FIRST, _BEYOND = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
Time = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time with a zone, after RFC 3339."""
Moment = Annotated[Time, AfterValidator(_counted)]
"""A time that is counted from, or with: of the years 1970 to 2199."""

LEVELS: Mapping[str, int] = {name: number for number, name in enumerate(LEVEL_NAMES, 1)}


def known(what: str, name: str, names: list[str]) -> str:
    """Sentence for an unknown name: a profile of the library to install, similar known names, or that there is none."""
    if what == "profile" and name in library():
        return f"there is no profile '{name}' yet; the library has it: hub profiles install {name}"
    near = get_close_matches(name, names, n=3, cutoff=0.5) or sorted(names)[:5]
    hint = f"did you mean {', '.join(near)}?" if near else f"there is no {what} yet"
    return f"there is no {what} '{name}'; {hint}"

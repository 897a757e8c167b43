"""By what name a reading of a zone, line or gauge is stored: `pier/level`, and `occupancy` for all of the picture."""

import re

PREFIX = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,30}$"
"""What stands before a metric of a place: with it, the name is one of a metric (64 characters)."""
_USABLE = re.compile(PREFIX)


def prefix(name: str, given: str | None, place: str, number: int) -> str:
    """Of the `number`-th place of its sort: as given, else its name, else `line-2` for a name in other letters."""
    if given is not None:
        return given
    joined = "-".join(name.split())
    return joined if _USABLE.match(joined) else f"{place}-{number}"


def metric_of(metric: str, before: str | None) -> str:
    """The whole name; None: of all of the picture."""
    return metric if before is None else f"{before}/{metric}"

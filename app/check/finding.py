"""What `hub check` finds."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One line of the report: ok, warn (it works, but messages may be lost) or fail."""

    level: str
    what: str
    advice: str = ""

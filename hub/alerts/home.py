"""Where what is raised belongs."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Home(NamedTuple):
    """Organisation and region of a device."""

    region: str | None
    organisation: str | None
    category: str | None
    """Of its profile."""
    areas: list[str]
    """Codes of the named areas in which it is."""
    test: UUID | None = None
    """The drill in which it is tested now."""
    tested_from: datetime | None = None
    """What happened before that is no test."""

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

    def test_at(self, at: datetime) -> UUID | None:
        """The drill of the test in which something happened; what a device saw before its test began is real."""
        return self.test if self.tested_from is not None and self.tested_from <= at else None

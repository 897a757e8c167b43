"""Settings of forwarding."""

from pydantic import Field

from hub.setting_types import Section


class Forwards(Section):
    """What is kept of reports that are forwarded; who gets them are rows (`hub forwards`)."""

    keep_days: int = Field(default=30, ge=1)
    """Acknowledged ones: until then what a station sends again is known to have been forwarded."""
    pending_days: int = Field(default=365, ge=1)
    """Those that nobody took. Older ones are given up: a platform that was away for so long asks for its history."""

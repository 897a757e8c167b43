"""Settings of the audit: who did what, sealed and kept."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from hub.setting_types import Section, Servers
from hub.tls import Tls


class Audit(Section):
    """The audit: how it is sealed, and how long it is kept."""

    hash: Literal["sha256", "sm3"] = "sha256"
    """Of the chain; may change at any time, for each link names its own."""
    keep_days: int = Field(default=1095, le=36_500)
    """How long entries are kept; the oldest go."""
    signing_key_file: Path | None = None
    """Ed25519 in PEM: the head of the chain is signed with it."""
    journal: Path | None = None
    """A file on this machine: steps of alerts are kept there while the audit cannot be written. None: one of the
    user's, for each database."""
    syslog: Servers | None = None
    """host:port of a server that is told each entry: RFC 5424 over TLS."""
    tls: Tls = Tls()
    """To that server."""

    @field_validator("keep_days")
    @classmethod
    def _half_a_year(cls, days: int) -> int:
        if days < 180:
            raise ValueError("is at least 180: the law wants the records of who did what kept for six months")
        return days

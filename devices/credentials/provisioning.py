"""Provisioning keys for self-registration: format and validity. Pure."""

from datetime import datetime
from typing import NamedTuple


class Key(NamedTuple):
    """A stored provisioning key."""

    key_hash: bytes
    enabled: bool
    expires_at: datetime | None
    device_limit: int | None
    used: int


def key_text(code: str, secret: str) -> str:
    """The key text given to a device; it contains the key's code, so one lookup finds it."""
    return f"{code}.{secret}"


def read_key(text: str) -> tuple[str, str]:
    """Split a key text into code and secret; both empty when malformed."""
    code, dot, secret = text.rpartition(".")
    return (code, secret) if dot and code and secret else ("", "")


def closed(key: Key, now: datetime) -> str | None:
    """Why a key is no longer usable; None when it is."""
    if not key.enabled:
        return "the provisioning key is switched off"
    if key.expires_at is not None and key.expires_at <= now:
        return f"the provisioning key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC"
    if key.device_limit is not None and key.used >= key.device_limit:
        return f"the provisioning key is used up: it was good for {key.device_limit} devices"
    return None

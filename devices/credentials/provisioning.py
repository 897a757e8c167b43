"""Keys by which devices register themselves: what a key looks like, and whether it can be used now. Pure."""

from datetime import datetime
from typing import NamedTuple


class Key(NamedTuple):
    """What is kept of a provisioning key."""

    key_hash: bytes
    enabled: bool
    expires_at: datetime | None
    device_limit: int | None
    used: int


def key_text(code: str, secret: str) -> str:
    """What a device is given: it names the key, so that one look-up finds it."""
    return f"{code}.{secret}"


def read_key(text: str) -> tuple[str, str]:
    """Code and secret of a key's text; both empty when it is none."""
    code, dot, secret = text.rpartition(".")
    return (code, secret) if dot and code and secret else ("", "")


def closed(key: Key, now: datetime) -> str | None:
    """Why no device can register with the key any more; None when one can."""
    if not key.enabled:
        return "the provisioning key is switched off"
    if key.expires_at is not None and key.expires_at <= now:
        return f"the provisioning key expired on {key.expires_at:%Y-%m-%d %H:%M} UTC"
    if key.device_limit is not None and key.used >= key.device_limit:
        return f"the provisioning key is used up: it was good for {key.device_limit} devices"
    return None

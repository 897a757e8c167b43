"""Entries of the audit as syslog messages: RFC 5424, in the frames of RFC 5425. Pure."""

import json
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

FACILITY = 13
"""Log audit."""
WARNING, INFORMATIONAL = 4, 6
ROOM = 8192
"""Bytes of a message, which receivers should take (RFC 5425, 4.3.1); the detail is cut to fit."""
_BOM = b"\xef\xbb\xbf"
_UNPRINTABLE = re.compile(r"[^!-~]")


class Sealed(NamedTuple):
    """An entry with its link."""

    seq: int
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    address: str | None
    detail: Any
    algorithm: str
    hash: str


def message(entry: Sealed, host: str, process: int) -> bytes:
    """One message without its frame; `host` is this machine's name."""
    severity = WARNING if entry.action.endswith((".failure", ".refused")) else INFORMATIONAL
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    head = f"<{FACILITY * 8 + severity}>1 {at} {_name(host, 255)} ganzhi {process} {_name(entry.action, 32)}"
    given = {
        "seq": str(entry.seq),
        "id": str(entry.id),
        "actor": entry.actor,
        "subject": entry.subject,
        "address": entry.address,
        "hash": f"{entry.algorithm}:{entry.hash}",
    }
    # The number that is set aside for documentation (RFC 5612): the project has none of its own.
    data = " ".join(f'{name}="{_value(value)}"' for name, value in given.items() if value is not None)
    begin = f"{head} [ganzhi@32473 {data}] ".encode() + _BOM
    detail = json.dumps(entry.detail, ensure_ascii=False, separators=(",", ":")).encode()
    return begin + _cut(detail, ROOM - len(begin))


def frame(told: bytes) -> bytes:
    """A message with the count of its bytes before it."""
    return b"%d %s" % (len(told), told)


def _name(text: str, longest: int) -> str:
    return _UNPRINTABLE.sub("_", text)[:longest] or "-"


def _value(text: str) -> str:
    """A value of structured data, at most 1,000 characters of it."""
    return re.sub(r'(["\\\]])', r"\\\1", text[:1000])


def _cut(text: bytes, room: int) -> bytes:
    if len(text) <= room:
        return text
    return text[: room - 3].decode(errors="ignore").encode() + "…".encode()

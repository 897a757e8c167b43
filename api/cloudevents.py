"""An alert's change as consumers get it: a CloudEvents 1.0 event in JSON, the same on every channel."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import msgspec


def event_type(kind: str) -> str:
    """The CloudEvents type of a kind of change."""
    return f"ganzhi.alert.{kind}"


def cloudevent(row: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a row of alert_change: alert_id, seq, kind, at (aware), picture (the alert after it)."""
    picture = row["picture"]
    return {
        "specversion": "1.0",
        "id": f"{row['alert_id']}.{row['seq']}",
        "source": f"ganzhi/{picture.get('region') or '-'}",
        "type": event_type(row["kind"]),
        "subject": picture["device"],
        "time": row["at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": picture,
    }


def encode(event: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8, on one line: what is signed, sent and streamed."""
    return msgspec.json.encode(event)

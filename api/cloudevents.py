"""Alert changes as CloudEvents 1.0 in JSON, identical on every channel."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import msgspec


def event_type(kind: str) -> str:
    """The CloudEvents type of a kind of change."""
    return f"ganzhi.alert.{kind}"


def cloudevent(row: Mapping[str, Any]) -> dict[str, Any]:
    """CloudEvent of an alert_change row: alert_id, seq, kind, at (aware), picture (the alert afterwards)."""
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
    """Compact single-line JSON in UTF-8, as signed, sent and streamed."""
    return msgspec.json.encode(event)

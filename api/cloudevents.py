"""Alert changes as CloudEvents 1.0 in JSON, identical on every channel up to its ceiling."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import msgspec

from hub.access.classification import Level, cut_alert


def event_type(kind: str) -> str:
    """The CloudEvents type of a kind of change."""
    return f"ganzhi.alert.{kind}"


def cloudevent(row: Mapping[str, Any], ceiling: Level = Level.CORE, page: str | None = None) -> dict[str, Any]:
    """CloudEvent of an alert_change row: alert_id, seq, kind, at (aware), picture (the alert afterwards).

    Without what is above the ceiling of its receiver; the one place where alerts that leave are cut. `page` is the
    address of the hub's page, for a link to the alert.
    """
    alert = row["picture"] if page is None else row["picture"] | {"link": f"{page}/#alert-{row['alert_id']}"}
    data = cut_alert(alert, ceiling)
    return {
        "specversion": "1.0",
        "id": f"{row['alert_id']}.{row['seq']}",
        "source": f"ganzhi/{data.get('region') or '-'}",
        "type": event_type(row["kind"]),
        "subject": data.get("device", str(row["alert_id"])),
        "time": row["at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }


def encode(event: Mapping[str, Any]) -> bytes:
    """Compact single-line JSON in UTF-8, as signed, sent and streamed."""
    return msgspec.json.encode(event)

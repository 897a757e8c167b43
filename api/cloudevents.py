"""Alert changes as CloudEvents 1.0 in JSON, identical on every channel up to its ceiling."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from hub.access.classification import Level, cut_alert
from hub.alerts.guidance import guidance_in

_OTHERS = ("warning.", "case.")
"""Begin the kinds of what is no alert."""


def event_type(kind: str) -> str:
    """The CloudEvents type of a kind of change, of a test of a channel, of a heartbeat, of a warning or of a case."""
    return f"ganzhi.{kind}" if kind in ("test", "heartbeat") or kind.startswith(_OTHERS) else f"ganzhi.alert.{kind}"


def cloudevent(row: Mapping[str, Any], ceiling: Level = Level.CORE, page: str | None = None) -> dict[str, Any]:
    """CloudEvent of an alert_change row: alert_id, seq, kind, at (aware), picture (the alert afterwards), lang."""
    return event_of(message_id(row), row["kind"], row["at"], picture_for(row, ceiling, page))


def message_id(row: Mapping[str, Any]) -> str:
    """The id of a change, by which a receiver drops repeats."""
    return f"{row['alert_id']}.{row['seq']}"


def picture_for(row: Mapping[str, Any], ceiling: Level, page: str | None) -> dict[str, Any]:
    """A row's picture without what is above the ceiling of its receiver: the one place where alerts that leave are cut.

    With guidance, in the language of the row.

    `page` is the address of the hub's page, for a link to the alert.
    """
    alert = row["picture"]
    if (guidance := guidance_in(row.get("lang") or "en", alert)) is not None:
        alert = alert | {"guidance": guidance}
    if page is not None:
        alert = alert | {"link": f"{page}/#alert-{row['alert_id']}"}
    return cut_alert(alert, ceiling)


def event_of(
    id: str,  # noqa: A002 the standard's word
    kind: str,
    at: datetime,
    data: Mapping[str, Any],
    subject: str | None = None,
    schema: str | None = None,
) -> dict[str, Any]:
    """CloudEvent of a change (id: message_id) whose picture is cut already; `at` is aware, `schema` a URI."""
    subject = subject or data.get("device") or id.rpartition(".")[0]
    event = _event(id, event_type(kind), at, f"ganzhi/{data.get('region') or '-'}", subject, data)
    return event if schema is None else {**event, "dataschema": schema}


def summary_event(id: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002 the standard's word
    """CloudEvent that names changes of many alerts."""
    return _event(id, "ganzhi.alerts.summary", at, "ganzhi/-", id.rpartition(".")[0], data)


def _event(id_: str, type_: str, at: datetime, source: str, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": type_,
        "subject": subject,
        "time": utc(at),
        "datacontenttype": "application/json",
        "data": data,
    }


def utc(at: datetime) -> str:
    """A time as RFC 3339 writes it, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode(event: Mapping[str, Any]) -> bytes:
    """Compact single-line JSON in UTF-8, as signed, sent and streamed."""
    return msgspec.json.encode(event)

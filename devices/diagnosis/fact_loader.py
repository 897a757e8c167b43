"""Loads the facts about one device with a handful of indexed queries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from devices.addressing import DIALLED, parse_topic
from devices.codecs.local_time import zone_at, zone_of
from devices.diagnosis.example import example_of
from devices.diagnosis.facts import Credential, Facts, Flood, Health, Metric, NoNews, Parent, Polled, Refusal, Stray
from devices.diagnosis.frame_check import check
from devices.diagnosis.frame_forms import FRAMES
from devices.diagnosis.frame_profile import ProfileView, check_with, view_of
from devices.similar import like, likest, plain, variants
from devices.topics import meant
from hub.errors import DecodeError
from hub.models import to_micros
from hub.store.statements import statements
from hub.words.sentence import stored

SQL = statements(__name__)

Row = dict[str, Any]


async def facts_of(conn: AsyncConnection, code: str, now: datetime, prefix: str) -> Facts | None:
    """Facts about a registered device; None when the code is unknown."""
    found = await _rows(conn, SQL.device, {"code": code, "now": now})
    if not found:
        return None
    row = found[0]
    asked = {"id": row["id"], "now": now}
    metrics = [_metric(each) for each in await _rows(conn, SQL.metrics, asked)]
    return Facts(
        **{name: row[name] for name in _PLAIN},
        now=now,
        prefix=prefix,
        example=_example(row),
        health=Health(row["online"], row["since"], row["cause"]) if row["online"] is not None else None,
        maintenance=(row["work_from"], row["work_to"], row["work_note"]) if row["work_from"] is not None else None,
        flood=None if row["flood_since"] is None else Flood(*(row[f"flood_{name}"] for name in _FLOOD)),
        polled=None if row["line"] is None else Polled(*(row[name] for name in _POLLED)),
        no_news=None if row["no_news_retained"] is None else NoNews(*(row[f"no_news_{name}"] for name in _NO_NEWS)),
        refusals=await refusals_of(conn, code, prefix, row["zone"], view_of({**row, "code": row["profile"]})),
        strays=await _strays(conn, code, now, prefix),
        metrics=metrics,
        credentials=[Credential(**each) for each in await _rows(conn, SQL.credentials, asked)],
        parent=_parent(row),
        alerts=[(each["level"], each["title"], each["opened_at"]) for each in await _rows(conn, SQL.alerts, asked)],
    )


_FLOOD = ("since", "last_at", "refused", "until")
_POLLED = (
    *("line", "line_address", "is_line", "line_ended_at", "asked", "answered", "wrong_sums", "complaint"),
    *("silent_since", "exception", "registers"),
)
_NO_NEWS = ("retained", "empty", "address", "at")
_PLAIN = (
    *("code", "name", "state", "created_at", "profile", "profile_name", "interval_s", "offline_after_s"),
    *(
        "max_future_s",
        "link",
        "gap",
        "session",
        "registration",
        "cameras",
        "schemes",
        "seen_at",
        "event_at",
        "events_of_day",
        "untimed_events",
        "unused",
        "clock_offset_s",
        "expected",
        "received",
    ),
)


def _example(row: Row) -> Mapping[str, Any]:
    """A sample payload for the device; empty when its profile maps foreign JSON or lists no metrics."""
    if row["mapping"]:
        return {}
    if not row["metrics"] and row["events"]:
        return {"kind": next(iter(row["events"])), "state": "inactive"}
    return example_of(row["metrics"])


async def near_devices(conn: AsyncConnection, code: str) -> list[Row]:
    """Registered devices (code, name, state) with codes similar to an unknown one, best match first."""
    found = await _rows(conn, SQL.near, {"code": code, "codes": variants(code)})
    by_code = {each["code"]: each for each in found}
    return [by_code[each] for each in likest(code, by_code)]


async def refusals_of(
    conn: AsyncConnection, code: str, prefix: str, zone: str = "Asia/Shanghai", profile: ProfileView | None = None
) -> list[Refusal]:
    """Newest dead letters of a code; the newest of each reason comes with a report on its payload."""
    refusals: list[Refusal] = []
    for row in await _rows(conn, SQL.refusals, {"code": code}):
        row["payload"] = bytes(row["payload"])
        row["detail"] = stored(row["detail"], row.pop("detail_words"))
        first = all(refusal.reason != row["reason"] for refusal in refusals) or row["reason"] == "unknown_metric"
        refusals.append(Refusal(**row, **(_examined(row, prefix, zone, profile) if first else {})))
    return refusals


def _examined(row: Row, prefix: str, zone: str, profile: ProfileView | None) -> Mapping[str, Any]:
    """Frame check of a dead letter: report, whether part of it was accepted, how far its time is ahead."""
    form = _form(row["address"], prefix) if row["transport"] not in DIALLED else _dialled(row["address"])
    if form is None or len(row["payload"]) < row["payload_size"]:
        return {}
    received = to_micros(row["received_at"])
    held = profile if row["reason"] not in _WHOLE else None
    report = check_with(row["payload"], form, received, zone_at(zone_of(zone), received), held)
    told: dict[str, Any] = {"report": report, "partial": held is not None and bool(report.readings or report.events)}
    if row["reason"] in ("unknown_metric", "future_time"):  # what was sent, before the profile took from it
        sent = check(row["payload"], form, received, zone_at(zone_of(zone), received))
        times = [each.ts for each in sent.readings] + [each.ts for each in sent.events if each.ts is not None]
        told["sent"] = tuple(dict.fromkeys(each.metric for each in sent.readings))
        told["ahead_s"] = None if sent.timeless or not times else (max(times) - received) / 1e6
    report.flaws.sort(key=lambda flaw: flaw.reason != row["reason"])
    return told


_WHOLE = ("unknown_device", "unknown_topic", "inactive_device", "not_a_child", "several_devices", "device_mismatch")
"""Reasons for which nothing of a message is taken, however good it is."""


def _dialled(address: str) -> str | None:
    """Form of what a station sends: its protocol."""
    protocol = address.partition("/")[0]
    return protocol if protocol in FRAMES else None


def _form(address: str, prefix: str) -> str | None:
    """Payload form of a topic, or of the one that was meant; "auto" for Kafka records, whose form is detected."""
    try:
        _, form, _ = parse_topic(address, prefix)
    except DecodeError:
        right = meant(address, prefix)
        return "auto" if right is None else right.form
    return form if form in FRAMES else None


async def _strays(conn: AsyncConnection, code: str, now: datetime, prefix: str) -> list[Stray]:
    """Messages probably from this device, sent under a mistyped code or topic."""
    unknown = await _rows(conn, SQL.unknown, {"now": now})
    codes = {*variants(code), *(each["code"] for each in unknown if like(code, each["code"]))}
    found = await _rows(conn, SQL.strays, {"codes": sorted(codes), "now": now})
    strays = [Stray(row["code"], row["address"], "unknown_device", row["n"], row["last_at"]) for row in found]
    by_topic: dict[str, list[Row]] = {}
    for row in await _rows(conn, SQL.nameless, {"now": now}):
        if _names(row["address"], code, prefix):
            by_topic.setdefault(row["address"], []).append(row)
    for address, rows in by_topic.items():
        strays.append(Stray(None, address, rows[0]["reason"], len(rows), rows[0]["received_at"]))
    return sorted(strays, key=lambda stray: stray.last_at, reverse=True)


def _names(address: str, code: str, prefix: str) -> bool:
    """Whether any level of an invalid topic equals or resembles a code."""
    levels = address.removeprefix(prefix).split("/")
    return any(
        level == code or (level and plain(level) == plain(code)) or like(code, level) for level in levels if level
    )


def _metric(row: Row) -> Metric:
    spec = row.pop("spec") or {}
    return Metric(
        name=row.pop("metric"),
        shown=spec.get("name"),
        unit=spec.get("unit"),
        low=spec.get("min"),
        high=spec.get("max"),
        interval_s=spec.get("interval_s"),
        **row,
    )


def _parent(row: Row) -> Parent | None:
    if row["parent"] is None:
        return None
    return Parent(row["parent"], row["parent_state"], row["parent_online"], row["parent_seen_at"])


async def _rows(conn: AsyncConnection, statement: str, params: Mapping[str, Any]) -> list[Row]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.encode(), params)
        return await cursor.fetchall()

"""Prometheus metrics."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import LiteralString

from fastapi.responses import PlainTextResponse

from api.context import Context, Here
from api.dashboard import Status
from api.database import Row, read
from api.routes.status import TheBoard
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.errors import HubError
from hub.store.pool import sorted_errors
from hub.store.statements import statements
from hub.telemetry import Counters

SQL = statements(__name__)
router = GuardedRouter(tags=["health"])

COUNTERS = {
    "messages": "Messages settled",
    "readings": "Readings committed",
    "events": "Events committed",
    "refused": "Messages that became dead letters",
    "dropped": "QoS 0 messages let go because the hub was full",
    "skipped": "Records without a value",
    "forwarded": "Messages that an edge has put into the bus",
    "private": "Fields, events and pictures let go by the privacy gate, and values masked",
    "private_pictures": "Pictures among these",
    "repeated": "Messages that brought nothing but what was stored",
    "conflicting": "Messages that brought another value or content for what was stored",
    "alert_changes": "Changes of alerts decided",
    "judged_early": "Readings judged before the time that their profile allows others to be late was over",
    "receipts": "Delivery receipts that gateways brought",
    "receipts_unknown": "Those among them that named no message, or said nothing yet",
    "commits": "Transactions committed",
}
PICTURES = ("passed", "whole", "too_slow", "gate_full", "refused", "not_kept")
"""Outcomes at the privacy gate: persons in blocks, all of it in blocks, and why an event goes without its picture."""
STREAMS = {
    "up": "1 while the stream of a camera is read",
    "cpu": "Processors that decoding and analysis of a camera's stream take",
    "analysed_per_second": "Frames of a camera that are looked at",
    "dropped": "Pictures of a camera that came damaged, or faster than they were decoded, in the newest seconds",
    "shed": "What is left out of a stream: 0 nothing, 1 clips, 2 half the frames, 3 all but key ones, 4 most of these",
}
"""By the column of the query."""
PATROL = {
    "cameras": "Cameras whose video is looked at by turns",
    "visited": "Of these, those that were visited in this round",
    "not_visited": "Of these, those that were not (yet): GET /api/v1/camera-patrol tells why",
    "fine": "Cameras without a fault of the picture, by the newest visit of each",
    "faults": "Cameras with a fault of the picture, by the newest visit of each",
    "failed": "Cameras that showed nothing, by the newest visit of each",
    "held": "Of these, those that show nothing together with others of a network, gateway or host",
    "round_seconds": "How long the last whole round took",
    "round_cameras": "Cameras that were visited in it",
    "since_seconds": "Since the begin of this round",
}
"""As above; there are none without such cameras."""


@router.get("/metrics", response_class=PlainTextResponse)
@needs(Permission.METRICS_READ)
async def metrics(context: Here, board: TheBoard) -> PlainTextResponse:
    """Prometheus text format 0.0.4; database metrics are omitted while it is down."""
    status = (await board.current()).status
    lines = [
        *counted(context.counters),
        *_process(not status.not_ready, time.monotonic() - context.counters.started),
        *_seen(status),
        *_video([] if status.totals is None else await _streams(context)),
        *_patrol([] if status.totals is None else await _rows(context, SQL.patrol)),
    ]
    return exposition(lines)


def process_metrics(counters: Counters, ready: bool) -> PlainTextResponse:
    """Metrics of a process without a dashboard, none of them from the database."""
    return exposition([*counted(counters), *_process(ready, time.monotonic() - counters.started)])


def exposition(lines: Iterable[str]) -> PlainTextResponse:
    """Format metrics in Prometheus text format."""
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


def counted(counters: Counters) -> Iterator[str]:
    """Counters of a process."""
    for name, meaning in COUNTERS.items():
        yield from _metric(f"ganzhi_{name}_total", meaning, "counter", getattr(counters, name))
    yield from _metric("ganzhi_devices_known", "Devices that ingest knows", "gauge", counters.devices_known)
    yield "# HELP ganzhi_pictures_total Pictures of cameras at the privacy gate, by what became of them"
    yield "# TYPE ganzhi_pictures_total counter"
    for outcome in PICTURES:
        yield f'ganzhi_pictures_total{{outcome="{outcome}"}} {counters.pictures[outcome]}'
    meaning = "This machine's clock ahead of the database's; negative: behind"
    yield from _metric("ganzhi_clock_offset_seconds", meaning, "gauge", counters.clock_offset_s)
    yield from _metric("ganzhi_commit_seconds_total", "Time spent committing", "counter", counters.commit_s)


def _process(ready: bool, uptime_s: float) -> Iterator[str]:
    yield from _metric("ganzhi_ready", "1 when all is well", "gauge", int(ready))
    yield from _metric("ganzhi_uptime_seconds", "Since the process began", "gauge", uptime_s)


def _seen(status: Status) -> Iterator[str]:
    if status.totals is None or status.alerts is None:
        return
    totals = status.totals
    yield from _metric("ganzhi_devices", "Registered devices", "gauge", totals.devices)
    yield from _metric("ganzhi_dead_letters", "Dead letters, at most 100000", "gauge", totals.dead_letters)
    yield from _metric(
        "ganzhi_deliveries_pending",
        "Alert changes that wait for a consumer",
        "gauge",
        totals.deliveries_pending,
    )
    yield "# HELP ganzhi_active_alerts Active alerts by level"
    yield "# TYPE ganzhi_active_alerts gauge"
    for level, n in status.alerts.model_dump().items():
        yield f'ganzhi_active_alerts{{level="{level}"}} {n}'


async def _streams(context: Context) -> Sequence[Row]:
    """Streams of cameras, as they were last written."""
    return await _rows(context, SQL.streams)


async def _rows(context: Context, statement: LiteralString) -> Sequence[Row]:
    """None while the database is down."""
    try:
        with sorted_errors():
            return await read(context, statement)
    except HubError:
        return []


def _patrol(found: Sequence[Row]) -> Iterator[str]:
    for each in found:
        for name, meaning in PATROL.items():
            if each[name] is not None and each["cameras"]:
                yield from _metric(f"ganzhi_patrol_{name}", meaning, "gauge", each[name])


def _video(streams: Sequence[Row]) -> Iterator[str]:
    for name, meaning in STREAMS.items():
        told = [(each["device"], each[name]) for each in streams if each[name] is not None]
        if told:
            yield f"# HELP ganzhi_video_{name} {meaning}"
            yield f"# TYPE ganzhi_video_{name} gauge"
            yield from (f'ganzhi_video_{name}{{device="{device}"}} {value}' for device, value in told)
    if clips := [(each["device"], each["clips"]) for each in streams if each["clips"]]:
        yield "# HELP ganzhi_video_clips Clips of findings since the camera is followed: made, or why there was none"
        yield "# TYPE ganzhi_video_clips gauge"
        for device, counts in clips:
            yield from (
                f'ganzhi_video_clips{{device="{device}",outcome="{outcome}"}} {n}' for outcome, n in counts.items()
            )


def _metric(name: str, meaning: str, kind: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"

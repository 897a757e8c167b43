"""Event streams: alert changes, and live data for the page."""

from functools import partial
from typing import Annotated

from fastapi import Header, Query
from fastapi.responses import Response

from api.context import Context, Here
from api.problems import ProblemError, responses
from api.routes.status import TheBoard
from api.streams.sse import EventStream, Frames, alert_frames, live_frames
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission

router = GuardedRouter(tags=["streams"])
Cursor = Annotated[int | None, Query(ge=0, lt=1 << 63, description="as the header Last-Event-ID")]
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, lt=1 << 63)]
_CONTENT = {"text/event-stream": {"schema": {"type": "string"}}}


@router.get(
    "/alerts/stream",
    response_class=Response,
    responses={200: {"description": "server-sent events", "content": _CONTENT}, **responses(422, 429, 503)},
)
@needs(Permission.ALERTS_READ)
async def stream_alerts(
    context: Here,
    last_event_id: LastEventId = None,
    resume: Annotated[Cursor, Query(alias="last_event_id")] = None,
) -> Response:
    """Alert changes in the order of commit: `event: ganzhi.alert.<kind>`, `data:` a CloudEvent.

    With Last-Event-ID it goes on after that change, without a gap or a repeat; without, it begins now. A reader
    that falls 1,000 changes behind is cut off and may resume. A comment every 15 s tells that the stream lives.
    """
    after = last_event_id if last_event_id is not None else resume
    return _stream(context, partial(alert_frames, context.changes, after, context.scope))


@router.get(
    "/live",
    response_class=Response,
    responses={200: {"description": "server-sent events", "content": _CONTENT}, **responses(429, 503)},
)
@needs(Permission.STATUS_READ, Permission.READINGS_READ, Permission.ALERTS_READ)
async def stream_live(context: Here, board: TheBoard) -> Response:
    """For the page: `event: status` once a second, `event: alert` with each CloudEvent as it comes."""
    return _stream(context, partial(live_frames, board, context.scope))


def _stream(context: Context, frames: Frames) -> Response:
    if context.changes.crowded:
        raise ProblemError(503, "too many streams are open", headers={"Retry-After": "10"})
    return EventStream(context, frames)

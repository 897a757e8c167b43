"""Alert changes over a WebSocket."""

from fastapi import WebSocket

from api.context import Here
from api.problems import ProblemError
from api.routes.stream import Cursor
from api.streams.socket import AlertSocket
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission

router = GuardedRouter(tags=["streams"])


@router.websocket("/alerts/ws")
@needs(Permission.ALERTS_READ)
async def alert_socket(socket: WebSocket, context: Here, caller: TheCaller, last_event_id: Cursor = None) -> None:
    """The changes of /alerts/stream, a CloudEvent each, with the extension attribute `cursor`.

    With last_event_id it goes on after that cursor. Close codes: docs/ALERTS.md.
    """
    if context.changes.crowded:
        raise ProblemError(503, "too many streams are open", headers={"Retry-After": "10"})
    with context.streams.opened(caller, context.settings.limits.streams), context.desks.streaming(caller):
        await AlertSocket(context.changes, last_event_id, context.scope).serve(socket)

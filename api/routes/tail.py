"""A device's messages, live."""

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.responses import Response

from api.context import Here
from api.contract_types import Code
from api.language import Spoken
from api.problems import ProblemError, responses
from api.routes.devices import require
from api.streams.tail import TAILS, Tails, TailStream
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission

router = GuardedRouter(prefix="/devices", tags=["devices", "streams"])
_CONTENT = {"text/event-stream": {"schema": {"type": "string"}}}


async def tails_of(request: Request) -> Tails:
    """The app's tails."""
    return cast(Tails, request.app.state.tails)


@router.get(
    "/{code}/tail",
    response_class=Response,
    responses={200: {"description": "server-sent events", "content": _CONTENT}, **responses(404, 503)},
)
@needs(Permission.DEVICES_DIAGNOSE)
async def tail_device(
    code: Code, context: Here, tails: Annotated[Tails, Depends(tails_of)], spoken: Spoken
) -> Response:
    """Live messages of a device, with the hub's interpretation; works for unregistered codes too.

    `event: message`: topic, payload (cut; withheld where it is about persons), verdict, readings, events, or the
    reason of a refusal. The verdict `stored` is told once it is committed, `conflicting` where something else is stored
    for that time, `pending` where nothing is committed after 10 s. `event: reading`: what was stored without coming
    over the broker. `event: skipped`: how many were not shown, for there were more than 20 a second. `event: note`:
    what it listens to. It ends after 10 minutes. Who may see some devices only gets 404 for other codes.
    """
    if not context.scope.everywhere:
        await require(context, code)
    if tails.crowded or context.changes.crowded:
        raise ProblemError(503, f"{TAILS} tails are open already: end one", headers={"Retry-After": "10"})
    return TailStream(context, tails, code, spoken)

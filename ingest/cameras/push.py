"""Cameras that push: the route, answered after the commit. The secret in its path says which camera it is."""

import hashlib
import time
from collections.abc import Callable
from math import ceil
from typing import Any

from fastapi import HTTPException, Response
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse

from devices.codecs.isapi.multipart import Part, boundary_of, split
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, public
from hub.access.refusals import Refusals
from hub.access.token_bucket import TokenBuckets
from hub.errors import HubError
from hub.models import Origin, Raw
from hub.picture import Picture
from hub.pipeline import Sink
from hub.store.pool import Pool, sorted_errors
from hub.words.sentence import Sentence
from ingest.cameras.alerts import Alerts, Pass
from ingest.cameras.connections import SQL
from ingest.cameras.keeping import OriginOf
from ingest.holding import Holding, NotTakenError, retry_after

HOLD_S = 8.0
BODY_LIMIT = 8 << 20
"""Bytes of a body: an alert with its pictures."""
LARGER = {"/api/v1/cameras/isapi/*": BODY_LIMIT}
KNOWN_S = 5.0
"""How long a secret that is known is not looked for again; while the store is away, for as long as that takes."""
MAX_KNOWN = 20_000
WRONG_PER_S, WRONG_ROOM = 5.0, 50
"""Requests of an address that show no right secret, a second and at once; then they are refused unread."""


class CameraPushes:
    """Takes what cameras push."""

    def __init__(self, sink: Sink, pool: Pool, origin: OriginOf, gate: Pass, trouble: Callable[[], list[str]]) -> None:
        """`trouble` tells why nothing can be committed now, if so."""
        self._pool, self._origin, self._gate = pool, origin, gate
        self._holding = Holding(sink, trouble)
        self._known: dict[str, tuple[float, str]] = {}
        """By hash: when it was looked for, and whose it is."""
        self._wrong = TokenBuckets(WRONG_PER_S, room=WRONG_ROOM)

    def stop(self) -> None:
        """Take nothing more."""
        self._holding.stop()

    async def take(self, request: HttpRequest, secret: str) -> Response:
        """Answer one push: 200 after the commit, 401 for an unknown secret, 503 when it is not committed in time."""
        code = await self._whose(request, secret)
        body = await request.body()
        try:
            taken = await self._holding.submitted(await self._messages(request, code, body), HOLD_S, repeats=True)
        except NotTakenError as error:
            raise HTTPException(503, error.sentence, retry_after(error)) from None
        request.state.caller = Caller("machine", f"camera {code}", address=_peer(request))
        return JSONResponse({"code": 0, "taken": taken})

    async def _messages(self, request: HttpRequest, code: str, body: bytes) -> list[Raw]:
        raws = list[Raw]()

        async def put(origin: Origin, payload: bytes, pictures: tuple[Picture, ...]) -> None:
            raws.append(Raw(origin, payload, self._holding.now(), pictures=pictures))

        def origin(channel: str) -> Origin:
            return self._origin("isapi", code, channel)

        type_ = request.headers.get("content-type", "")
        is_parted = type_.lower().startswith("multipart/")
        alerts = Alerts(code, origin, tuple, put, self._gate)
        parts = split(body, boundary_of(type_)) if is_parted else [Part({"content-type": type_}, body)]
        for part in parts:
            alerts.sends_pictures = True
            await alerts.take(part)
        await alerts.flush()
        if not raws:
            await put(origin(""), b"", ())  # of a picture without an alert nothing is kept
        return raws

    async def _whose(self, request: HttpRequest, secret: str) -> str:
        hashed, now = hashlib.sha256(secret.encode()).hexdigest(), time.monotonic()
        since, code = self._known.get(hashed, (-KNOWN_S, ""))
        if now - since > KNOWN_S:
            code = await self._asked(hashed, code)
        if code:
            return code
        refusals: Refusals = request.app.state.refusals
        refusals.count(request, 401)
        if wait_s := self._wrong.take(_peer(request), now):
            raise HTTPException(429, Sentence("refusal.push.rate"), {"Retry-After": str(ceil(wait_s))})
        raise HTTPException(401, Sentence("refusal.camera.not_pushed"))

    async def _asked(self, hashed: str, known: str) -> str:
        """Whose it is now; as before while the store is away."""
        try:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    row = await (await conn.execute(SQL.pusher, {"hash": hashed})).fetchone()
        except HubError as error:
            if known:
                return known
            raise HTTPException(503, error.detail, {"Retry-After": "2"}) from None
        if row is None:
            self._known.pop(hashed, None)
            return ""
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[hashed] = time.monotonic(), row[0]
        return str(row[0])


def _described() -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    reasons = ((401, "Unauthorized"), (429, "Too Many Requests"), (503, "Service Unavailable"))
    told: dict[int, Any] = {status: {"description": why, "content": problem} for status, why in reasons}
    told[200] = {"description": "OK", "content": {"application/json": {"schema": {}}}}
    return {
        "name": "push_of_camera",
        "summary": "Take what a camera pushes",
        "response_class": Response,
        "responses": told,
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/xml": {"schema": {}}}}},
    }


router = GuardedRouter(tags=["cameras"])


@router.post("/cameras/isapi/{secret}", **_described())
@public("a camera shows the secret of its connection in the path")
async def take_alert(request: HttpRequest, secret: str) -> Response:
    """Take an alert of ISAPI: XML, JSON, or multipart with its picture. Pushed again it changes nothing."""
    pushes: CameraPushes = request.app.state.camera_pushes
    return await pushes.take(request, secret)


def _peer(request: HttpRequest) -> str:
    return request.client.host if request.client else ""

"""HTTP ingest: readings and events by POST, answered with 202 only after the commit.

A router for the app that the API serves, whose door recognises the devices. The hub holds back with 503 and
Retry-After, it does not queue.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import count
from math import ceil
from typing import Any, cast

import msgspec
from fastapi import HTTPException, Request, Response
from pydantic import BaseModel

from hub.access.caller import Caller
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.access.scope import Scope
from hub.access.token_bucket import TokenBuckets
from hub.models import DeadLetter, Delivery, Micros, Origin, Outcome, Raw
from hub.pipeline import Sink
from hub.settings import Http
from ingest.http.body import DEVICE_CHARS, BodyError, Message, batch_of_lines, batch_of_list, gunzip

SINGLE_BYTES = 1 << 20
BATCH_BYTES = 8 << 20
READING_BYTES = 64 << 20
"""Of bodies that are being read at one time; further requests are answered 503."""
JSON, SENML, SENML_CBOR = "application/json", "application/senml+json", "application/senml+cbor"
NDJSON = ("application/x-ndjson", "application/ndjson")
FORMS = {
    "telemetry": ("telemetry", (JSON,)),
    "events": ("event", (JSON,)),
    "event": ("event", (JSON,)),
    "senml": ("senml", (SENML, SENML_CBOR, JSON)),
}
"""By the last part of a path: the form of the payload, and the content types that it may have."""
BATCHES = {"/telemetry:batch": "telemetry", "/events:batch": "event", "/event:batch": "event"}
"""By path below the API's prefix: the form of the messages."""
LARGER = {f"/api/v1{path}": BATCH_BYTES for path in BATCHES}
"""The paths whose bodies may have more than others of the API."""


class RequestRefused(HTTPException):
    """The request was not accepted, or nothing in it could be stored; `extras` are further problem members."""

    def __init__(
        self,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
        extras: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.extras = extras or {}


class RefusedMessage(BaseModel):
    """A message that became a dead letter; its valid parts are stored."""

    index: int
    device: str | None
    reason: str
    detail: str
    at: str | int | None
    """Location of the fault in the message: JSON Pointer or byte offset; null when it has none."""
    line: int | None = None
    """Of NDJSON, from 1."""


class Taken(BaseModel):
    """The result of a commit: messages accepted in full, and those refused in full or in part."""

    accepted: int
    repeated: int = 0
    """Of the accepted: those that brought nothing but what was stored."""
    conflicting: int = 0
    """Those that brought another value or content for what was stored: refused, unless the profile says last_wins."""
    refused: list[RefusedMessage]


_ALL_ACCEPTED = b'{"accepted":1,"repeated":0,"conflicting":0,"refused":[]}'


class HttpSource:
    """Submits the messages of requests and waits for their commit; refuses requests while it cannot commit."""

    def __init__(
        self,
        settings: Http,
        sink: Sink,
        origin: Callable[[str, str], Origin],
        trouble: Callable[[], list[str]],
        unreached: Callable[[Scope, Sequence[str]], Awaitable[list[str]]],
    ) -> None:
        """`origin` tells what a device and a form mean; `trouble` why nothing can be committed now, if so.

        `unreached` tells which of some devices lie outside of a scope.
        """
        self._unreached = unreached
        self._settings, self._sink, self._origin, self._trouble = settings, sink, origin, trouble
        self._buckets = TokenBuckets(settings.requests_per_s)
        self._numbers = count()
        self._waiting: dict[int, float] = {}
        """Since when each delivery that is not settled has been waiting, the oldest first."""
        self._reading = 0
        self._last_received: Micros = 0
        self._closing = False

    def stop(self) -> None:
        """Stop accepting requests; those accepted are still answered after their commit."""
        self._closing = True

    def admit(self, peer: str) -> None:
        """Admission control; RequestRefused 429 when a peer exceeds its rate, 503 while the hub cannot accept."""
        if wait := self._buckets.take(peer, time.monotonic()):
            limit = f"{self._settings.requests_per_s:g} requests a second"
            raise RequestRefused(429, f"an address may send {limit}: send batches", {"Retry-After": str(ceil(wait))})
        self._check()

    async def refuse_outside(self, request: Request, devices: Sequence[str]) -> None:
        """RequestRefused 404 for a device that the caller, who may send for some devices only, does not see."""
        caller: Caller = request.state.caller
        if outside := await self._unreached(caller.scope, devices):
            raise RequestRefused(404, f"there is no device '{outside[0][:DEVICE_CHARS]}'")

    def _check(self) -> None:
        if self._closing:
            raise _not_taken("the hub is stopping", 2)
        if trouble := self._trouble():
            raise _not_taken("; ".join(trouble), 2)
        oldest = next(iter(self._waiting.values()), None)
        slow = oldest is not None and time.monotonic() - oldest > self._settings.hold_back_s
        if self._sink.full or slow:
            raise _not_taken("the hub has as much waiting for its commit as it may hold", 1)

    async def read(self, request: Request, limit: int) -> bytes:
        """Read and decompress the request body; raises RequestRefused or BodyError."""
        coding = request.headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip"):
            raise RequestRefused(415, f"no content encoding but gzip, not {coding[:40]!r}", {"Accept-Encoding": "gzip"})
        told = request.headers.get("content-length", "")
        size = min(int(told), limit) if coding == "identity" and told.isascii() and told.isdigit() else limit
        if self._reading + size > READING_BYTES:
            raise _not_taken("too many large requests at once", 1)
        self._reading += size
        try:
            body = await request.body()
            return gunzip(body, limit) if coding == "gzip" else body
        finally:
            self._reading -= size

    async def take(self, messages: Sequence[Message], form: str) -> Outcome:
        """Submit messages and return their outcome after the commit; RequestRefused 503 if not accepted."""
        self._check()  # nothing waits between this and the sink's taking it
        number = next(self._numbers)
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            del self._waiting[number]
            if not result.done():
                result.set_result(outcome)

        raws = [self._raw(device, form, payload) for device, payload, _ in messages]
        self._waiting[number] = time.monotonic()
        await self._sink.submit(Delivery(raws, settle))
        try:
            async with asyncio.timeout(self._settings.answer_s):
                outcome = await result
        except TimeoutError:
            raise RequestRefused(
                503,
                f"not committed within {self._settings.answer_s:g} s: it may be committed later, or not. Send it "
                "again: what carries its time (ts), or an event's id, is stored once",
                {"Retry-After": "5"},
            ) from None
        if outcome.superseded:
            raise _not_taken("the work was handed to another process", 0)
        return outcome

    def _raw(self, device: str, form: str, payload: bytes) -> Raw:
        received = self._last_received = max(time.time_ns() // 1000, self._last_received + 1)
        return Raw(self._origin(device[:DEVICE_CHARS], form), payload, received)


def _not_taken(why: str, retry_after_s: int) -> RequestRefused:
    return RequestRefused(503, f"{why}: nothing was taken, send it again", {"Retry-After": str(retry_after_s)})


@needs(Permission.INGEST_SEND)
async def _single(request: Request, device: str) -> Response:
    source = _source(request)
    source.admit(_peer(request))
    form, kinds = FORMS[request.url.path.rpartition("/")[2]]
    _content_type(request, kinds)
    body = await _usable(source, request, SINGLE_BYTES)
    await source.refuse_outside(request, [device])
    messages = [Message(device, body)]
    return _answer(messages, await source.take(messages, form))


@needs(Permission.INGEST_SEND)
async def _batch(request: Request) -> Response:
    source = _source(request)
    source.admit(_peer(request))
    form = BATCHES["/" + request.url.path.rpartition("/")[2]]
    kind = _content_type(request, (JSON, *NDJSON))
    body = await _usable(source, request, BATCH_BYTES)
    try:
        messages = batch_of_list(body) if kind == JSON else batch_of_lines(body)
    except BodyError as error:
        raise _unusable(error) from None
    if not messages:
        raise RequestRefused(400, "the batch is empty")
    await source.refuse_outside(request, [message.device for message in messages])
    return _answer(messages, await source.take(messages, form))


def _source(request: Request) -> HttpSource:
    return cast(HttpSource, request.app.state.http_source)


async def _usable(source: HttpSource, request: Request, limit: int) -> bytes:
    try:
        return await source.read(request, limit)
    except BodyError as error:
        raise _unusable(error) from None


def _unusable(error: BodyError) -> RequestRefused:
    return RequestRefused(error.status, error.detail, extras={} if error.at is None else {"at": error.at})


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _content_type(request: Request, kinds: Sequence[str]) -> str:
    """Validate the Content-Type; it is required, so that foreign web pages cannot post from a browser."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise RequestRefused(415, f"send it with Content-Type: {' or '.join(kinds)}", {"Accept": ", ".join(kinds)})
    return kind


def _answer(messages: Sequence[Message], outcome: Outcome) -> Response:
    """Answer 202 when any message was accepted in full; RequestRefused 422 when all were refused."""
    if len(messages) == 1 and not (outcome.refused or outcome.repeated or outcome.conflicting):
        return Response(_ALL_ACCEPTED, 202, media_type=JSON)
    refused = [_refused(index, messages[index], letter) for index, letter in sorted(outcome.refused.items())]
    again = {"repeated": len(outcome.repeated), "conflicting": len(outcome.conflicting)}
    taken = {"accepted": len(messages) - len(refused), **again, "refused": refused}
    if not taken["accepted"]:
        first = refused[0]["detail"] if len(messages) == 1 else f"each of the {len(messages)} messages was refused"
        kept = "kept as a dead letter: sent again as it is, it will be refused again"
        raise RequestRefused(422, f"{first} ({kept})", extras=taken)
    return Response(msgspec.json.encode(taken), 202, media_type=JSON)


def _refused(index: int, message: Message, letter: DeadLetter) -> dict[str, Any]:
    told = {"device": letter.device, "reason": letter.reason, "detail": str(letter.detail), "at": letter.at}
    return {"index": index, **told} | ({} if message.line is None else {"line": message.line})


_EXAMPLES: Mapping[str, Any] = {
    "telemetry": {"ts": 1767225600000, "values": {"pm25": 35.2}},
    "event": {"ts": 1767225600000, "kind": "smoke", "state": "active", "level": "red"},
    "senml": [{"bn": "urn:dev:my-air-1:", "bt": 1767225600, "n": "pm25", "v": 35.2}],
}


_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
_REFUSALS = {status: {"description": HTTPStatus(status).phrase, "content": _PROBLEM} for status in (404, 415, 422, 429)}


def _described(form: str, kinds: Sequence[str], batch: bool) -> dict[str, Any]:
    """OpenAPI description of a route."""
    example = _EXAMPLES[form]
    if batch:
        example = [{"device": "my-air-1", **example}, {"device": "my-air-2", **example}]
    texts = [kind for kind in kinds if kind not in (*NDJSON, SENML_CBOR)]
    content = {kind: {"schema": {}} | ({"example": example} if kind in texts else {}) for kind in kinds}
    words = {"telemetry": "Readings", "event": "Events", "senml": "Readings as a SenML pack"}[form]
    whose = "of several devices, as a JSON list or one object a line" if batch else "of one device"
    return {
        "name": f"post_{form}{'_batch' if batch else ''}",
        "summary": f"{words} {whose}",
        "description": (
            "202 once they are committed. What cannot be stored is listed, and kept as a dead letter. Give each its "
            "`ts`: then a request that is sent again changes nothing. 503 with Retry-After: nothing was taken. "
            "May be packed with `Content-Encoding: gzip`."
        ),
        "status_code": 202,
        "response_class": Response,
        "responses": {202: {"model": Taken, "content": {JSON: {}}}, **_REFUSALS},
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


def _routes() -> GuardedRouter:
    found = GuardedRouter(tags=["ingest"])
    for name, (form, kinds) in FORMS.items():
        found.add_api_route(f"/devices/{{device}}/{name}", _single, methods=["POST"], **_described(form, kinds, False))
    for path, form in BATCHES.items():
        found.add_api_route(path, _batch, methods=["POST"], **_described(form, (JSON, *NDJSON), True))
    return found


router = _routes()
"""To be included under /api/v1 of an app with a door, which has a source as `state.http_source`."""

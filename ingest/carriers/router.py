"""The routes to which platforms push: `/push/{subscription}`, and with a secret in the path."""

import time
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any, cast

from fastapi import HTTPException, Response
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, PlainTextResponse

from hub.access.caller import Caller
from hub.access.door import GuardedRouter, public
from hub.access.refusals import Refusals
from hub.access.token_bucket import TokenBuckets
from hub.errors import HubError
from hub.words.sentence import Sentence
from ingest.carriers.platforms import PLATFORMS, NotTrustedError, Request
from ingest.carriers.source import PushSource
from ingest.carriers.subscription import Subscription, Subscriptions
from ingest.holding import NotTakenError, retry_after

WRONG_PER_S, WRONG_ROOM = 5.0, 50
"""Pushes of an address that show no right secret, a second and at once; then it is refused unread."""
_WHY = "a platform shows the secret of its subscription, or signs with it"


class PushDoor:
    """Who is let in, and how; an app has it as `state.push_door`."""

    def __init__(self, source: PushSource, subscriptions: Subscriptions) -> None:
        self._source, self._subscriptions = source, subscriptions
        self._wrong = TokenBuckets(WRONG_PER_S, room=WRONG_ROOM)

    async def push(self, request: HttpRequest, subscription: str, secret: str = "") -> Response:
        told = await _told(request, secret)

        async def take(known: Subscription) -> Response:
            taken = await self._source.take(PLATFORMS[known.platform], known, told)
            return JSONResponse({"code": 0, "taken": taken})

        try:
            return await self._let_in(request, subscription, take)
        except NotTakenError as error:
            raise HTTPException(503, error.sentence, retry_after(error)) from None

    async def check(self, request: HttpRequest, subscription: str, secret: str = "") -> Response:
        told = await _told(request, secret)

        async def answer(known: Subscription) -> Response:
            return PlainTextResponse(PLATFORMS[known.platform].echo(known, told))

        return await self._let_in(request, subscription, answer)

    async def _let_in(
        self, request: HttpRequest, code: str, serve: Callable[[Subscription], Awaitable[Response]]
    ) -> Response:
        """Serve who shows the secret; where it is not that which is known, the one of now."""
        known = await self._opened(request, self._subscriptions.of(code))
        try:
            answer = await serve(known)
        except NotTrustedError:
            newer = await self._opened(request, self._subscriptions.renewed(code))
            if newer == known:
                raise self._refused(request) from None
            try:
                answer = await serve(newer)
            except NotTrustedError:
                raise self._refused(request) from None
        _passed(request, known)
        return answer

    async def _opened(self, request: HttpRequest, asked: Awaitable[Subscription | None]) -> Subscription:
        try:
            subscription = await asked
        except HubError as error:
            raise HTTPException(503, error.detail, {"Retry-After": "2"}) from None
        if subscription is None or not subscription.lets(_peer(request)):
            raise self._refused(request)
        return subscription

    def _refused(self, request: HttpRequest) -> HTTPException:
        refusals: Refusals = request.app.state.refusals
        refusals.count(request, 401)
        if wait_s := self._wrong.take(_peer(request), time.monotonic()):
            return HTTPException(429, Sentence("refusal.push.rate"), {"Retry-After": str(ceil(wait_s))})
        return HTTPException(401, Sentence("refusal.push.untrusted"))


async def _told(request: HttpRequest, secret: str) -> Request:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(secret, dict(request.query_params), headers, await request.body())


def _peer(request: HttpRequest) -> str:
    return request.client.host if request.client else ""


def _passed(request: HttpRequest, subscription: Subscription) -> None:
    """It is known who asks: the server slows down who is not."""
    request.state.caller = Caller("machine", f"subscription {subscription.code}", address=_peer(request))


def _described(name: str, summary: str) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    told: dict[str, Any] = {
        "name": name, "summary": summary, "response_class": Response,
        "responses": {status: {"description": why, "content": problem}
                      for status, why in ((401, "Unauthorized"), (429, "Too Many Requests"))},
    }  # fmt: skip
    is_check = name.startswith("push_check")
    content: dict[str, Any] = {"text/plain" if is_check else "application/json": {"schema": {}}}
    told["responses"][200] = {"description": "OK", "content": content}
    if not is_check:
        told["openapi_extra"] = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
    return told


router = GuardedRouter(tags=["pushes of platforms"])


@router.post("/push/{subscription}", **_described("push", "Take what a platform pushes"))
@public(_WHY)
async def take_push(request: HttpRequest, subscription: str) -> Response:
    """Answered once it is committed; pushed again it changes nothing (docs/carriers)."""
    return await _door(request).push(request, subscription)


@router.post("/push/{subscription}/{secret}", **_described("push_by_path", "Take what a platform pushes"))
@public(_WHY)
async def take_push_by_path(request: HttpRequest, subscription: str, secret: str) -> Response:
    """As without, for platforms that sign nothing: the secret stands in the path."""
    return await _door(request).push(request, subscription, secret)


@router.get("/push/{subscription}", **_described("push_check", "Answer a platform's check of the address"))
@public(_WHY)
async def check_push(request: HttpRequest, subscription: str) -> Response:
    """OneNET and Tencent ask before they push, and are answered what they sent, if they signed it."""
    return await _door(request).check(request, subscription)


@router.get("/push/{subscription}/{secret}", **_described("push_check_by_path", "Answer a platform's check"))
@public(_WHY)
async def check_push_by_path(request: HttpRequest, subscription: str, secret: str) -> Response:
    """As without, with the secret in the path."""
    return await _door(request).check(request, subscription, secret)


def _door(request: HttpRequest) -> PushDoor:
    return cast(PushDoor, request.app.state.push_door)

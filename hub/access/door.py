"""Route authorisation: `@needs(Permission.ALERTS_READ)` below the path, or `@public` with a reason.

The permissions stand in the OpenAPI document, as the roles of a route's security requirement.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Annotated, Any, Protocol, TypeVar, cast

from fastapi import APIRouter, Depends, HTTPException, Request, Response, Security, params
from fastapi.openapi.models import APIKey, HTTPBearer
from fastapi.openapi.models import SecurityBase as SecurityModel
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.access.caller import Caller
from hub.access.cross_site import refuse_cross_site
from hub.access.limits import Limits
from hub.access.permissions import Permission
from hub.access.refusals import NOBODY, Refusals

Handler = TypeVar("Handler", bound=Callable[..., Any])
_STATED = "stated_access"
_DENIAL = "websocket.http.response"
"""The extension of ASGI by which a WebSocket is refused with an answer."""
_COOKIE = {
    "in": "cookie",
    "name": "ganzhi_session",
    "description": "of a browser that has logged in (POST /session); over TLS its name begins with __Host-",
}
ASKED_S = 0.5
"""How often it is asked whether the reader may still be there: what was taken away counts within a second."""


class Door(Protocol):
    """Authenticates callers; an app with protected routes keeps one at `app.state.door`, and `limits`, `refusals`."""

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Authenticate. HTTPException: 401 unknown, 403 not allowed here, 503 while it cannot be determined."""


class Lacking(HTTPException):
    """403: a caller who is known lacks permissions."""

    def __init__(self, caller: Caller, lacking: Iterable[Permission]) -> None:
        super().__init__(403, f"{caller.name} lacks the permission {' and '.join(sorted(lacking))}")
        self.actor = caller.actor


class Needed(SecurityBase):
    """The dependency behind `needs`: HTTPException from authentication, 429, or 403 without a permission."""

    def __init__(self, permissions: frozenset[Permission]) -> None:
        self.permissions = permissions
        if permissions == {Permission.SELF_KEEP}:
            self.scheme_name = "Session"
            self.model: SecurityModel = APIKey.model_validate(_COOKIE)
            return
        device = Permission.INGEST_SEND in permissions
        self.scheme_name = "DeviceToken" if device else "HTTPBearer"
        shown = "a device's token, or an API key" if device else "an API key"
        self.model = HTTPBearer(description=f"{shown}; a browser has its session's cookie (POST /session)")

    async def __call__(self, connection: HTTPConnection) -> None:
        """Let the caller in, once. A coroutine, because FastAPI runs plain functions in a thread."""
        if hasattr(connection.state, "caller"):
            return
        try:
            connection.state.caller = await self._passed(connection)
        except HTTPException as error:
            if error.status_code in (401, 403):
                refusals: Refusals = connection.app.state.refusals
                refusals.count(connection, error.status_code, error.actor if isinstance(error, Lacking) else NOBODY)
            # Where the server can, what wants to be a WebSocket is answered as any request; else it is closed.
            if connection.scope["type"] == "http" or _DENIAL in connection.scope.get("extensions", {}):
                raise
            raise WebSocketException(1008, error.detail) from None

    async def _passed(self, connection: HTTPConnection) -> Caller:
        refuse_cross_site(connection)
        door: Door = connection.app.state.door
        caller = await door.caller(connection)
        limits: Limits = connection.app.state.limits
        limits.take(caller)
        if lacking := self.permissions - caller.permissions:
            raise Lacking(caller, lacking)
        client = connection.client
        within = replace(caller.within(self.permissions), address=None if client is None else client.host)
        return await connection.app.state.shares(within) if within.scope.shares else within


class Public:
    """The dependency behind `public`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def __call__(self, connection: HTTPConnection) -> None:
        """Allow everybody."""


def needs(*permissions: Permission) -> Callable[[Handler], Handler]:
    """Require all of these permissions; the handler may take `caller: TheCaller`."""
    return _stating(Security(Needed(frozenset(permissions)), scopes=[each.value for each in permissions]))


def public(reason: str) -> Callable[[Handler], Handler]:
    """Allow anonymous access, stating the reason."""
    return _stating(Depends(Public(reason)))


def _stating(dependency: Any) -> Callable[[Handler], Handler]:
    def stated(handler: Handler) -> Handler:
        setattr(handler, _STATED, dependency)
        return handler

    return stated


class _GuardedRoute(APIRoute):
    """Lets the caller in before it reads the body: who is refused cannot make the hub hold one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler, access = super().get_route_handler(), getattr(self.endpoint, _STATED).dependency

        async def guarded(request: Request) -> Response:
            refuse_cross_site(request)  # of what is public, too
            await access(request)
            return await handler(request)

        return guarded


class GuardedRouter(APIRouter):
    """An APIRouter that enforces each handler's declared access; TypeError for a handler that declares none."""

    __hash__ = object.__hash__  # by itself, so that what is worked out of it can be kept

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"route_class": _GuardedRoute, **options})

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """As of APIRouter."""
        super().add_api_route(path, endpoint, **_guarded(endpoint, options))

    def add_api_websocket_route(self, path: str, endpoint: Callable[..., Any], *args: Any, **options: Any) -> None:
        """As of APIRouter."""
        super().add_api_websocket_route(path, endpoint, *args, **_guarded(endpoint, options))


def _guarded(endpoint: Callable[..., Any], options: dict[str, Any]) -> dict[str, Any]:
    dependency: params.Depends | None = getattr(endpoint, _STATED, None)
    if dependency is None:
        raise TypeError(f"{endpoint.__qualname__} states neither `needs` nor `public`")
    return {**options, "dependencies": [dependency, *(options.get("dependencies") or ())]}


class PublicApp:
    """A mounted app with anonymous access, and the reason."""

    def __init__(self, app: ASGIApp, reason: str) -> None:
        self._app, self.reason = app, reason

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the app."""
        await self._app(scope, receive, send)


async def _caller(connection: HTTPConnection) -> Caller:
    return cast(Caller, connection.state.caller)


TheCaller = Annotated[Caller, Depends(_caller)]
"""The caller, for handlers of routes that need a permission."""


async def until_refused(connection: HTTPConnection) -> int:
    """Until the door lets the caller in no more (401), or within other limits (403): it then has to ask anew."""
    door: Door = connection.app.state.door
    before: Caller = connection.state.caller
    while True:
        await asyncio.sleep(ASKED_S)
        try:
            now = await door.caller(connection)
        except HTTPException as error:
            return error.status_code
        if (now.principal, now.grants) != (before.principal, before.grants):
            return 403

"""The FastAPI application: what is served where, and who may."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from api import problems
from api.auth import authorised
from api.board import Board
from api.context import Context
from api.headers import SafeHeaders
from api.limits import BodyLimit
from api.routes import (
    alerts,
    console,
    consumers,
    dead_letters,
    devices,
    devices_import,
    events,
    health,
    metrics,
    profiles,
    readings,
    replays,
    rules,
    status,
    stream,
)

DESCRIPTION = """\
Devices in, alerts out. Errors are problem details (RFC 9457); lists come as `{"items", "next"}`, and `next` given as
`cursor` brings the next page. Times are RFC 3339 in UTC. Levels are blue, yellow, orange and red."""


class _Described(FastAPI):
    """FastAPI whose description holds the form of the problems that its routes refer to."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            schema = super().openapi()
            problem = problems.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            parts = problem.pop("$defs")
            schema["components"]["schemas"] |= {"ProblemDetails": problem, **parts}
        return super().openapi()


def create_app(context: Context, more: Sequence[APIRouter] = (), larger: Mapping[str, int] | None = None) -> FastAPI:
    """The API and the page over a context; the wiring runs `context.changes.run()` beside it.

    `more` are routers of others below /api/v1, `larger` the bytes that a body may have at paths that take more.
    """
    app = _Described(
        title="Ganzhi (感知)",
        summary="The open hub for a city's senses",
        description=DESCRIPTION,
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.board = Board(context)
    problems.install(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, larger={"/api/v1/devices:import": devices_import.BODY_LIMIT} | dict(larger or {}))
    app.add_middleware(SafeHeaders)
    app.include_router(_api(more))
    app.include_router(health.router)
    app.include_router(metrics.router, dependencies=[Depends(authorised)])
    app.include_router(console.router)
    app.router.routes.append(console.assets())
    return app


def _api(more: Sequence[APIRouter]) -> APIRouter:
    api = APIRouter(
        prefix="/api/v1", dependencies=[Depends(authorised)], responses=problems.responses(401, 403, 422, 503)
    )
    # /alerts/stream comes before /alerts/{id}.
    for part in (stream, alerts, profiles, devices_import, devices, rules, consumers, readings, events):
        api.include_router(part.router)
    for part in (replays, dead_letters, status):
        api.include_router(part.router)
    for router in more:
        api.include_router(router)
    return api

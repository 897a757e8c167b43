"""The FastAPI application: what is served where, and who may."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from api import problems
from api.auth import authorised, authorised_sender
from api.board import Board
from api.context import Context
from api.http.headers import SafeHeaders
from api.http.limits import BodyLimit
from api.routes import (
    alerts,
    broker,
    catalogue,
    catalogue_export,
    commands,
    console,
    consumers,
    credentials,
    dead_letters,
    devices,
    devices_export,
    devices_import,
    diagnosis,
    events,
    frames,
    health,
    health_of_devices,
    maintenance,
    metrics,
    organisations,
    profile_library,
    profiles,
    provisioning,
    quality_flags,
    readings,
    regions,
    replays,
    rules,
    status,
    steps,
    stream,
    tail,
)
from api.streams.tail import Tails

DESCRIPTION = """\
Devices in, alerts out. Errors are problem details (RFC 9457); lists come as `{"items", "next"}`, and `next` given as
`cursor` brings the next page. Times are RFC 3339 in UTC. Levels are blue, yellow, orange and red."""

_LARGER = {"/api/v1/devices:import": devices_import.BODY_LIMIT, "/api/v1/regions:import": regions.BODY_LIMIT}


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

    `more` are routers below /api/v1 by which devices send, `larger` the bytes of bodies at paths that take more.
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
    app.state.tails = Tails()
    problems.install(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, larger=_LARGER | dict(larger or {}))
    app.add_middleware(SafeHeaders)
    app.include_router(_api(more))
    app.include_router(_open(context))
    app.include_router(health.router)
    app.include_router(metrics.router, dependencies=[Depends(authorised)])
    app.include_router(console.router)
    app.router.routes.append(console.assets())
    return app


def _api(more: Sequence[APIRouter]) -> APIRouter:
    api = APIRouter(prefix="/api/v1", responses=problems.responses(401, 403, 422, 503))
    guarded = [Depends(authorised)]
    # /alerts/stream comes before /alerts/{id}.
    for part in (catalogue, catalogue_export, devices_export, steps, maintenance, organisations, regions, credentials):
        api.include_router(part.router, dependencies=guarded)
    for part in (stream, alerts, profiles, profile_library, devices_import, devices, rules, consumers, events):
        api.include_router(part.router, dependencies=guarded)
    for part in (
        readings,
        quality_flags,
        health_of_devices,
        diagnosis,
        frames,
        tail,
        replays,
        dead_letters,
        status,
        commands,
    ):
        api.include_router(part.router, dependencies=guarded)
    for router in more:
        api.include_router(router, dependencies=[Depends(authorised_sender)])
    return api


def _open(context: Context) -> APIRouter:
    """What asks for a secret of its own instead of the API's token."""
    router = APIRouter(prefix="/api/v1")
    rates = context.settings.provisioning
    router.include_router(broker.router)
    router.include_router(provisioning.keys)
    door = provisioning.Door(rates.per_address_per_minute, rates.per_key_per_minute)
    router.include_router(provisioning.provisioning_router(door))
    return router

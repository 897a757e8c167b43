"""The FastAPI application: routes, middleware and access."""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from api import problems
from api.attachments import MAX_BYTES
from api.auth import ApiDoor
from api.context import Context
from api.dashboard import Boards
from api.http.head import Head
from api.http.headers import SafeHeaders
from api.http.limits import BodyLimit
from api.login.login import Login
from api.login.oidc import OidcLogin
from api.routes import (
    accounts,
    alert_desk,
    alert_handling,
    alert_history,
    alert_performance,
    alert_socket,
    alerts,
    areas,
    audit,
    broker,
    calendars,
    camera_rates,
    camera_registrations,
    cameras,
    cap,
    case_attachments,
    case_deliveries,
    case_indicators,
    case_rules,
    case_steps,
    case_tables,
    cases,
    catalogue,
    catalogue_export,
    chains,
    chains_try,
    channel_tests,
    codes,
    commands,
    console,
    consumers,
    contacts,
    credentials,
    dead_letters,
    device_addresses,
    device_control,
    device_tests,
    devices,
    devices_export,
    devices_import,
    diagnosis,
    drills,
    duty,
    edges,
    episodes,
    event_clips,
    event_pictures,
    events,
    expectation,
    forwards,
    frames,
    fusion_rules,
    grants,
    guards,
    handovers,
    health,
    health_of_devices,
    incidents,
    indicator_sets,
    inhibitions,
    keys,
    machines,
    maintenance,
    maintenances,
    metrics,
    monthly_report,
    oidc,
    openapi,
    organisations,
    outlines,
    outside_cases,
    outside_conflicts,
    outside_systems,
    own_account,
    path,
    patrols,
    presence,
    profile_library,
    profiles,
    provisioning,
    push_gaps,
    push_subscriptions,
    quality_flags,
    readings,
    receipts,
    regions,
    replays,
    rotas,
    routing,
    rule_sets,
    rule_versions,
    rules,
    rules_check,
    rules_report,
    rules_try,
    session,
    sessions,
    shares,
    silences,
    sims,
    station_passwords,
    status,
    steps,
    stream,
    tail,
    timelines,
    warnings,
)
from api.streams.tail import Tails
from hub.access.door import GuardedRouter
from hub.access.limits import Limits
from hub.access.shares import use

DESCRIPTION = """\
Devices in, alerts out. Errors are problem details (RFC 9457); lists come as `{"items", "next"}`, and `next` given as
`cursor` brings the next page. Times are RFC 3339 in UTC. Levels are blue, yellow, orange and red."""

_BODY_LIMITS = {
    "/api/v1/devices:import": devices_import.BODY_LIMIT,
    "/api/v1/regions:import": regions.BODY_LIMIT,
    "/api/v1/regions:outlines": outlines.BODY_LIMIT,
    "/api/v1/devices:provision": provisioning.BODY_LIMIT,
    "/api/v1/alerts/*/attachments": MAX_BYTES,
    "/api/v1/cases/*/attachments": MAX_BYTES,
    "/api/v1/cases/*/steps": case_steps.BODY_LIMIT,
    "/api/v1/cases/*/decisions": case_steps.BODY_LIMIT,
    "/api/v1/outside-systems/*/attachments": outside_cases.FILE_LIMIT,
    "/api/v1/warnings": warnings.BODY_LIMIT,
    "/api/v1/receipts/*": receipts.BODY_LIMIT,
    "/api/v1/outside-systems/*/cases": outside_cases.BODY_LIMIT,
}
_ROUTERS: tuple[GuardedRouter, ...] = (
    session.router,
    oidc.router,
    own_account.router,
    sessions.router,
    accounts.router,
    contacts.router,
    keys.router,
    machines.router,
    catalogue.router,
    catalogue_export.router,
    devices_export.router,
    steps.router,
    maintenance.router,
    maintenances.router,
    organisations.router,
    regions.router,
    outlines.router,
    routing.router,
    credentials.router,
    stream.router,  # /alerts/stream comes before /alerts/{id}
    alert_socket.router,
    cap.router,  # /alerts/feed.atom, too
    alerts.router,
    alert_desk.router,
    alert_handling.router,
    alert_handling.causes,
    alert_history.router,
    alert_performance.router,
    timelines.router,
    case_indicators.router,
    monthly_report.router,
    indicator_sets.router,
    silences.router,
    drills.router,
    device_tests.router,
    duty.router,
    guards.router,
    sims.router,
    handovers.router,
    rotas.router,
    presence.router,
    calendars.router,
    cases.router,
    case_steps.router,
    case_attachments.router,
    case_tables.router,
    case_rules.router,
    case_deliveries.router,
    forwards.router,
    outside_systems.router,
    outside_conflicts.router,
    warnings.router,
    profiles.router,
    profile_library.router,
    devices_import.router,
    devices.router,
    inhibitions.router,
    fusion_rules.trials,
    fusion_rules.router,
    incidents.router,
    incidents.separations,
    rules.router,
    rule_versions.router,
    rule_sets.router,
    rules_report.router,
    expectation.router,
    rules_check.router,
    rules_try.router,
    consumers.router,
    channel_tests.router,
    codes.router,
    chains_try.router,
    chains.router,
    episodes.router,
    event_clips.router,
    event_pictures.router,
    events.router,
    readings.router,
    quality_flags.router,
    health_of_devices.router,
    diagnosis.router,
    frames.router,
    tail.router,
    replays.router,
    dead_letters.router,
    device_addresses.router,
    device_control.router,
    station_passwords.router,
    status.router,
    path.router,
    commands.router,
    broker.router,
    camera_rates.router,
    camera_rates.history,
    camera_registrations.router,
    cameras.router,
    cameras.connections,
    patrols.router,
    openapi.router,
    provisioning.keys,
    provisioning.router,
    receipts.router,
    outside_cases.router,
    push_subscriptions.router,
    edges.router,
    push_subscriptions.senders,
    push_gaps.of_subscription,
    push_gaps.of_device,
    audit.router,
    grants.router,
    areas.router,
    shares.router,
)
_BESIDE: tuple[GuardedRouter, ...] = (health.router, metrics.router, console.router)
"""What is not below /api/v1."""


_EVERYWHERE = (400, 408, 413, 431, 500, 503)
"""What any request may be answered: by the server, by the limits of bodies, by the database that is away."""


class _Described(FastAPI):
    """FastAPI whose OpenAPI document includes problem schemas, and what is answered before a route or instead of it."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            schema = super().openapi()
            problem = problems.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            parts = problem.pop("$defs")
            schema["components"]["schemas"] |= {"ProblemDetails": problem, **parts}
            told = {str(status): each for status, each in problems.responses(401, 403, 415, 429, *_EVERYWHERE).items()}
            schema["components"]["responses"] = told
            for method, operation in (each for path in schema["paths"].values() for each in path.items()):
                statuses = {str(status) for status in _EVERYWHERE}
                statuses |= {"401", "403", "429"} if "security" in operation else set()
                statuses |= {"403"} if method != "get" else set()  # a page of another origin
                takes = operation.get("requestBody", {}).get("content", {})
                statuses |= {"415"} if "application/json" in takes else set()
                others = {status: {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
                operation["responses"] = dict(sorted((others | operation["responses"]).items()))
        return super().openapi()


def create_app(
    context: Context, more: Sequence[GuardedRouter] = (), body_limits: Mapping[str, int] | None = None
) -> FastAPI:
    """Create the API and the page for a context; the caller also runs `context.changes.run()`.

    `more` are routers below /api/v1 by which devices send, `body_limits` the bytes of bodies at paths that take more.
    """
    app = _Described(
        title="Ganzhi (感知)",
        summary="The open hub for a city's senses",
        description=DESCRIPTION,
        version="1",
        openapi_url=None,  # routes/openapi.py
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.refusals = context.refusals
    app.state.door = ApiDoor(context)
    app.state.limits = Limits(context.settings.limits)
    login = Login(context)
    app.state.login, settings = login, context.settings.oidc
    app.state.oidc = None if settings is None else OidcLogin(context, login, settings)
    app.state.shares = partial(use, context.hub_pool)
    app.state.boards = Boards()
    app.state.tails = Tails()
    rates = context.settings.provisioning
    app.state.provisioning = provisioning.Rates(rates.per_address_per_minute, rates.per_key_per_minute)
    app.state.receipts = receipts.Calls()
    app.state.outside_posts = outside_cases.posts_of_addresses()
    app.state.document = openapi.Document(app)
    problems.install(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, limits=_BODY_LIMITS | dict(body_limits or {}))
    app.add_middleware(SafeHeaders)
    app.add_middleware(Head)
    app.router.routes.extend(routes())
    app.router.routes.extend(routes_of(tuple(more)))
    app.router.routes.append(console.assets())
    return app


@cache
def routes() -> Sequence[BaseRoute]:
    """What each app has: FastAPI takes a fifth of a second of a processor to work it out, once."""
    api, beside = _below(), APIRouter()
    for router in _ROUTERS:
        api.include_router(router)
    for router in _BESIDE:
        beside.include_router(router)
    found = [*api.routes, *beside.routes]
    deque(iter_route_contexts(found), 0)  # they are worked out by looking at them
    return found


@cache
def routes_of(routers: tuple[GuardedRouter, ...]) -> Sequence[BaseRoute]:
    """Those of some routers, below /api/v1: worked out once, too."""
    api = _below()
    for router in routers:
        api.include_router(router)
    deque(iter_route_contexts(api.routes), 0)
    return api.routes


def _below() -> APIRouter:
    return APIRouter(prefix="/api/v1", responses=problems.responses(422, 503))

"""Health and metrics endpoints of processes without the API."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from api import problems
from api.http.head import Head
from api.http.headers import SafeHeaders
from api.routes.health import Alive, Ready, healthz, readiness
from api.routes.metrics import process_metrics
from hub.access.door import GuardedRouter, public
from hub.store.pool import Pool
from hub.telemetry import Counters


def create_monitor(counters: Counters, reasons: Callable[[], list[str]], pool: Pool | None) -> FastAPI:
    """App with public /healthz, /readyz and /metrics; `reasons` as in Context.ready, `pool` may be None."""
    app = FastAPI(title="Ganzhi (感知)", openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Head)
    router = GuardedRouter()
    router.add_api_route("/healthz", healthz, response_model=Alive)

    @router.get("/readyz", response_model=Ready)
    @public("supervisors and load balancers probe it without a token; it shows no data")
    async def readyz() -> Any:
        return await readiness(reasons(), pool)

    @router.get("/metrics", response_class=PlainTextResponse)
    @public("a process without the API knows no callers; it shows counts, at hub.monitor_host only")
    async def metrics() -> PlainTextResponse:
        return process_metrics(counters, not reasons())

    app.include_router(router)
    return app

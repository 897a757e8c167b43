"""The few paths of a process without the API: does it live, does it work, what does it count."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from api import problems
from api.http.headers import SafeHeaders
from api.routes.health import Alive, healthz, readiness
from api.routes.metrics import process_metrics
from hub.store.pool import Pool
from hub.telemetry import Counters


def create_monitor(counters: Counters, reasons: Callable[[], list[str]], pool: Pool | None) -> FastAPI:
    """/healthz, /readyz and /metrics, for everybody; `reasons` as of Context.ready, `pool` None without a database."""
    app = FastAPI(title="Ganzhi (感知)", openapi_url=None, docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_middleware(SafeHeaders)
    app.add_api_route("/healthz", healthz, response_model=Alive)

    @app.get("/readyz", response_model=Alive)
    async def readyz() -> Any:
        return await readiness(reasons(), pool)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        return process_metrics(counters, not reasons())

    return app

"""Liveness and readiness."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
from pydantic import BaseModel, Field

from api.context import Here
from api.database import rows
from api.problems import Fault, ProblemError, responses
from hub.access.door import GuardedRouter, public
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["health"])
PATIENCE_S = 2.0
"""How long the database may take to answer before it counts as away."""


class Alive(BaseModel):
    """The process is alive."""

    status: str = "ok"


class Ready(Alive):
    """The process works."""

    degraded: list[str] = Field(default=[], description="what works only in part; the process is ready all the same")


@router.get("/healthz", response_model=Alive)
@public("supervisors and load balancers probe it without a token; it shows no data")
async def healthz() -> Any:
    """Liveness: restart the process when this fails."""
    return Alive()


@router.get("/readyz", response_model=Ready, responses=responses(503))
@public("supervisors and load balancers probe it without a token; it shows no data")
async def readyz(context: Here) -> Any:
    """Readiness: database and broker are up and the pipeline is not stalled."""
    return await readiness(context.ready(), context.hub_pool)


async def readiness(reasons: Sequence[str], pool: Pool | None) -> Ready:
    """Ready, or 503 with the reasons, including an unreachable database."""
    degraded = await _degraded(pool) if pool is not None else []
    reasons = [*reasons, "the database cannot be reached"] if degraded is None else reasons
    if reasons:
        faults = [Fault(problem=reason) for reason in reasons]
        raise ProblemError(503, "; ".join(reasons), faults, {"Retry-After": "2"})
    return Ready(degraded=degraded or [])


async def _degraded(pool: Pool) -> list[str] | None:
    """Networks that are not heard; None when the database cannot be reached."""
    try:
        async with asyncio.timeout(PATIENCE_S), pool.connection(timeout=PATIENCE_S) as conn:
            found = await rows(conn, SQL.unheard)
    except (psycopg.Error, OSError, TimeoutError):
        return None
    said = {"away": "not connected to", "silent": "nothing comes from"}
    return [f"{said[row['state']]} network {row['name']}" for row in found]

"""The API over a real database, called in process or served by uvicorn on a free port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from analytics.detection.expectation import PastExpectation
from analytics.fusion.history import FusionHistory
from analytics.rules.history import RuleHistory
from api.app import create_app
from api.changes import ChangeFeed
from api.context import Context
from api.http.server import configured
from hub.access.door import Door
from hub.alerts.alert import Change, Step
from hub.alerts.apply import apply
from hub.models import AlertChange, now_micros
from hub.settings import Api, Database, Settings
from hub.store.pool import Pool, open_pool
from hub.telemetry import Counters
from tests.support.described import description

PREFIX = "/api/v1"
AIR: dict[str, Any] = {
    "name": "Air station",
    "metrics": {"pm25": {"name": "PM2.5", "unit": "ug/m3", "min": 0, "max": 2000}},
}
RULE = {
    "name": "PM2.5 high",
    "profile": "air",
    "metric": "pm25",
    "direction": "above",
    "thresholds": {"blue": 75, "red": 250},
}


@asynccontextmanager
async def api_context(url: str, token: str | None = None, **feed: Any) -> AsyncIterator[Context]:
    """A context over a migrated database; nothing runs yet."""
    settings = Settings(database=Database(url=url), api=Api(token=token))  # type: ignore[arg-type]
    async with open_pool(settings.database) as pool:
        feed_ = ChangeFeed(pool, **feed)
        yield Context(
            settings, pool, Counters(), list, feed_, try_rule=RuleHistory(), try_fusion=FusionHistory(),
            expectation=PastExpectation(),
        )  # fmt: skip


@asynccontextmanager
async def client_of(context: Context, door: Door | None = None, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the app in process; failures of the app become its 500. Each answer is as described."""
    app = create_app(context)
    app.state.door = door or app.state.door
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1" + PREFIX, **options) as client:
        client.event_hooks["response"].append(_check_of(app))
        yield client


def _check_of(app: FastAPI) -> Callable[[httpx.Response], Awaitable[None]]:
    described = cache(partial(description, app))  # when it is asked first: not each test asks

    async def check(answer: httpx.Response) -> None:
        described().check(answer)

    return check


@asynccontextmanager
async def served(context: Context, port: int = 0, door: Door | None = None) -> AsyncIterator[str]:
    """The app behind the hub's own server with its feed running; yields its base URL."""
    listener = socket.create_server(("127.0.0.1", port))
    app = create_app(context)
    app.state.door = door or app.state.door
    server = configured(app, "127.0.0.1", 0, 2)
    feed = asyncio.create_task(context.changes.run(), name="feed")
    task = asyncio.create_task(server.serve([listener]), name="uvicorn")
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        feed.cancel()
        server.should_exit = True
        await asyncio.gather(feed, task, return_exceptions=True)
        listener.close()


async def register(client: httpx.AsyncClient, devices: int = 1) -> None:
    """The profile air, its rule pm25-high, and devices air-0, air-1, ..."""
    (await client.put("/profiles/air", json=AIR)).raise_for_status()
    (await client.put("/rules/pm25-high", json=RULE)).raise_for_status()
    lines = ["code,name,profile", *(f"air-{n},Air station {n},air" for n in range(devices))]
    answer = await client.post("/devices:import", content="\n".join(lines), headers={"Content-Type": "text/csv"})
    answer.raise_for_status()


async def raise_alert(pool: Pool, device: str = "air-0", level: int = 4, value: float = 260.0) -> UUID:
    """An alert of rule pm25-high on a target of its own, as the pipeline raises it."""
    alert = uuid4()
    async with pool.connection() as conn, conn.transaction():
        rows = await conn.execute(
            """select r.id, d.id, s.id from rule r, device d join series s on s.device_id = d.id
               where r.code = 'pm25-high' and d.code = %(device)s""",
            {"device": device},
        )
        [(rule_id, device_id, series_id)] = await rows.fetchall()
        raised = AlertChange(
            uuid4(), alert, "raised", now_micros(), rule_id, str(alert), device_id, series_id, level,
            "PM2.5 above 250", value, 250.0,
        )  # fmt: skip
        [result] = await apply(conn, [raised])
    assert result.outcome == "applied", result
    return alert


async def change_alert(pool: Pool, alert: UUID, kind: str, value: float | None = None) -> None:
    """A further change of an alert, as the pipeline or a desk makes it."""
    async with pool.connection() as conn, conn.transaction():
        rows = await conn.execute(
            "select rule_id, target, device_id, series_id, level, title from alert where id = %(id)s", {"id": alert}
        )
        [(rule_id, target, device_id, series_id, level, title)] = await rows.fetchall()
        change: Change = Step(uuid4(), alert, kind, "desk")
        if kind in ("updated", "cleared"):
            change = AlertChange(
                uuid4(), alert, kind, now_micros(), rule_id, target, device_id, series_id, level, title, value
            )
        [result] = await apply(conn, [change])
    assert result.outcome == "applied", result

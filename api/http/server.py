"""HTTP server: uvicorn without signal handlers, protected against slow clients."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

CONNECTIONS = 4_000
"""Open at one time, alert streams included; beyond it each request is answered 503."""
HEADERS_S = 10.0
"""How long the head of a request may take. uvicorn itself closes only those that are idle after an answer (5 s)."""


class Server(uvicorn.Server):
    """Serves until `should_exit`; closes connections whose request head does not arrive in time."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._silent: dict[Any, tuple[Any, float]] = {}
        """By connection that answers nothing: what it answered last (None: nothing yet), and since when."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the lifecycle."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second."""
        if counter % 10 == 0:
            self._close_silent(time.monotonic())
        return await super().on_tick(counter)

    def _close_silent(self, now: float) -> None:
        silent: dict[Any, tuple[Any, float]] = {}
        for connection in self.server_state.connections:
            last = getattr(connection, "cycle", None)
            if last is None or last.response_complete:
                before = self._silent.get(connection)
                silent[connection] = before if before is not None and before[0] is last else (last, now)
        for connection, (_, since) in silent.items():
            if now - since > HEADERS_S and connection.transport is not None:
                connection.transport.close()
        self._silent = silent


def configured(app: Any, host: str, port: int, graceful_s: float) -> Server:
    """Configure a server; on shutdown it finishes in-flight requests for up to `graceful_s`."""
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=max(2, int(graceful_s)),
        )
    )

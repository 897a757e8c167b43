"""A WebSocket: uvicorn's protocol, bounded as api/http/connection.py is, and frames that are made once for many."""

import asyncio
import logging
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

FRAMES = "ganzhi.frames"
"""The extension of ASGI: `websocket.send` with `frames`, bytes of whole frames, which go out as they are."""
MESSAGE = 4 << 10
"""Bytes of a message of a client: there is nothing that it has to say."""
_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.WARNING)  # uvicorn tells of each that comes


class Socket(WebSocketsSansIOProtocol):
    """One connection after its upgrade. It holds as much of what is sent as any (api/http/connection.py: WRITE)."""

    cycle = None
    """No request is under way; the three are asked by the server, which aborts a client that takes nothing."""
    resting = False
    idle = False

    def __init__(
        self,
        config: Config,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = _quiet
        self.drained = 0
        self._addresses = server_state.addresses
        self._address: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if self._addresses.open(address, self) is None:
            self._address = address

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._address is not None:
            self._addresses.close(self._address, self)

    def abort(self) -> None:
        """Close it at once."""
        self.transport.abort()

    def resume_writing(self) -> None:
        self.drained += 1
        super().resume_writing()

    async def run_asgi(self) -> None:
        """Tell the app that it takes FRAMES."""
        self.scope["extensions"][FRAMES] = {}
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """As of ASGI, with FRAMES."""
        if "frames" not in message:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(message["frames"])

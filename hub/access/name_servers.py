"""Names become addresses by threads of their own, which do not all wait for name servers that are away."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 8
"""Names that are asked for at one time; the other work of the process has threads of its own."""
AWAY, REST_S = 8, 30.0
"""Names of which none had an answer, one after another: others fail at once, but one in so many seconds, that tries."""
Look = Callable[[str, int], list[Any]]


def _look(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


class NameServers:
    """Those of this machine, as a process sees them."""

    def __init__(self, look: Look = _look) -> None:
        """`look` raises socket.gaierror, of EAI_AGAIN where nobody has answered."""
        self._look = look
        self._threads = ThreadPoolExecutor(THREADS, "names")
        self._failed = set[str]()
        self._rests_until = 0.0

    async def addresses(self, host: str, port: int) -> list[str]:
        """Of a name, in the order of preference. OSError."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, self._asked, host, port)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def _asked(self, host: str, port: int) -> list[Any]:
        if len(self._failed) >= AWAY:
            if time.monotonic() < self._rests_until:
                raise socket.gaierror(socket.EAI_AGAIN, "no name server answers")
            self._rests_until = time.monotonic() + REST_S
        try:
            found = self._look(host, port)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN:
                self._failed.clear()  # there is no such name, somebody says
            elif len(self._failed) < AWAY:
                self._failed.add(host)
                self._rests_until = time.monotonic() + REST_S
            raise
        self._failed.clear()
        return found


NAMES = NameServers()
"""Of this process."""

"""Workers of forked hubs without the 1.5 s of processor time that imports cost: forked from a twin of their hub.

The twin is forked before the hub does anything, and waits. For each worker it forks a process that forks the worker and
ends: the worker is then the hub's own child, as one that it starts itself, and may be killed like any other.
"""

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from typing import Any, cast

PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 1, 15, 36
WORKER = (sys.executable, "-m", "app.main", "worker")
"""How commands begin that are forked."""


def fork_workers() -> None:
    """From now on workers that this process starts are forked; returns in each of them as well."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    ours, theirs = socket.socketpair()
    if os.fork():
        theirs.close()
        ordinary = asyncio.create_subprocess_exec

        async def started(*command: str, **how: Any) -> Process:
            if command[: len(WORKER)] != WORKER:
                return await ordinary(*command, **how)
            return cast(Process, _Forked(_asked(ours, command)))

        asyncio.create_subprocess_exec = started  # type: ignore[assignment]
        return
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    ours.close()
    command, stdin = _serve(theirs)
    theirs.close()
    os.dup2(stdin, 0)
    os.close(stdin)
    os.setsid()
    libc.prctl(PR_SET_NAME, f"worker {command[len(WORKER)]}".encode())
    sys.argv = ["hub", *command[len(WORKER) - 1 :]]


def _serve(connection: socket.socket) -> tuple[list[str], int]:
    """The twin: it ends with its hub; in each worker return its command, and what is to be its standard input."""
    while True:
        wish, (stdin, *_), _, _ = socket.recv_fds(connection, 1 << 16, 1) if _more(connection) else os._exit(0)
        if between := os.fork():
            os.waitpid(between, 0)  # from then on the worker is the hub's
            connection.sendall(b"\n")
            os.close(stdin)
        elif worker := os.fork():
            connection.sendall(str(worker).encode())
            os._exit(0)
        else:
            return json.loads(wish), stdin


def _more(connection: socket.socket) -> bool:
    return bool(connection.recv(1, socket.MSG_PEEK))


def _asked(twin: socket.socket, command: tuple[str, ...]) -> tuple[int, int]:
    """The worker's process id, and where its standard input is written to."""
    theirs, stdin = os.pipe()
    socket.send_fds(twin, [json.dumps(command).encode()], [theirs])
    os.close(theirs)
    told = b""
    while not told.endswith(b"\n"):
        told += twin.recv(100)
    return int(told), stdin


class _Forked:
    """What a supervisor wants of asyncio.subprocess.Process."""

    def __init__(self, started: tuple[int, int]) -> None:
        self.pid, stdin = started
        self.stdin = os.fdopen(stdin, "wb", buffering=0)
        loop = asyncio.get_running_loop()
        self._descriptor, self._ended = os.pidfd_open(self.pid), loop.create_future()
        loop.add_reader(self._descriptor, self._end)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    async def wait(self) -> int:
        """Its exit status, negative for a signal."""
        return int(await asyncio.shield(self._ended))

    def _send(self, number: signal.Signals) -> None:
        if self._ended.done():
            raise ProcessLookupError
        os.kill(self.pid, number)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.stdin.close()
        self._ended.set_result(os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]))

"""Hub processes without the 2 s of processor time that imports cost: forked from one that has imported everything.

Each is a process of its own, as after `python -m app.main ARGUMENTS`: it has its own memory, environment, log and exit
status, and may be killed. So are its workers (tests/support/forked_workers.py); what else a hub starts by itself is
started the ordinary way.

Run as a process of its own: python -m tests.support.forks, with a socket as its standard input. A line is one JSON
object: {"arguments", "env", "cwd", "log"} is answered with {"pid"}; when that process ends, {"pid", "status"} follows.
"""

import atexit
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.forked_workers import PR_SET_PDEATHSIG, fork_workers

WIDTH = "200"
"""COLUMNS of the command line: it is read when modules are imported."""
LATE = ("anyio._backends._asyncio", "encodings.idna", "uvicorn.lifespan.on")
"""What a hub imports only while it starts, calls somebody or ends."""


class Forked:
    """A forked hub, with what subprocess.Popen offers of it."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self._server, self.pid = server, pid

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._server.status_of(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; subprocess.TimeoutExpired if it still runs after so many seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.005)
        return status

    def send_signal(self, number: int) -> None:
        """Nothing happens when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


class ForkServer:
    """The process that forks; one for a test run, started when the first hub is wanted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[int, int | None] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._rest = b""

    def start(self, arguments: list[str], env: dict[str, str], cwd: Path | None, log: Path) -> Forked:
        """Fork a hub with these arguments; what it writes is added to the log."""
        with self._lock:
            wanted = {"arguments": arguments, "env": env, "cwd": str(cwd or Path.cwd()), "log": str(log.absolute())}
            connection = self._connected()
            connection.setblocking(True)
            connection.sendall(json.dumps(wanted).encode() + b"\n")
            started: int | None = None
            while started is None:
                started = next((told["pid"] for told in self._read() if "status" not in told), None)
            return Forked(self, started)

    def status_of(self, pid: int) -> int | None:
        """The exit status of a process that it forked; None while that runs."""
        with self._lock:
            if self._statuses[pid] is None:
                self._connected().setblocking(False)
                try:
                    self._read()
                except BlockingIOError:
                    return None
            return self._statuses[pid]

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            command = [sys.executable, "-m", "tests.support.forks"]
            env = {**os.environ, "COLUMNS": WIDTH, "OPENBLAS_NUM_THREADS": "1"}  # no threads before a fork
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), env=env, cwd=Path(__file__).parents[2])
            theirs.close()
            atexit.register(self._end)
        return self._socket

    def _read(self) -> list[dict[str, int]]:
        """What it tells next; statuses are taken over."""
        data = self._connected().recv(1 << 16)
        assert data, "the process that forks hubs has ended"
        *lines, self._rest = (self._rest + data).split(b"\n")
        told = [json.loads(line) for line in lines]
        for one in told:
            self._statuses[one["pid"]] = one.get("status")
        return told

    def _end(self) -> None:
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait(10)


SERVER = ForkServer()


@dataclass
class _Wish:
    """What a forked process is to be."""

    arguments: list[str]
    env: dict[str, str]
    cwd: str
    log: str

    def become(self) -> None:
        """Make this forked process one that has just been started so."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        with Path(self.log).open("ab") as out, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        os.environ.clear()
        os.environ.update(self.env)
        time.tzset()
        os.chdir(self.cwd)
        sys.argv = ["hub", *self.arguments]
        if "--workers" in self.arguments:
            fork_workers()


def _serve(connection: socket.socket) -> _Wish | None:
    """Fork as told until the other side goes away; in each forked process, return what it is to be."""
    children: dict[int, int] = {}
    """By the descriptor that tells of its end: a child's process id."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is connection:
                    data = connection.recv(1 << 16)
                    if not data:
                        for pid in children.values():
                            os.kill(pid, signal.SIGKILL)
                        return None
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        pid = os.fork()
                        if not pid:
                            for descriptor in children:
                                os.close(descriptor)
                            connection.close()
                            return _Wish(**json.loads(line))
                        descriptor = os.pidfd_open(pid)
                        children[descriptor] = pid
                        selector.register(descriptor, selectors.EVENT_READ)
                        _tell(connection, pid=pid)
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    pid, status = os.waitpid(children.pop(key.fd), 0)
                    _tell(connection, pid=pid, status=os.waitstatus_to_exitcode(status))


def _tell(connection: socket.socket, **what: Any) -> None:
    connection.sendall(json.dumps(what).encode() + b"\n")


def main() -> None:
    """The process that forks, and in each forked one, the hub."""
    from importlib import import_module

    import numpy.ma

    import api.app
    import app.main
    import app.serve.serve
    import app.serve.worker
    from analytics.detection.stage import compile_detectors
    from app.cli.groups import GROUPS
    from app.serve.pushes import ROUTERS
    from ingest.http.source import router as ingest_router

    assert numpy.ma, (app.serve.serve, app.serve.worker)  # imported for what is forked
    compile_detectors()
    for module in (*LATE, *(f"app.cli.{each}" for each in GROUPS.values())):
        import_module(module)
    assert api.app.routes()  # kept for what is forked
    assert api.app.routes_of((ingest_router, *ROUTERS))
    gc.collect()
    gc.freeze()  # else a forked process looks at all of it when it ends: 0.5 s of processor time instead of 0.13 s
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the test run ends this process by itself
    wish = _serve(socket.socket(fileno=os.dup(0)))
    if wish is not None:
        wish.become()
        app.main.main()


if __name__ == "__main__":
    main()

"""Processes of a test: started with their output in a file, waited for by condition, ended by their id."""

import asyncio
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Literal, TypeVar

from tests.support.forks import SERVER, WIDTH, Forked

T = TypeVar("T")
HUB = [sys.executable, "-m", "app.main"]
"""A command that begins so is forked, unless HUB_TEST_EXEC is set; see tests/support/forks.py."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at the moment.

    Below those that Linux gives to outgoing connections: one of these took a port between its choice and its use.
    """
    while True:
        port = SystemRandom().randrange(20_000, 32_768)  # not by a seed: those of hypothesis are the same everywhere
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody listens on that port."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(
    condition: Callable[[], T | Literal[False] | None],
    what: str,
    seconds: float = 20.0,
    moved: Callable[[], object] = lambda: None,
) -> T:
    """The first true result of condition(); AssertionError naming `what` once nothing has moved for so many seconds.

    Each other value of moved() starts them anew; see _Patience for what counts as a second.
    """
    patience = _Patience(what, seconds)
    while not (result := condition()):
        time.sleep(patience.pause(moved()))
    return result


async def eventually(
    condition: Callable[[], Awaitable[T | Literal[False] | None]], what: str, seconds: float = 20.0
) -> T:
    """As wait_until for a coroutine function, without blocking the loop."""
    patience = _Patience(what, seconds)
    while not (result := await condition()):
        pause = patience.pause()
        await asyncio.sleep(pause)
    return result


class _Patience:
    """A deadline of a quiet machine: time in which somebody waited for a processor counts a tenth."""

    def __init__(self, what: str, seconds: float) -> None:
        self._what, self._seconds = what, seconds
        self._began = time.monotonic()
        self._moved: object = None
        self._since = self._quiet_since = 0.0
        self._start()

    def pause(self, moved: object = None) -> float:
        """Seconds until the next look, a tenth of what has passed: looking costs, a connection to a store 9 to 20 ms.

        Raises AssertionError when nothing has moved for too long.
        """
        if moved != self._moved:
            self._moved = moved
            self._start()
        passed, quiet = time.monotonic() - self._since, _quiet() - self._quiet_since
        if quiet + (passed - quiet) / 10 > self._seconds:
            raise AssertionError(f"nothing moved for {self._seconds:g} s (in fact {passed:.0f} s): {self._what}")
        return min(0.2, max(0.02, (time.monotonic() - self._began) / 10))

    def _start(self) -> None:
        self._since, self._quiet_since = time.monotonic(), _quiet()


def _quiet() -> float:
    """Seconds in which nobody waited for a processor; all seconds where the kernel does not count them."""
    try:
        told = Path("/proc/pressure/cpu").read_text(encoding="ascii")  # "some avg10=... total=MICROSECONDS"
    except OSError:
        return time.monotonic()
    return time.monotonic() - int(told.split()[4].removeprefix("total=")) / 1e6


def _ends_with_us() -> list[str]:
    """A prefix that lets the kernel end a command when this test run is killed; where setpriv is there.

    The kernel counts the end of the starting thread as ours, so that only the main thread may ask for it.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or threading.current_thread() is not threading.main_thread():
        return []
    return [setpriv, "--pdeathsig", "INT"]


class Process:
    """A command that runs beside the test; what it writes goes to `log`; `start` may be called again."""

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        account: pwd.struct_passwd | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self._env = {**os.environ, "COLUMNS": WIDTH, **(env or {})}  # a terminal's own says nothing to tests
        self._cwd, self._account = cwd, account
        self._child: subprocess.Popen[bytes] | Forked | None = None

    def start(self) -> "Process":
        """Start the command; what it writes is added to the log."""
        assert not self.running, f"{self.command[0]} is running already"
        if self.command[:3] == HUB and self._env.get("COLUMNS", WIDTH) == WIDTH and "HUB_TEST_EXEC" not in os.environ:
            self._child = SERVER.start(self.command[3:], self._env, self._cwd, self.log)
            return self
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                [*_ends_with_us(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                user=self._account.pw_uid if self._account else None,
                group=self._account.pw_gid if self._account else None,
                extra_groups=[] if self._account else None,
            )
        return self

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None, "not started"
        return self._child.pid

    def text(self) -> str:
        """What it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def wait_for_line(self, pattern: str, seconds: float = 20.0) -> re.Match[str]:
        """The first match of a pattern in what it wrote; fails at once when it ends without one."""
        found = re.compile(pattern, re.MULTILINE)
        return self._wait(lambda: found.search(self.text()), f"a line {pattern!r}", seconds)

    def wait_for_port(self, port: int, seconds: float = 20.0) -> None:
        """Return once it accepts connections on a port of 127.0.0.1."""
        self._wait(lambda: accepts(port) or None, f"port {port} open", seconds)

    def _wait(self, condition: Callable[[], T | None], what: str, seconds: float) -> T:
        try:
            wait_until(lambda: not self.running or condition() is not None, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._tail()}") from None
        met = condition()  # once more: what it wrote last, before it ended, counts
        if met is None:
            raise AssertionError(f"{self.command[0]} ended before: {what}\n{self._tail()}")
        return met

    def _tail(self) -> str:
        return f"{' '.join(self.command)} wrote at last:\n{self.text()[-4000:]}"

    def wait(self, seconds: float = 20.0) -> int:
        """Its exit status (negative: the signal); AssertionError if it is still there after the deadline."""
        assert self._child is not None, "not started"
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:g} s\n{self._tail()}") from None

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        if self._child is not None:
            self._child.send_signal(number)

    def terminate(self, seconds: float = 20.0) -> int:
        """SIGTERM, then its exit status."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        self.send(signal.SIGKILL)
        self.wait()

    def __enter__(self) -> "Process":
        return self if self.running else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.running:
            self.kill()

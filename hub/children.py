"""Supervision of child processes: start, resource limits, restart, and guaranteed cleanup."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from subprocess import DEVNULL

from hub.backoff import Backoff

log = logging.getLogger(__name__)

STOP = b"stop\n"
"""What a child is told on its standard input; its bare end means that the parent has died."""

STEADY_S = 10.0
"""A child that lived for so long is started again at once."""


@dataclass(slots=True, frozen=True)
class Limits:
    """Resource limits of a child that handles untrusted input; None: inherit the parent's.

    Set right after its start, before it is given anything to read.
    """

    memory_bytes: int | None = None
    """Address space: an allocation beyond it fails."""
    cpu_s: int | None = None
    """Time on a processor; beyond it the child gets SIGXCPU, and a second later SIGKILL."""
    file_bytes: int | None = None
    """The longest file that it may write."""

    def set(self, pid: int) -> None:
        """Apply the limits to a child; a no-op if it has exited."""
        wanted = {
            resource.RLIMIT_AS: (self.memory_bytes, 0),
            resource.RLIMIT_CPU: (self.cpu_s, 1),
            resource.RLIMIT_FSIZE: (self.file_bytes, 0),
        }
        with suppress(ProcessLookupError):
            for which, (soft, grace) in wanted.items():
                if soft is not None:
                    resource.prlimit(pid, which, (soft, soft + grace))


@dataclass(slots=True, frozen=True)
class Command:
    """How to start a child. It gets its own session, so that Ctrl-C reaches only the parent."""

    arguments: Sequence[str | Path]
    limits: Limits = Limits()
    heeds_stdin: bool = True
    """Whether it ends by itself when its standard input does; another program is killed with its parent by setpriv."""
    output: int | None = None
    """As subprocess wants it, for what it writes to standard output; None: where the parent writes to."""

    def whole(self) -> list[str]:
        """Full argument list, including the wrapper that ends it with its parent."""
        before = [] if self.heeds_stdin else lifeline(Signals.SIGKILL)
        return before + [str(argument) for argument in self.arguments]


def lifeline(ending: Signals) -> list[str]:
    """What is put before a command so that the kernel sends it `ending` when the thread that started it ends."""
    return ["setpriv", "--pdeathsig", ending.name.removeprefix("SIG"), "--"]


@asynccontextmanager
async def child(command: Command) -> AsyncIterator[asyncio.subprocess.Process]:
    """Context manager for a child; it is killed on exit if still running."""
    process = await asyncio.create_subprocess_exec(
        *command.whole(),
        stdin=asyncio.subprocess.PIPE if command.heeds_stdin else DEVNULL,
        stdout=command.output,
        start_new_session=True,
    )
    try:
        command.limits.set(process.pid)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Supervisor:
    """Keeps one child running: `run` restarts it when it exits, with backoff while it exits quickly."""

    def __init__(self, name: str, command: Command, first_s: float = 0.1, longest_s: float = 15.0) -> None:
        self._name, self._command = name, command
        self._backoff = Backoff(first_s=first_s, longest_s=longest_s)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self.ended = asyncio.Event()
        """Set once the child has ended after `stop`, and there will be no other."""

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._process.pid if self._process is not None else None

    async def run(self) -> None:
        """Keep it running until it exits after `stop`; killed on cancellation."""
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            async with child(self._command) as self._process:
                began = clock()
                if self._stopping.is_set():  # while it was being started
                    self._ask()
                code = await self._process.wait()
                self._process = None
            if self._stopping.is_set():
                break
            if clock() - began > STEADY_S:
                self._backoff.succeeded()
            log.error("%s ended (%s); starting it again", self._name, told(code))
            await self._backoff.wait(self._stopping)
        self.ended.set()

    def stop(self) -> None:
        """Ask it to exit via STOP on stdin, or SIGTERM if it does not read stdin; `run` then returns."""
        self._stopping.set()
        self._ask()

    async def kill(self) -> None:
        """Kill it and wait; `run` starts a new one."""
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _ask(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.write(STOP)
        else:
            with suppress(ProcessLookupError):
                self._process.terminate()


def told(code: int) -> str:
    """Describe an exit status."""
    return f"signal {-code}, {Signals(-code).name}" if code < 0 else f"exit status {code}"

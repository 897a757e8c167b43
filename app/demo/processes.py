"""The demo's child processes: each in its own process group with a log, stopped in reverse order.

A demo that is killed by force stops nobody: then the kernel does, all at one time.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from pwd import struct_passwd
from types import TracebackType

from hub.children import lifeline
from hub.errors import HubError

TAIL_LINES = 15
PATIENCE_S = 45.0
"""How long a process may take to end after its signal before it is killed: the simulator first waits, up to its
DRAIN_S, for what is not acknowledged yet."""


class DemoError(HubError):
    """The demo cannot go on"""


class Stopped(Exception):
    """Told to stop"""


class Child:
    """A running process of the demo."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, ending: signal.Signals) -> None:
        self.name, self.log = name, log
        self._process, self._ending = process, ending
        self.identity = {"pid": process.pid, "born": birth(process.pid), "ending": int(ending)}

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def tail(self) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-TAIL_LINES:]) or "(nothing)"

    def signal(self) -> None:
        """Send SIGTERM."""
        if self.status is None:
            self._process.send_signal(self._ending)

    def end(self) -> int:
        """Terminate and wait; kill the process group after PATIENCE_S. Returns the exit status."""
        self.signal()
        try:
            return self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()


class Processes:
    """All children. Exiting the context stops running ones, newest first.

    `ledger` is a file that remembers them, for `end_leftovers`.
    """

    def __init__(self, logs: Path, ledger: Path) -> None:
        self._logs, self._ledger = logs, ledger
        self._children: list[Child] = []
        self.stopping = False
        """Set by Ctrl-C or SIGTERM."""

    def __enter__(self) -> "Processes":
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            child.end()
        self._children.clear()
        self._ledger.unlink(missing_ok=True)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        env: Mapping[str, str] | None = None,
        account: struct_passwd | None = None,
        ending: signal.Signals | None = None,
    ) -> Child:
        """Start a command; its output is appended to logs/<name>.log.

        `ending` ends it, also when the demo is killed; None: SIGTERM does, and SIGKILL then, for what it would wait for
        is gone.
        """
        log = self._logs / f"{name}.log"
        # Without setpriv the next demo ends what a killed one left.
        before = lifeline(ending or signal.SIGKILL) if shutil.which("setpriv") else []
        with log.open("ab") as out:
            process = subprocess.Popen(  # noqa: S603 commands of our own making
                [*before, *(str(part) for part in command)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                process_group=0,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
        child = Child(name, process, log, ending or signal.SIGTERM)
        self._children.append(child)
        self._ledger.write_text(json.dumps([child.identity for child in self._children]), encoding="utf-8")
        return child

    def end(self, child: Child) -> int:
        """Stop one child and remove it from supervision."""
        self._children.remove(child)
        return child.end()

    def check(self) -> None:
        """Raise DemoError with the end of its log when a child exited by itself."""
        for child in self._children:
            if child.status is not None:
                how = f"with status {child.status}" if child.status >= 0 else f"by signal {-child.status}"
                raise DemoError(f"{child.name} has ended {how}; the end of {child.log}:\n{child.tail()}")

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Wait for a condition; raises Stopped or DemoError otherwise."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.check()
            if self.stopping:
                raise Stopped
            if time.monotonic() > deadline:
                raise DemoError(f"not within {seconds:g} s: {what}; see {self._logs}")
            time.sleep(0.05)


def end_leftovers(ledger: Path) -> None:
    """Stop processes left behind by a killed demo."""
    try:
        before = json.loads(ledger.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for one in reversed(before):
        pid, born = one["pid"], one["born"]
        if not born or birth(pid) != born:
            continue
        os.kill(pid, one["ending"])
        deadline = time.monotonic() + PATIENCE_S
        while birth(pid) == born:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def birth(pid: int) -> str:
    """Start time of a process, to detect a reused process id; empty if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def free_port() -> int:
    """A currently free TCP port on 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether a port on 127.0.0.1 accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

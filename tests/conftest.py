"""Real servers for tests: PostgreSQL, TimescaleDB, mosquitto, Kafka. Each is ended by its process id."""

import gc
import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.quarantine import QUARANTINE
from tests.support import stores
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.cluster import Cluster, memory
from tests.support.dynsec import GuardedBroker, find_plugin
from tests.support.hub import Hub
from tests.support.kafka import KafkaAbsentError, KafkaBroker, kafka_libraries
from tests.support.kafka_topics import KafkaTopics
from tests.support.stores import MODES, Store, StoreAbsentError

os.environ.setdefault("HUB_PATH_WATCH__ENABLED", "false")  # its rounds would be among what tests count

gc.disable()  # until everything is read, of which nothing is garbage

SERVERS = {"mosquitto", "broker", "guarded_broker", "kafka", "own_kafka", "own_cluster", "mqtt", "timescaledb"}
"""Fixtures and parameters of tests that want more than the embedded PostgreSQL; see ./run test --fast."""
SLOWEST = 20
"""So many tests are named at the end with the time that they took."""
LOG_SHOWN = 4_000
"""Characters of a hub's log that are shown beside a failure."""
_opened: dict[str, Store | str] = {}
"""By mode: the store, or why there is none. A store is started when the first test asks for it."""
_told_by_others: set[str] = set()


def _store(mode: str) -> Store:
    if mode not in _opened:
        try:
            _opened[mode] = stores.open_store(mode, {"fsync": "off"}, memory())  # no test cuts the power
        except StoreAbsentError as absent:
            _opened[mode] = str(absent)
    found = _opened[mode]
    if isinstance(found, str):
        pytest.skip(f"no {mode} store: {found}")
    return found


def _told() -> set[str]:
    """Which stores this process ran tests on, and which it has not."""
    return {found.told if isinstance(found, Store) else f"{mode} skipped ({found})" for mode, found in _opened.items()}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that reports what this one ran on, where several run tests."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["stores"] = sorted(_told())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of several processes ran on; one that died says nothing."""
    _told_by_others.update(getattr(node, "workeroutput", {}).get("stores", []))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that want more than the embedded PostgreSQL, and those that are in quarantine."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        values = [value for value in parameters.params.values() if isinstance(value, str)] if parameters else []
        if SERVERS & {*getattr(item, "fixturenames", ()), *values}:
            item.add_marker("servers")
        if reason := QUARANTINE.get(item.nodeid.partition("[")[0]):
            item.add_marker(pytest.mark.xfail(reason=f"in quarantine: {reason}", strict=False))
    files = {item.nodeid.partition("::")[0] for item in items}
    names = {item.nodeid.partition("[")[0] for item in items}
    if gone := [name for name in QUARANTINE.keys() - names if name.partition("::")[0] in files]:
        raise pytest.UsageError(f"tests/quarantine.py names tests that do not exist: {', '.join(gone)}")


def pytest_collection_finish() -> None:
    """Keep what was read from the garbage collector, which looks at all of it for a second or two each time."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what hubs have logged beside a failure: on another machine nobody can look there afterwards."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Hub):
                report.sections.append((f"the end of the log of {name}", value.text()[-LOG_SHOWN:]))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests took longest, which are in quarantine, and which stores the run was made on."""
    seconds: dict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid] += report.duration
    slowest = sorted(((each, name) for name, each in seconds.items() if each >= 0.1), reverse=True)[:SLOWEST]
    if slowest:
        terminalreporter.section(f"the slowest {len(slowest)}, with what they set up, in seconds")
        for each, name in slowest:
            terminalreporter.write_line(f"{each:8.1f}  {name}")
    for name, reason in QUARANTINE.items():
        terminalreporter.write_line(f"in quarantine: {name}: {reason}")
    terminalreporter.write_line(f"stores: {', '.join(sorted(_told() | _told_by_others)) or 'none was asked for'}")


@pytest.fixture(scope="session", autouse=True)
def _end_of_stores() -> Iterator[None]:
    yield
    for found in _opened.values():
        if isinstance(found, Store):
            found.close()


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a fresh database with the newest schema, on the embedded PostgreSQL."""
    with _store("postgresql").database() as url:
        yield url


@pytest.fixture(params=MODES)
def store_mode(request: pytest.FixtureRequest) -> str:
    """Each storage mode in turn."""
    return str(request.param)


@pytest.fixture
def store_url(store_mode: str) -> Iterator[str]:
    """The URL of a fresh database with the newest schema, on each kind of store in turn."""
    with _store(store_mode).database() as url:
        yield url


@pytest.fixture
def empty_url(store_mode: str) -> Iterator[str]:
    """The URL of a database without a schema, on each kind of store in turn."""
    with _store(store_mode).empty() as url:
        yield url


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of the test's own, without a schema: it may be killed and started again."""
    cluster = Cluster(stores.embedded_binaries(), memory=memory())
    try:
        yield cluster.create()
    finally:
        cluster.remove()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto broker of the test's own."""
    program = find_mosquitto()
    if program is None:
        reason = "mosquitto is not installed: apt-get install mosquitto mosquitto-clients"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(program, folder)
    try:
        yield broker.start()
    finally:
        broker.stop()


@pytest.fixture
def guarded_broker(tmp_path: Path) -> Iterator[GuardedBroker]:
    """A mosquitto with its dynamic security plugin, of the test's own, that is not started yet."""
    program, plugin = find_mosquitto(), find_plugin()
    if program is None or plugin is None:
        reason = "mosquitto with its dynamic security plugin is not installed: apt-get install mosquitto"
        if "CI" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path / "guarded"
    folder.mkdir()
    broker = GuardedBroker(program, folder, plugin)
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def _kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    broker = KafkaBroker(_kafka_libraries(), tmp_path_factory.mktemp("kafka"))
    try:
        yield broker.create()
    finally:
        broker.stop()


def _kafka_libraries() -> Path:
    try:
        return kafka_libraries()
    except KafkaAbsentError as absent:
        if "CI" in os.environ:
            pytest.fail(f"no Kafka: {absent}")
        pytest.skip(f"no Kafka: {absent}")


@pytest.fixture
def kafka(_kafka_broker: KafkaBroker) -> KafkaTopics:
    """Topics of the test's own, on a running Kafka broker that all tests share."""
    return KafkaTopics(_kafka_broker.servers)


@pytest.fixture(scope="module")
def mortal_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A running Kafka broker of a module's tests: each may kill it, and starts it again."""
    broker = KafkaBroker(_kafka_libraries(), tmp_path_factory.mktemp("mortal-kafka"))
    try:
        yield broker.create()
    finally:
        broker.stop()


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A running Kafka broker of the test's own: it may be killed and started again."""
    libraries, folder = _kafka_libraries(), tmp_path / "kafka"
    folder.mkdir()
    broker = KafkaBroker(libraries, folder)
    try:
        yield broker.create()
    finally:
        broker.stop()


@pytest.fixture
def hub(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A running hub on a fresh database and a broker of its own."""
    served = Hub(database, mosquitto.port, tmp_path)
    try:
        yield served.start()
    finally:
        served.close()

"""The database dies, is locked, is full, loses its table or its connections: the hub holds back, then goes on."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.hub import Hub
from tests.support.line import Break, Line
from tests.support.numbered import Numbers, check, count, held, register, resident_mb, wait_for
from tests.support.posts import Posts
from tests.support.process import wait_until

MESSAGES = 100_000
LOCKED_S = 30.0
PAD = 500
"""Bytes that make each message larger, so that a hub that took them all would be seen to grow."""
GROWTH_MB = 90
"""What the hub may grow by while it holds back: 15, or 61 where all that the broker lets be under way was read."""


def _holding_back(hub: Hub) -> bool:
    answer = hub.api.get("/readyz")
    return answer.status_code == 503 and "holding back" in answer.text


def test_postgresql_killed(
    own_counting: Hub, own_cluster: Cluster, own_database: str, mosquitto: Mosquitto, messages: int
) -> None:
    hub, pid = own_counting, own_counting.pid
    with Numbers(mosquitto.port, messages, stops=(0.1, 0.5)) as numbers:
        wait_for(own_database, messages // 10)
        own_cluster.kill()
        numbers.go_on()
        wait_until(lambda: _holding_back(hub), "the hub holds back")
        own_cluster.start()
        wait_for(own_database, messages // 2)
        with held(own_database, numbers.go_on):
            own_cluster.kill()
        own_cluster.start()
    wait_for(own_database, messages)
    assert hub.pid == pid
    assert hub.terminate() == 0
    check(own_database, messages)


def test_a_hub_that_is_told_to_end_while_its_database_stands_still_ends(
    own_database: str, own_cluster: Cluster, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Each part that closes would wait for the store, one after the other: 40 s and more."""
    hub, total = Hub(own_database, mosquitto.port, tmp_path, HUB_DRAIN_S="2"), 20_000
    try:
        register(hub.start())
        with Posts(hub.port, total) as posts:
            wait_for(own_database, total // 10)
            with own_cluster.standing():
                assert hub.terminate() == 1
            assert "left as it is" in hub.text()
            assert "Traceback" not in hub.text()
            hub.start()
        assert posts.acknowledged == total
        assert None not in posts.retry_after
        assert hub.terminate() == 0
        check(own_database, total)
    finally:
        hub.close()


@pytest.mark.heavy
def test_table_locked_for_30_s(database: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    with Line(mosquitto.port) as line:
        hub = Hub(database, line.port, tmp_path, HUB_MQTT__KEEPALIVE_S="10")
        try:
            register(hub.start())
            with Numbers(mosquitto.port, MESSAGES, stops=(0.1,)) as numbers:
                wait_for(database, MESSAGES // 10)
                before, since = resident_mb(hub.pid), time.monotonic()
                with held(database, numbers.go_on):
                    wait_until(lambda: numbers.acknowledged == MESSAGES, "the broker has taken everything")
                    wait_until(lambda: time.monotonic() - since > LOCKED_S, "30 s are over", LOCKED_S + 5)
                    grown = resident_mb(hub.pid) - before
            wait_for(database, MESSAGES)
            assert hub.text().count("connected to the broker") == 1, "the broker gave the hub up"
            assert grown < GROWTH_MB
            assert hub.terminate() == 0
            check(database, MESSAGES)
        finally:
            hub.close()


@pytest.mark.heavy
def test_memory_is_flat_while_the_database_is_away(
    own_counting: Hub, own_cluster: Cluster, own_database: str, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    mosquitto.settings["max_inflight_messages"] = "65535"  # so that the hub's own bound is what holds
    mosquitto.start()
    hub = own_counting
    with Numbers(mosquitto.port, 1_000):
        wait_for(own_database, 1_000)
    own_cluster.stop()
    before = resident_mb(hub.pid)
    with Numbers(mosquitto.port, 2 * MESSAGES, pad=PAD):
        wait_until(lambda: _holding_back(hub), "the hub holds back")
    grown = resident_mb(hub.pid, "VmHWM") - before
    own_cluster.start()
    wait_for(own_database, 2 * MESSAGES)
    assert grown < GROWTH_MB
    assert hub.terminate() == 0
    check(own_database, 2 * MESSAGES)


@pytest.fixture
def small_disk(own_cluster: Cluster) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A folder of the server's account on a file system of 4 MB, and what gives it another size."""
    with psycopg.connect(own_cluster.url) as conn:
        row = conn.execute("show data_directory").fetchone()
    assert row is not None
    owner = Path(row[0]).stat()
    folder = Path(tempfile.mkdtemp(prefix="ganzhi-full-"))
    options = f"size=4m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a file system of 4 MB cannot be mounted here: {mounted.stderr.decode().strip()}")

    def resize(size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)

    try:
        yield folder, resize
    finally:
        own_cluster.stop()
        subprocess.run(["umount", folder], check=False)
        with suppress(OSError):
            folder.rmdir()


@pytest.mark.heavy
def test_disk_full(
    own_database: str,
    small_disk: tuple[Path, Callable[[str], None]],
    own_counting: Hub,
    mosquitto: Mosquitto,
) -> None:
    folder, resize = small_disk
    hub = own_counting
    with psycopg.connect(own_database, autocommit=True) as conn:
        conn.execute(psycopg.sql.SQL("create tablespace small location {}").format(str(folder)))
        conn.execute("alter table reading set tablespace small")  # its partitions are made there
        conn.execute("alter index reading_pkey set tablespace small")
    with Numbers(mosquitto.port, MESSAGES):
        wait_until(lambda: _holding_back(hub), "the hub holds back", 60)
    assert "No space left on device" in hub.text()
    assert 0 < count(own_database) < MESSAGES
    resize("64m")
    wait_for(own_database, MESSAGES)
    assert hub.terminate() == 0
    check(own_database, MESSAGES)


def test_table_away(counting: Hub, database: str, mosquitto: Mosquitto, messages: int) -> None:
    """A restore or a migration that went wrong: no message is to blame, so none becomes a dead letter."""
    load = Numbers(mosquitto.port, messages, stops=(0.1,))
    with psycopg.connect(database, autocommit=True) as conn, load:
        wait_for(database, messages // 10)
        conn.execute("alter table reading rename to reading_away")
        load.go_on()
        wait_until(lambda: _holding_back(counting), "the hub holds back")
        conn.execute("alter table reading_away rename to reading")
    wait_for(database, messages)
    assert counting.terminate() == 0
    check(database, messages)


def _wait_for_break(line: Line, times: int) -> None:
    wait_until(lambda: line.broken >= times, "the connection is broken")


@pytest.mark.parametrize(
    ("word", "how"),
    [(b"copy reading", Break.WITHIN), (b"COMMIT", Break.BEFORE), (b"COMMIT", Break.AFTER)],
    ids=["mid-copy", "before-commit", "after-commit"],
)
def test_connection_cut(
    database: str, mosquitto: Mosquitto, tmp_path: Path, word: bytes, how: Break, messages: int
) -> None:
    port = psycopg.conninfo.conninfo_to_dict(database)["port"]
    with Line(int(str(port))) as line:
        hub = Hub(database.replace(f":{port}/", f":{line.port}/"), mosquitto.port, tmp_path)
        try:
            register(hub.start())
            with Numbers(mosquitto.port, messages, stops=(0, 0.25, 0.5)) as numbers:
                for number in range(3):
                    wait_for(database, messages * number // 4)
                    line.break_at(word, how)
                    numbers.go_on()
                    _wait_for_break(line, number + 1)
            wait_for(database, messages)
            assert hub.terminate() == 0
            check(database, messages)
        finally:
            hub.close()

"""A storm of bad messages: the good ones in between are stored, the disk is not filled, and every one is counted."""

from pathlib import Path

import psycopg

from tests.support.broker import Mosquitto
from tests.support.hub import Hub, run_hub
from tests.support.numbered import DEVICES, START_MS, Numbers, register, resident_mb
from tests.support.process import wait_until

EVERY = 101
PER_MINUTE, AT_ONCE = 1_000, 200
KINDS = [
    ("counter-1/telemetry", b"n=%d", "not_json"),
    ("counter-2/telemetry", b'{"m": %d}', "unknown_metric"),
    ("nobody-1/telemetry", b'{"n": %d}', "unknown_device"),
]


def stormy(number: int) -> tuple[str, bytes]:
    """Each 101st message is good and tells how many good ones came before; the others are bad in three ways."""
    if number % EVERY == EVERY - 1:
        good = number // EVERY
        body = b'{"ts":%d,"values":{"n":%d}}' % (START_MS + good, good)
        return f"ganzhi/v1/counter-{good % DEVICES}/telemetry", body
    place, body, _ = KINDS[number % len(KINDS)]
    return f"ganzhi/v1/{place}", body % number


class Storm(Numbers):
    """The messages of the storm."""

    def __init__(self, port: int, total: int) -> None:
        super().__init__(port, total)
        self._message = stormy  # type: ignore[assignment]


def test_a_storm_of_bad_messages(hub: Hub, database: str, mosquitto: Mosquitto, tmp_path: Path, messages: int) -> None:
    bad = 2 * messages
    good = bad // (EVERY - 1)
    total = bad + good
    register(hub)
    before = resident_mb(hub.pid)
    with Storm(mosquitto.port, total) as storm:
        pass
    assert storm.acknowledged == total
    wait_until(lambda: hub.counter("ganzhi_messages_total") >= total, "everything is committed", 120)
    assert hub.counter("ganzhi_refused_total") == bad
    with psycopg.connect(database) as conn:
        values = conn.execute("select array_agg(value::int order by value) from reading").fetchone()
        [(stored, dropped, minutes)] = conn.execute(
            "select sum(stored)::int, sum(dropped)::int, count(distinct minute)::int from dead_letter_count"
        )
        letters = conn.execute("select reason, count(*)::int from dead_letter group by 1 order by 1").fetchall()
        counted = conn.execute(
            "select reason, sum(stored)::int from dead_letter_count group by 1 order by 1"
        ).fetchall()
    assert values == ([*range(good)],)
    assert stored + dropped == bad
    assert letters == counted
    assert {reason for reason, _ in letters} == {reason for *_, reason in KINDS}
    assert all(AT_ONCE <= kept <= PER_MINUTE * minutes for _, kept in letters)
    assert resident_mb(hub.pid) < before + 200
    told = hub.api.get("/api/v1/dead-letters/counts").json()
    assert (told["stored"], told["dropped"]) == (stored, dropped)
    status, said = run_hub("dead-letters", "list", "--limit", "1", env=hub.env, folder=tmp_path)
    assert status == 0
    assert f"{dropped:,} more were refused and counted" in said

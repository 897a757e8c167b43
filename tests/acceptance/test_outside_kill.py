"""An outside case system whose hub is killed: a post without an answer is sent again, and counts once."""

import json
import threading
import time
from contextlib import suppress

import httpx
import psycopg
import pytest

from api.push.signature import sign
from tests.support.hub import Hub
from tests.support.process import wait_until

SECRET = "whsec_b3V0c2lkZQ=="
SYSTEM = {"name": "City operations", "states": {"10": "accepted", "30": "handling"}, "secret": SECRET}
LOCK = "select pg_advisory_lock(hashtext('ganzhi.case'))"
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


def post(hub: Hub, key: str, state: str) -> httpx.Response:
    body = json.dumps({
        "id": "SZ-1", "state": state, "at": "2026-01-05T08:00:00+08:00", "title": "Rubbish", "region": "330106001002",
    }).encode()  # fmt: skip
    now = int(time.time())
    signed = {"webhook-id": key, "webhook-timestamp": str(now), "webhook-signature": sign(SECRET, key, now, body)}
    return hub.api.post("/api/v1/outside-systems/city-ops/cases", content=body, headers=signed)


@pytest.mark.heavy
def test_a_post_that_was_not_answered_is_sent_again_and_counts_once(hub: Hub, database: str) -> None:
    hub.put("/organisations/clean", name="Cleaning")
    hub.put("/outside-systems/city-ops", **SYSTEM, responsible="clean")

    def unheard(key: str, state: str) -> threading.Thread:
        """A sender that never hears what came of it."""

        def send() -> None:
            with suppress(httpx.HTTPError):
                post(hub, key, state)

        sender = threading.Thread(target=send)
        sender.start()
        return sender

    with psycopg.connect(database, autocommit=True) as conn:

        def one(statement: str) -> int:
            [count] = conn.execute(statement.encode()).fetchone() or [0]
            return int(count)

        # Killed before it is stored.
        conn.execute(LOCK)
        sender = unheard("m-1", "10")
        wait_until(lambda: one(WAITING) > 0, "the post is under way")
        hub.kill()
        sender.join()
        conn.execute("select pg_advisory_unlock_all()")
        hub.start()
        assert one("select count(*) from case_file") == 0
        assert post(hub, "m-1", "10").json()["outcome"] == "applied"

        # Killed once it is stored; whether it was answered nobody knows.
        steps = "select count(*) from case_step"
        sender = unheard("m-2", "30")
        wait_until(lambda: one(steps) == 5, "it is stored")
        hub.kill()
        sender.join()
        hub.start()
        assert [post(hub, key, state).json()["outcome"] for key, state in (("m-2", "30"), ("m-1", "10"))] == [
            "repeated", "repeated",
        ]  # fmt: skip
        assert one(steps) == 5
        assert one("select count(*) from case_file") == 1
        assert one("select count(*) from outside_conflict") == 0

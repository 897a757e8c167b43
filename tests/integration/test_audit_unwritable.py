"""While the audit cannot be written, devices are heard and alerts are handled; everything else is refused."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from hub.audit.entry import Entry
from hub.audit.journal import Journal
from hub.audit.verification import verify
from hub.errors import AuditUnavailable
from hub.settings import Database
from hub.store.migrate import migrate
from hub.store.pool import connect, open_pool
from tests.support.broker import Mosquitto
from tests.support.certificates import Authority
from tests.support.hub import Hub
from tests.support.process import wait_until
from tests.support.syslog_server import SyslogServer

STEPS = "select actor, at, detail ->> 'to', address from audit where action = 'alert.step' order by id"


@pytest.fixture
def role(database: str) -> Iterator[str]:
    """The hub's own role, which is not the owner of the tables."""
    name = f"hub_{uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f"create role {name} login")
        asyncio.run(migrate(database, hub_role=name))
        yield name
        conn.execute(f"drop owned by {name}")
        conn.execute(f"drop role {name}")


@pytest.mark.heavy
def test_only_what_an_emergency_needs_goes_on(database: str, role: str, mosquitto: Mosquitto, tmp_path: Path) -> None:
    journal = tmp_path / "state" / "audit.journal"
    url = make_conninfo(database, user=role)
    authority = Authority(tmp_path)
    syslog = SyslogServer(authority.pair("syslog")).start()
    sink = {"HUB_AUDIT__SYSLOG": f"127.0.0.1:{syslog.port}", "HUB_AUDIT__TLS__CA": str(authority.file)}
    hub = Hub(url, mosquitto.port, tmp_path, HUB_AUDIT__JOURNAL=str(journal), **sink)
    api = "/api/v1"
    with psycopg.connect(database, autocommit=True) as owner:
        try:
            hub.start().register("air-0", "pm25", min=0, max=2000)
            rule = {"profile": "air-0", "metric": "pm25", "direction": "above", "thresholds": {"red": 250}}
            hub.put("/rules/high", name="High", **rule)
            owner.execute(f"revoke execute on function audit_write from {role}")

            # Refused, and nothing of it is done: changes and exports.
            for answer in (
                hub.api.put(f"{api}/organisations/parks", json={"name": "Parks"}),
                hub.api.get(f"{api}/devices:export", headers={"accept-language": "zh"}),
            ):
                assert answer.status_code == 503, answer.text
                assert "audit cannot be written" in answer.json()["detail"] or "审计" in answer.json()["detail"]
            assert owner.execute("select count(*) from organisation").fetchone() == (0,)

            # A device is heard, and its alert is handled, also by a hub that was killed meanwhile.
            answer = hub.api.post(f"{api}/devices/air-0/telemetry", json={"values": {"pm25": 300}})
            assert answer.is_success, answer.text
            [alert] = wait_until(lambda: hub.api.get(f"{api}/alerts").json()["items"], "the alert")
            began = datetime.now(UTC)
            answer = hub.api.post(f"{api}/alerts/{alert['id']}/steps", json={"to": "acknowledged"})
            assert answer.json()["state"] == "acknowledged", answer.text
            hub.kill()
            hub.start()
            answer = hub.api.post(f"{api}/alerts/{alert['id']}/steps", json={"to": "dispatched"})
            assert answer.json()["state"] == "dispatched", answer.text
            refused = hub.api.post(f"{api}/alerts/{alert['id']}/steps", json={"to": "acknowledged"})
            assert refused.status_code == 409
            ended = datetime.now(UTC)
            waiting = [json.loads(line)["detail"]["to"] for line in journal.read_text(encoding="utf-8").splitlines()]
            assert waiting == ["acknowledged", "dispatched"], "what was refused was not done"
            assert owner.execute(STEPS).fetchall() == []

            # Appended later, once, with its own time, and sealed.
            owner.execute(f"grant execute on function audit_write to {role}")
            wait_until(lambda: journal.stat().st_size == 0, "the journal is in the audit")
            steps = owner.execute(STEPS).fetchall()
            assert [(each[0], each[2], each[3]) for each in steps] == [
                ("local", "acknowledged", "127.0.0.1"),
                ("local", "dispatched", "127.0.0.1"),
            ]
            assert all(began <= each[1] <= ended for each in steps)
            hub.put("/organisations/parks", name="Parks")
            unsealed = "select count(*) from audit_unsealed"
            wait_until(lambda: owner.execute(unsealed).fetchone() == (0,), "all is sealed")

            # And all of it goes where the audit goes.
            def steps_sent() -> int:
                return sum(b" alert.step [" in each for each in syslog.messages)

            wait_until(lambda: steps_sent() == 2, "the steps at the syslog server", moved=lambda: len(syslog.messages))
            wait_until(lambda: "head of the audit: ganzhi audit " in hub.text(), "the head of the day in the log")
        finally:
            hub.close()
            syslog.stop()
    assert asyncio.run(_faults(database)) == 0


async def _faults(url: str) -> int:
    async with await connect(url) as conn:
        return (await verify(conn)).broken


async def test_a_journal_survives_what_is_torn_and_what_is_read_twice(database: str, tmp_path: Path) -> None:
    file = tmp_path / "audit.journal"
    journal = Journal(file)
    async with open_pool(Database(url=database)) as pool, await connect(database) as conn:
        assert await journal.settle(pool) == 0, "there is none yet"
        await journal.append(Entry("local", "alert.step", "感知", {"to": "closed"}))
        with file.open("a") as torn:
            torn.write('{"actor": "loc')
        await journal.append(Entry("local", "alert.step", "b"))
        kept = file.read_bytes()
        assert await journal.settle(pool) == 2
        assert file.read_bytes() == b""
        file.write_bytes(kept)  # as after a kill between the commit and the emptying
        await journal.settle(pool)
        subjects = await (await conn.execute("select subject, detail from audit order by id")).fetchall()
        assert subjects == [("感知", {"to": "closed"}), ("b", {})]


async def test_a_journal_that_cannot_be_written_either_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(AuditUnavailable, match="nor its journal"):
        await Journal(tmp_path / "file" / "audit.journal").append(Entry("local", "alert.step", "a"))

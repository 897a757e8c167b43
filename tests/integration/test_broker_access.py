"""Who may do what on a real mosquitto whose dynamic security plugin the hub drives."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.dynsec import HUB, PASSWORD, Client, GuardedBroker, make_certificates
from tests.support.hub import Hub, run_hub
from tests.support.numbered import count
from tests.support.process import wait_until
from tests.support.sessions import client_id

PREFIX = "ganzhi/v1"
READING = '{"pm25": 1}'


@pytest.fixture
def broker(guarded_broker: GuardedBroker) -> GuardedBroker:
    return guarded_broker


def settings_of(broker: GuardedBroker) -> dict[str, str]:
    return {"HUB_MQTT__ACCESS": "dynsec", "HUB_MQTT__USERNAME": HUB, "HUB_MQTT__PASSWORD": PASSWORD}


@pytest.fixture
def guarded(database: str, broker: GuardedBroker, tmp_path: Path) -> Iterator[Hub]:
    """A hub that leads, with a profile and devices: gateway, its child lamp, and other."""
    broker.start()
    hub = Hub(database, broker.port, tmp_path, **settings_of(broker))
    try:
        hub.start()
        wait_until(lambda: "accounts match the registry" in hub.text(), "the hub has its role")
        hub.put("/profiles/air", name="Air", metrics={"pm25": {"name": "PM2.5", "unit": "ug/m3"}})
        for code in ("gateway", "other"):
            put(hub, code)
        put(hub, "lamp", parent="gateway")
        yield hub
    finally:
        hub.close()


def put(hub: Hub, code: str, **more: str) -> None:
    hub.put(f"/devices/{code}", name=code, profile="air", **more)


def issue(hub: Hub, code: str, kind: str = "password", **more: str) -> tuple[str, str | None]:
    answer = hub.api.post(f"/api/v1/devices/{code}/credentials", json={"kind": kind, **more})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    return body["username"], body["secret"]


def enters(broker: GuardedBroker, username: str | None, secret: str | None, client_id: str | None = None) -> bool:
    with Client(broker.port, username, secret, client_id=client_id) as client:
        return not client.refused and client.answered


def test_a_device_speaks_for_itself_and_its_children_and_for_nobody_else(guarded: Hub, broker: GuardedBroker) -> None:
    gateway, other = issue(guarded, "gateway"), issue(guarded, "other", "token")
    allowed = [f"{PREFIX}/{path}" for path in ("gateway/telemetry", "lamp/event", "gateway/child/lamp/telemetry")]
    forbidden = [f"{PREFIX}/{path}" for path in ("other/telemetry", "gateway/command", "gateway/child/other/event")]
    forbidden += [f"{PREFIX}/gateway/other", f"{PREFIX}/x", "elsewhere"]
    with Client(broker.port, HUB, PASSWORD) as observer:
        assert observer.subscribe(f"{PREFIX}/#")
        assert observer.subscribe("elsewhere")
        for topic in forbidden:  # where max_queued_messages is 0, mosquitto 2.0.11 throws out who may not
            with Client(broker.port, *gateway) as straying:
                straying.publish(topic, READING)
        with Client(broker.port, *gateway) as device:
            for topic in allowed:
                device.publish(topic, READING)
            device.publish(f"{PREFIX}/gateway/status", "online")
            last = (f"{PREFIX}/gateway/status", b"online")
            wait_until(lambda: last in observer.heard, "the last one arrives")
            assert [topic for topic, _ in observer.heard] == [*allowed, last[0]]
            assert device.subscribe(f"{PREFIX}/gateway/command")
            assert device.subscribe(f"{PREFIX}/lamp/command")
            assert device.subscribe(f"{PREFIX}/gateway/child/+/command")
            for topic in (f"{PREFIX}/other/command", f"{PREFIX}/+/command", f"{PREFIX}/gateway/#", "#"):
                assert not device.subscribe(topic), topic
            order = '{"commands": [{"command": "deleteClient", "username": "other"}]}'
            device.publish("$CONTROL/dynamic-security/v1", order)
    for code in ("hub", "admin"):
        put(guarded, code)
        assert issue(guarded, code)[0] == f"{code}~2", "accounts that are no device's are left alone"
    assert enters(broker, *other)
    assert not enters(broker, None, None)
    assert not enters(broker, gateway[0], other[1])


@pytest.mark.heavy
def test_an_account_has_one_client_id_and_those_of_before_until_they_are_bound(
    guarded: Hub, broker: GuardedBroker, database: str, tmp_path: Path
) -> None:
    gateway, other = issue(guarded, "gateway"), issue(guarded, "other")
    for taken in ("ganzhi-hub", client_id(database), "other", "mine"):
        assert not enters(broker, *gateway, taken), taken
    assert enters(broker, *gateway)
    with Client(broker.port, HUB, PASSWORD) as hub, psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update credential set bound = false")  # as accounts were made before
        unbind = [{"command": "setClientId", "username": name} for name in ("gateway", "other")]
        hub.publish("$CONTROL/dynamic-security/v1", json.dumps({"commands": unbind}))
    guarded.kill()  # an upgrade: it asks the broker for everything
    guarded.start()
    wait_until(lambda: enters(broker, *gateway, "mine") and enters(broker, *other, "mine"), "they work as they did")
    env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(broker.port), **settings_of(broker)}
    assert "2 accounts of devices may use any client id" in run_hub("check", env=env, folder=tmp_path)[1]
    rotated = guarded.api.post("/api/v1/devices/gateway/credentials:rotate", json={}).json()
    assert rotated["client_id"] == "gateway"
    wait_until(lambda: not enters(broker, "gateway", rotated["secret"], "mine"), "a rotated one is bound")
    assert enters(broker, "gateway", rotated["secret"])
    assert enters(broker, *other, "mine")
    assert guarded.terminate() == 0
    with Client(broker.port, *other, client_id="mine") as device:
        bound = Hub(database, broker.port, tmp_path, **settings_of(broker), HUB_MQTT__BIND_CLIENT_IDS="true")
        try:
            bound.start()
            wait_until(lambda: device.lost, "who uses another one is thrown out")
        finally:
            bound.close()
    assert not enters(broker, *other, "mine")
    assert enters(broker, *other)
    assert "may use any client id" not in run_hub("check", env=env, folder=tmp_path)[1]


def test_a_device_cannot_end_the_session_of_a_hub_that_is_away(
    guarded: Hub, broker: GuardedBroker, database: str
) -> None:
    gateway = issue(guarded, "gateway")
    assert guarded.terminate() == 0
    with Client(broker.port, *gateway) as device:
        for _ in range(100):
            device.publish(f"{PREFIX}/gateway/telemetry", READING)
    for taken in (client_id(database), "ganzhi-hub"):
        assert not enters(broker, *gateway, taken)
    guarded.start()
    wait_until(lambda: count(database) == 100, "what it had acknowledged is stored")
    assert "may be lost" not in guarded.text()


def test_a_new_child_and_one_that_is_taken_away_count_at_once(guarded: Hub, broker: GuardedBroker) -> None:
    gateway = issue(guarded, "gateway")
    put(guarded, "screen", parent="gateway")
    put(guarded, "lamp", parent="other")
    with Client(broker.port, *gateway) as device:
        wait_until(lambda: device.subscribe(f"{PREFIX}/screen/command"), "the new child is its own")
        # Two changes may reach the broker in two steps; the first one is there.
        wait_until(lambda: not device.subscribe(f"{PREFIX}/lamp/command"), "the other one is its own no more")
        assert not device.lost, "and it was not thrown out for that"


def test_only_an_active_device_is_let_in_and_one_that_is_no_more_is_thrown_out(
    guarded: Hub, broker: GuardedBroker
) -> None:
    put(guarded, "new", state="pending")
    account = issue(guarded, "new")
    assert not enters(broker, *account)
    for state in ("suspended", "retired"):
        put(guarded, "new", state="active")
        wait_until(lambda: enters(broker, *account), "it is let in")
        with Client(broker.port, *account) as device:
            put(guarded, "new", state=state)
            wait_until(lambda: device.lost, "it is thrown out")
        assert not enters(broker, *account), state


def test_a_revoked_credential_and_a_rotated_secret_end_at_once(guarded: Hub, broker: GuardedBroker) -> None:
    first, second = issue(guarded, "gateway"), issue(guarded, "gateway")
    assert second[0] == "gateway~2"
    with Client(broker.port, *first) as device, Client(broker.port, *second) as another:
        listed = guarded.api.get("/api/v1/devices/gateway/credentials").json()["items"]
        path = f"/api/v1/devices/gateway/credentials/{listed[0]['id']}"
        assert guarded.api.delete(path).status_code == 204
        wait_until(lambda: device.lost, "it is thrown out")
        rotated = guarded.api.post("/api/v1/devices/gateway/credentials:rotate", json={}).json()
        wait_until(lambda: another.lost, "it is thrown out too")
    assert not enters(broker, *first)
    assert not enters(broker, *second)
    assert enters(broker, rotated["username"], rotated["secret"])
    assert issue(guarded, "gateway")[0] == "gateway", "a name that was freed"


def test_without_the_broker_nothing_is_issued_and_a_revocation_is_made_up_for(
    guarded: Hub, broker: GuardedBroker
) -> None:
    account = issue(guarded, "gateway")
    broker.stop()
    answer = guarded.api.post("/api/v1/devices/other/credentials", json={"kind": "password"})
    assert answer.status_code == 503
    assert "Nothing was stored" in answer.json()["detail"]
    assert guarded.api.get("/api/v1/devices/other/credentials").json() == {"items": []}
    assert guarded.api.delete("/api/v1/devices/gateway/credentials").status_code == 202
    broker.start()
    wait_until(lambda: not enters(broker, *account), "the broker is told once it is back")
    wait_until(lambda: '"gateway"' not in broker.file.read_text(), "and nothing of it is left")


def test_a_reset_broker_is_noticed_and_a_rotation_mends_it(
    guarded: Hub, broker: GuardedBroker, database: str, tmp_path: Path
) -> None:
    issue(guarded, "gateway")
    put(guarded, "screen", parent="gateway")
    wait_until(lambda: "/screen/command" in broker.file.read_text(), "the hub has nothing more to tell the broker")
    broker.kill()
    broker.reset()
    broker.start()
    wait_until(lambda: "lost the accounts of 1 devices (gateway)" in guarded.text(), "the log says so")
    env = {"HUB_DATABASE__URL": database, "HUB_MQTT__PORT": str(broker.port), **settings_of(broker)}
    status, told = run_hub("check", env=env, folder=tmp_path)
    assert status == 1
    assert "hub devices credential rotate" in told
    rotated = guarded.api.post("/api/v1/devices/gateway/credentials:rotate", json={}).json()
    assert enters(broker, rotated["username"], rotated["secret"])
    status, told = run_hub("check", env=env, folder=tmp_path)
    assert (status, "dynamic security" in told) == (0, True), told


def test_what_the_command_line_prints_works_as_it_stands(guarded: Hub, tmp_path: Path) -> None:
    env = {"HUB_URL": f"http://127.0.0.1:{guarded.port}"}

    def hub(*arguments: str) -> str:
        status, told = run_hub("devices", *arguments, env=env, folder=tmp_path)
        assert status == 0, told
        return told

    told = hub("credential", "issue", "gateway")
    publish = next(line for line in told.splitlines() if "mosquitto_pub" in line)
    subprocess.run(["/bin/sh", "-c", publish], check=True, timeout=20)
    wait_until(lambda: guarded.counter("ganzhi_readings_total") == 1, "the reading is stored")
    again = next(line for line in hub("credential", "rotate", "gateway").splitlines() if "mosquitto_pub" in line)
    assert subprocess.run(["/bin/sh", "-c", publish], check=False, timeout=20, capture_output=True).returncode != 0
    subprocess.run(["/bin/sh", "-c", again], check=True, timeout=20)
    assert "gateway" in hub("credential", "list", "gateway")
    assert "not let in any more" in hub("credential", "revoke", "gateway")
    assert "has no credentials" in hub("credential", "list", "gateway")
    register = next(line for line in hub("key", "put", "k1", "--profile", "air").splitlines() if "curl" in line)
    found = subprocess.run(["/bin/sh", "-c", register + " -sS"], check=True, timeout=20, capture_output=True, text=True)
    assert '"state":"pending"' in found.stdout
    assert "k1" in hub("key", "list")


def test_devices_come_with_a_certificate_by_its_common_name(
    database: str, broker: GuardedBroker, tmp_path: Path
) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    make_certificates(folder, "cam-1", "stranger")
    broker.with_certificates(folder).start()
    hub = Hub(database, broker.port, tmp_path, **settings_of(broker))

    def heard_from(name: str) -> bool:
        with Client(broker.port, HUB, PASSWORD) as observer:
            assert observer.subscribe(f"{PREFIX}/cam-1/telemetry")
            with Client(broker.tls_port, None, None, folder / f"{name}.crt") as device:
                device.publish(f"{PREFIX}/cam-1/telemetry", READING)
            with Client(broker.port, HUB, PASSWORD) as last:
                last.publish(f"{PREFIX}/cam-1/telemetry", "last")
            wait_until(lambda: observer.heard[-1:] != [] and observer.heard[-1][1] == b"last", "the last one")
            return len(observer.heard) == 2

    try:
        hub.start()
        wait_until(lambda: "accounts match the registry" in hub.text(), "the hub has its role")
        hub.put("/profiles/air", name="Air", metrics={})
        put(hub, "cam-1")
        assert not heard_from("cam-1"), "a certificate alone is nothing"
        assert issue(hub, "cam-1", "x509") == ("cam-1", None)
        assert heard_from("cam-1")
        assert not heard_from("stranger")
        with Client(broker.tls_port, None, None, folder / "cam-1.crt", client_id="another") as device:
            assert device.answered
        assert " as another (" not in broker.text(), "it has its common name as client id"
        assert not enters(broker, "cam-1", "any password")
        put(hub, "cam-1", state="suspended")
        wait_until(lambda: '"cam-1"' not in broker.file.read_text(), "its account is gone")
        assert not heard_from("cam-1")
        put(hub, "cam-1", state="active")
        wait_until(lambda: '"cam-1"' in broker.file.read_text(), "it has its account again")
        assert heard_from("cam-1")
    finally:
        hub.close()

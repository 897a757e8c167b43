"""docker/mosquitto.conf and the start script of compose.yaml in a real mosquitto: who may do what; nothing is lost."""

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from devices.credentials.dynsec import CONTROL, RESPONSE, acls_of, put_account, put_role, role_of
from devices.credentials.rights import grants
from hub.mqtt_thread import leave_broker
from tests.support.broker import Mosquitto
from tests.support.dynsec import PLUGIN, find_plugin
from tests.support.hub import Hub, run_hub
from tests.support.process import Process, free_port, wait_until

DOCKER = Path(__file__).parents[2] / "docker"
PASSWORDS = {"hub": "the hub's: $secret", "air-1": "a device's secret"}


class Broker:
    """The broker of compose.yaml with this machine's mosquitto: its script and files, on a free port and folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        service = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))["services"]["mosquitto"]
        places = {"/mosquitto/data/": f"{folder}/", "/mosquitto/config/": f"{folder}/"}
        places[f"/usr/lib/{PLUGIN}"] = str(find_plugin())
        script = service["command"][2].replace("$$", "$").replace("chown mosquitto:mosquitto", ":")
        settings = (DOCKER / "mosquitto.conf").read_text(encoding="utf-8")
        for theirs, ours in places.items():
            script, settings = script.replace(theirs, ours), settings.replace(theirs, ours)
        settings = settings.replace("listener 1883", f"listener {self.port} 127.0.0.1") + "user root\n"
        (folder / "mosquitto.conf").write_text(settings, encoding="utf-8")
        self._process = Process(
            ["/bin/sh", "-euc", script],
            folder / "broker.log",
            {
                "PATH": f"{os.environ['PATH']}:/usr/sbin",
                "HUB_MQTT__PASSWORD": PASSWORDS["hub"],
            },
        )

    def start(self) -> "Broker":
        self._process.start().wait_for_port(self.port)
        return self

    def admit(self, code: str) -> None:
        """Give a device its account, as the hub does."""
        role = put_role(role_of(code), acls_of(grants(code, [], "ganzhi/v1")), there=False)
        order = json.dumps({"commands": [role, put_account(code, role_of(code), PASSWORDS[code])]})
        with Client(self, "hub") as hub:
            hub.subscribe(RESPONSE).publish(CONTROL, order)
            wait_until(lambda: hub.payloads, "an answer of the plugin")
            assert b"error" not in hub.payloads[0]

    def stop(self) -> None:
        if self._process.running:
            self._process.terminate()


class Client:
    """A connected client of an account; `reason` is what the broker said to the connection."""

    def __init__(self, broker: Broker, account: str | None, session: str = "", password: str | None = None) -> None:
        self.reason: object = None
        self.lost = self.subscribed = False
        self.payloads: list[bytes] = []
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2, session or None, clean_session=not session, protocol=paho.MQTTv311
        )
        if account:
            self.paho.username_pw_set(account, password or PASSWORDS[account])
        self.paho.on_connect = lambda _client, _data, _flags, reason, _properties: setattr(self, "reason", reason)
        self.paho.on_disconnect = lambda *_: setattr(self, "lost", True)
        self.paho.on_subscribe = lambda *_: setattr(self, "subscribed", True)
        self.paho.on_message = lambda _client, _data, message: self.payloads.append(bytes(message.payload))
        self.paho.max_inflight_messages_set(1000)
        self.paho.connect("127.0.0.1", broker.port)

    def __enter__(self) -> "Client":
        self.paho.loop_start()
        wait_until(lambda: self.reason is not None, "an answer to the connection")
        return self

    def __exit__(self, *_: object) -> None:
        leave_broker(self.paho)

    def subscribe(self, topic: str) -> "Client":
        self.paho.subscribe(topic, qos=1)
        wait_until(lambda: self.subscribed, "the subscription")
        return self

    def publish(self, topic: str, payload: bytes | str) -> paho.MQTTMessageInfo:
        info = self.paho.publish(topic, payload, qos=1)
        wait_until(lambda: info.is_published() or self.lost, "an acknowledgement or the end of the connection")
        return info


@pytest.fixture
def broker(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Broker]:
    """`mosquitto` is asked for only because it knows what to do where there is none."""
    mosquitto.stop()
    folder = tmp_path / "shipped"
    folder.mkdir()
    shipped = Broker(folder)
    try:
        yield shipped.start()
    finally:
        shipped.stop()


def test_strangers_are_refused_and_a_device_that_the_hub_admits_is_let_in(
    broker: Broker, database: str, tmp_path: Path
) -> None:
    for account in (None, "air-1"):
        with Client(broker, account) as stranger:
            assert getattr(stranger.reason, "is_failure", False)
    shipped = tomllib.loads((DOCKER / "hub.toml").read_text(encoding="utf-8"))["mqtt"]
    settings = {"HUB_MQTT__USERNAME": shipped["username"], "HUB_MQTT__ACCESS": shipped["access"]}
    served = Hub(database, broker.port, tmp_path, **settings, HUB_MQTT__PASSWORD=PASSWORDS["hub"])
    try:
        served.start()
        wait_until(lambda: "accounts match the registry" in served.text(), "the hub has its role")
        served.register("air-1", "pm25")
        issued = served.api.post("/api/v1/devices/air-1/credentials", json={"kind": "password"}).json()
        own = Client(broker, "air-1", "air-1", issued["secret"])
        with own as device, Client(broker, "hub") as hub:
            device.subscribe("ganzhi/v1/air-1/command")
            hub.publish("ganzhi/v1/air-1/command", "lamp on")
            wait_until(lambda: device.payloads == [b"lamp on"], "a device gets its command")
            device.publish("ganzhi/v1/air-1/telemetry", '{"pm25": 1}')
            wait_until(lambda: served.counter("ganzhi_readings_total") == 1, "the hub stores what a device publishes")
    finally:
        served.close()


def test_nothing_is_dropped_while_the_hub_is_away_and_the_broker_restarts(broker: Broker) -> None:
    with Client(broker, "hub", session="hub") as hub:
        hub.subscribe("ganzhi/v1/+/telemetry")
    broker.admit("air-1")
    with Client(broker, "air-1") as device:
        sent = [device.paho.publish("ganzhi/v1/air-1/telemetry", str(n), qos=1) for n in range(5000)]
        wait_until(lambda: all(info.is_published() for info in sent), "5,000 acknowledgements", 60)
    broker.stop()
    broker.start()
    with Client(broker, "hub", session="hub") as hub:
        wait_until(lambda: len(hub.payloads) >= 5000, "all that was acknowledged", 60)
        assert hub.payloads == [str(n).encode() for n in range(5000)]


def test_what_is_too_large_is_not_acknowledged(broker: Broker) -> None:
    broker.admit("air-1")
    with Client(broker, "hub") as hub, Client(broker, "air-1") as device:
        hub.subscribe("ganzhi/v1/+/telemetry")
        info = device.publish("ganzhi/v1/air-1/telemetry", b"x" * 5_000_000)
        assert device.lost
        assert not info.is_published()
        with Client(broker, "air-1") as another:
            assert another.publish("ganzhi/v1/air-1/telemetry", b"y" * 3_000_000).is_published()
        wait_until(lambda: [len(payload) for payload in hub.payloads] == [3_000_000], "what the hub itself may judge")


def test_hub_check_is_content_with_it(broker: Broker, database: str, tmp_path: Path) -> None:
    settings = {
        "HUB_DATABASE__URL": database,
        "HUB_MQTT__PORT": str(broker.port),
        "HUB_MQTT__USERNAME": "hub",
        "HUB_MQTT__PASSWORD": PASSWORDS["hub"],
        "HUB_MQTT__ACCESS": "dynsec",
    }
    status, told = run_hub("check", env=settings, folder=tmp_path)
    assert status == 0, told
    assert "keeps its sessions and at least" in told
    assert "dynamic security answers" in told

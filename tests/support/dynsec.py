"""A mosquitto with its dynamic security plugin, and clients of it; certificates for those that come with one."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub.mqtt_thread import leave_broker
from tests.support.broker import Mosquitto
from tests.support.process import free_port, wait_until

PLUGIN = "mosquitto_dynamic_security.so"
HUB, PASSWORD = "hub", "the hub's own password"


def find_plugin() -> Path | None:
    """Where distributions put the plugin."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib"):
        if (found := Path(folder, PLUGIN)).exists():
            return found
    return None


class GuardedBroker(Mosquitto):
    """A broker that nobody may use whom the plugin does not know; so far it knows only the hub."""

    def __init__(self, program: Path, folder: Path, plugin: Path) -> None:
        super().__init__(program, folder)
        self.file = folder / "dynamic-security.json"
        self.tls_port = free_port()
        self.settings |= {"allow_anonymous": "false", "plugin": str(plugin), "plugin_opt_config_file": str(self.file)}
        self.reset()

    def reset(self) -> None:
        """Forget all accounts; counts from the next start."""
        self.file.unlink(missing_ok=True)
        subprocess.run(
            ["mosquitto_ctrl", "dynsec", "init", str(self.file), HUB, PASSWORD], check=True, capture_output=True
        )

    def with_certificates(self, folder: Path) -> "GuardedBroker":
        """Take clients with a certificate at `tls_port`, by their common name."""
        self.settings |= {
            f"listener {self.tls_port}": "127.0.0.1",
            "cafile": str(folder / "ca.crt"),
            "certfile": str(folder / "broker.crt"),
            "keyfile": str(folder / "broker.key"),
            "require_certificate": "true",
            "use_identity_as_username": "true",
            "use_username_as_clientid": "true",
        }
        return self


class Client:
    """A client between `with` and its end; `refused` tells whether the broker let it in.

    Its client id is the user name if it has one, as accounts of devices are bound to it; the hub's may use any.
    """

    def __init__(
        self,
        port: int,
        username: str | None,
        password: str | None,
        certificate: Path | None = None,
        client_id: str | None = None,
    ) -> None:
        self.answered = self.refused = self.lost = self.subscribed = False
        self.heard: list[tuple[str, bytes]] = []
        own = "" if username in (None, HUB) else str(username)
        self.paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=own if client_id is None else client_id,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
        )
        if username is not None:
            self.paho.username_pw_set(username, password)
        if certificate is not None:
            self.paho.tls_set(
                str(certificate.parent / "ca.crt"), str(certificate), str(certificate.with_suffix(".key"))
            )
            self.paho.tls_insecure_set(True)
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = lambda *_: setattr(self, "lost", True)
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_message = lambda _client, _data, got: self.heard.append((got.topic, bytes(got.payload)))
        self._port = port

    def __enter__(self) -> "Client":
        self.paho.connect("127.0.0.1", self._port)
        self.paho.loop_start()
        wait_until(lambda: self.answered or self.lost, "an answer to the connection")
        return self

    def __exit__(self, *_: object) -> None:
        leave_broker(self.paho)

    def publish(self, topic: str, payload: str | bytes) -> None:
        """Returns once it is acknowledged: mosquitto does that for what it drops, too."""
        info = self.paho.publish(topic, payload, qos=1)
        wait_until(lambda: info.is_published() or self.lost, "an acknowledgement or the end of the connection")

    def subscribe(self, topic: str) -> bool:
        """Whether the broker took it."""
        self.answered = self.subscribed = False
        self.paho.subscribe(topic, qos=1)
        wait_until(lambda: self.answered, "an answer to the subscription")
        return self.subscribed

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: object, _properties: object) -> None:
        self.answered, self.refused = True, bool(getattr(reason, "is_failure", False))

    def _on_subscribe(self, _client: object, _data: object, _mid: int, reasons: list[ReasonCode], _: object) -> None:
        self.answered, self.subscribed = True, not any(reason.is_failure for reason in reasons)


class Plugin:
    """A link to something that answers as the plugin does, with errors by command; `deaf`: it gives no answer."""

    connected = True

    def __init__(self, answers: dict[str, str] | None = None, deaf: bool = False) -> None:
        self.errors, self.deaf = answers or {}, deaf
        self.messages: list[list[dict[str, Any]]] = []
        self._answers: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    @property
    def commands(self) -> list[str]:
        """What it was told, without the details."""
        return [command["command"] for message in self.messages for command in message]

    async def publish(self, topic: str, payload: bytes) -> None:
        commands = json.loads(payload)["commands"]
        self.messages.append(commands)
        responses = [
            {"command": command["command"], "correlationData": command["correlationData"]}
            | ({"error": self.errors[command["command"]]} if command["command"] in self.errors else {})
            for command in commands
        ]
        if not self.deaf:
            other = {"responses": [{"command": "x", "correlationData": "somebody else's"}]}
            for answer in (other, {"responses": responses}):
                self._answers.put_nowait((topic, json.dumps(answer).encode()))

    @asynccontextmanager
    async def heard(self, *_: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        async def answers() -> AsyncIterator[tuple[str, bytes]]:
            while True:
                yield await self._answers.get()

        yield answers()


def make_certificates(folder: Path, *names: str) -> Path:
    """An authority, and a certificate for the broker and for each common name: NAME.crt and NAME.key."""
    assert shutil.which("openssl"), "apt-get install openssl"

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2")
    for name in ("broker", *names):
        subject = "127.0.0.1" if name == "broker" else name
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.crt", "-days", "2")  # fmt: skip
    return folder

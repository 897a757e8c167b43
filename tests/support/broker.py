"""A mosquitto broker of a test: its own process, port and data; and publishers that wait for PUBACK."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from signal import Signals

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from hub.mqtt_thread import leave_broker
from tests.support.process import Process, free_port, wait_until

SETTINGS = {
    "allow_anonymous": "true",
    "user": "root",
    "persistence": "true",
    "autosave_interval": "1",
    "max_inflight_messages": "1000",
    "max_queued_messages": "0",
    "set_tcp_nodelay": "true",
    "log_dest": "stderr",
}
# `user root` counts only when started as root: without it mosquitto changes to an account that cannot write here.


def find_mosquitto() -> Path | None:
    """The broker's program; Debian keeps it in /usr/sbin, which is not on everybody's PATH."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


SLICE = 20_000
"""Messages queued at once: paho refuses more than it has packet ids for."""


class Mosquitto:
    """A broker on a free port of 127.0.0.1; `start` after `stop` or `kill` uses the same port and data."""

    host = "127.0.0.1"

    def __init__(self, program: Path, folder: Path) -> None:
        self.port = free_port()
        self.settings = dict(SETTINGS)
        """Lines of its configuration; a change counts from the next start."""
        self.folder = folder
        self._configuration = folder / "mosquitto.conf"
        self._process = Process([program, "-c", self._configuration], folder / "mosquitto.log")

    def start(self) -> "Mosquitto":
        """Start and wait until it listens."""
        lines = [f"listener {self.port} 127.0.0.1", f"persistence_location {self.folder}/"]
        lines += [f"{name} {value}" for name, value in self.settings.items()]
        lines += [f"log_type {kind}" for kind in ("error", "warning", "notice")]
        self._configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._process.start().wait_for_port(self.port)
        return self

    def stop(self) -> None:
        """SIGTERM: it saves its sessions and ends."""
        if self._process.running:
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL: what it saved less than a second ago may be gone."""
        if self._process.running:
            self._process.kill()

    def send(self, number: Signals) -> None:
        """Send a signal."""
        self._process.send(number)

    def save(self) -> float:
        """Make it save what it holds; when that was, in seconds of the epoch."""
        before = self._saved()
        self._process.send(Signals.SIGUSR1)
        wait_until(lambda: self._saved() != before, "the broker has saved")
        return (self.folder / "mosquitto.db").stat().st_mtime

    def _saved(self) -> tuple[int, int] | None:
        """Which file it saved last: each save is a new one. Its time alone may lag behind the clock by a tick."""
        try:
            found = (self.folder / "mosquitto.db").stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    @property
    def running(self) -> bool:
        return self._process.running

    @property
    def pid(self) -> int:
        return self._process.pid

    def text(self) -> str:
        """The broker's log."""
        return self._process.text()

    def pub(self, topic: str, payload: bytes | Path, *, qos: int = 1, lines: bool = False) -> None:
        """Publish with Debian's mosquitto_pub: bytes, a file, or (lines) each of its lines; waits for PUBACK."""
        command = ["mosquitto_pub", "-h", self.host, "-p", str(self.port), "-q", str(qos), "-t", topic]
        content = payload.read_bytes() if isinstance(payload, Path) else payload
        command.append("-l" if lines else "-s")
        subprocess.run(command, input=content, check=True, capture_output=True, timeout=120)

    def publish(self, messages: Iterable[tuple[str, bytes]], *, qos: int = 1, retain: bool = False) -> int:
        """Publish (topic, payload) pairs on one connection; returns how many, once each has its PUBACK."""
        with publisher(self.host, self.port) as client:
            left, count = iter(messages), 0
            while some := list(islice(left, SLICE)):
                sent = [client.publish(topic, payload, qos, retain) for topic, payload in some]
                for message in sent:
                    message.wait_for_publish(60)
                    assert message.is_published(), "no PUBACK within 60 s"
                count += len(sent)
        return count


@contextmanager
def publisher(host: str, port: int, client_id: str = "") -> Iterator[mqtt.Client]:
    """A connected paho client with its network thread running; nothing limits its queue."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.max_inflight_messages_set(1000)
    client.connect(host, port, keepalive=60)
    client.loop_start()
    try:
        yield client
    finally:
        leave_broker(client)

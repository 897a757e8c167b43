"""A hub of a test: `hub serve` as a process of its own, on a database and a broker of the test."""

import sys
from contextlib import suppress
from pathlib import Path
from signal import Signals
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

import httpx

from tests.support.process import Process, free_port, wait_until

_TRUSTING_NOBODY = SSLContext(PROTOCOL_TLS_CLIENT)
"""Without authorities, which take 20 ms to read, for plain HTTP needs none."""


class Hub:
    """A hub process; `start` after `kill` uses the same database, broker, port and MQTT session."""

    def __init__(self, database: str, mqtt_port: int, folder: Path, *arguments: str, **settings: str) -> None:
        """`arguments` are those of `hub serve`, `settings` environment variables."""
        self.port, self.arguments = free_port(), arguments
        self.env = {
            "HUB_DATABASE__URL": database,
            **({"HUB_MQTT__PORT": str(mqtt_port)} if mqtt_port else {}),
            "HUB_API__PORT": str(self.port),
            "HUB_OUTGOING__WEBHOOK": '["127.0.0.0/8"]',  # receivers of tests
            **settings,
        }
        self._command = [sys.executable, "-m", "app.main", "serve"]
        self._process = Process([*self._command, *arguments], folder / "hub.log", self.env)
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", verify=_TRUSTING_NOBODY, timeout=30)

    def start(self, *arguments: str) -> "Hub":
        """Start it and wait until it is ready; with other arguments of `hub serve`, if any are given."""
        self.launch(*arguments)
        wait_until(lambda: self.api.get("/readyz").status_code == 200, "the hub is ready")
        return self

    def launch(self, *arguments: str) -> None:
        """Start it and wait until its API answers."""
        if arguments:
            self._process.command = [*self._command, *arguments]
        self._process.start().wait_for_port(self.port)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def send(self, number: Signals) -> None:
        """Send a signal."""
        self._process.send(number)

    def terminate(self) -> int:
        """SIGTERM; its exit status."""
        return self._process.terminate(30)

    def close(self) -> None:
        """End it, if it still runs."""
        self.api.close()
        if self._process.running:
            self._process.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def workers(self) -> dict[int, int]:
        """Process ids of its workers, by their number."""
        found = {}
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split():
            with suppress(FileNotFoundError, ProcessLookupError):  # it ends between the list and the look
                kind, _, number = Path(f"/proc/{child}/comm").read_text(encoding="ascii").partition(" ")
                command = Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8").split("\0")
                if kind == "worker":  # forked
                    found[int(number)] = int(child)
                elif "worker" in command:
                    found[int(command[command.index("worker") + 1])] = int(child)
        return found

    def text(self) -> str:
        """What it has logged."""
        return self._process.text()

    def put(self, path: str, **body: Any) -> dict[str, Any]:
        """PUT /api/v1{path}; the answer, which must be a success."""
        answer = self.api.put(f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def counter(self, name: str) -> float:
        """One of the metrics of the hub's process."""
        lines = self.api.get("/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def wait_for_devices(self, count: int) -> None:
        """Wait until the ingest path knows so many devices."""
        wait_until(lambda: self.counter("ganzhi_devices_known") >= count, f"{count} devices known")

    def register(self, device: str, *metrics: str, **ranges: Any) -> None:
        """A device with a profile of its own, known to the ingest path on return."""
        known = self.counter("ganzhi_devices_known")
        specs = {metric: {"name": metric, "unit": "1", **ranges} for metric in metrics}
        self.put(f"/profiles/{device}", name=device, metrics=specs)
        self.put(f"/devices/{device}", name=device, profile=device)
        self.wait_for_devices(int(known) + 1)


def run_hub(*arguments: str, env: dict[str, str], folder: Path, seconds: float = 60) -> tuple[int, str]:
    """Run `hub ARGUMENTS` to its end; exit status and what it printed, not what earlier runs of the same log did."""
    log = folder / f"hub-{'-'.join(arguments)[:40].replace('/', '_')}.log"
    process = Process([sys.executable, "-m", "app.main", *arguments], log, {"COLUMNS": "200", **env})
    before = len(process.text())
    status = process.start().wait(seconds)
    return status, process.text()[before:]

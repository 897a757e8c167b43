"""The demo's MQTT broker: mosquitto where it is installed, otherwise amqtt; a process of its own either way."""

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from hub.demo.processes import DemoError, Processes, accepts, free_port

START_S = 30.0
USERNAME = "demo"
"""Clients of the demo's broker give this name."""

MOSQUITTO = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 30
max_inflight_messages 2000
max_queued_messages 0
max_queued_bytes 0
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
"""
AS_ROOT = "user root\n"
"""Counts only when started as root: otherwise mosquitto changes to an account that cannot write here."""


def find_mosquitto() -> Path | None:
    """The broker's program; Debian keeps it in /usr/sbin, which is not on everybody's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"])
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


def start_broker(processes: Processes, folder: Path, mosquitto: Path | None) -> tuple[str, int]:
    """Start a broker on a free port of 127.0.0.1 that keeps every QoS 1 message; its name and port."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    if mosquitto is not None:
        text = MOSQUITTO.format(port=port, folder=folder) + (AS_ROOT if os.geteuid() == 0 else "")
        (folder / "mosquitto.conf").write_text(text, encoding="utf-8")
        processes.start("mosquitto", [mosquitto, "-c", folder / "mosquitto.conf"])
        name = "mosquitto"
    elif find_spec("amqtt") is not None:
        settings = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            # So it takes any user name, but must be given one: it keeps nothing for nameless clients.
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": False}},
        }
        (folder / "amqtt.yaml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        processes.start("amqtt", [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", folder / "amqtt.yaml"])
        name = "amqtt"
    else:
        raise DemoError("no MQTT broker: install mosquitto, or pip install 'ganzhi[demo]'")
    processes.wait_until(lambda: accepts(port), f"{name} listens on port {port}", START_S)
    return name, port

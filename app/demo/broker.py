"""The demo's MQTT broker: mosquitto if installed, otherwise iotcore; always a separate process.

iotcore is rumqttd in a wheel. It takes a publish in 24 µs of CPU (mosquitto 18) and sends again what a session left
unacknowledged. It knows no rights of devices, forgets everything when it ends, and keeps a bounded log for each
subscription, of which it drops the oldest messages.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from app.demo.processes import DemoError, Processes, accepts, free_port

START_S = 30.0
USERNAME = "demo"
"""The hub and the city give this name."""
PLUGIN = "mosquitto_dynamic_security.so"
PLUGIN_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")

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
IOTCORE = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 1000
max_segment_size = 16777216
max_segment_count = 16

[v4.1]
name = "demo"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 1000
dynamic_filters = true
"""
"""Its log holds 256 MB for each subscription: half an hour of the city, which bounds the memory of a long demo."""
ACCOUNTS = "dynamic-security.json"
RIGHTS = ("publishClientSend", "publishClientReceive", "subscribePattern", "unsubscribePattern")
AS_ROOT = "user root\n"
"""Counts only when started as root: otherwise mosquitto changes to an account that cannot write here."""


def find_mosquitto() -> Path | None:
    """Path of mosquitto; Debian installs it in /usr/sbin, which may not be on PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"])
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


class Broker(NamedTuple):
    name: str
    port: int
    password: str | None
    """Of USERNAME; None where the broker knows no accounts."""


def start_broker(processes: Processes, folder: Path, mosquitto: Path | None) -> Broker:
    """Start a broker on a free port of 127.0.0.1 that keeps every QoS 1 message.

    A mosquitto with its dynamic security plugin holds devices to what they may do once they log in; who gives no name
    may do everything that a device may, as the demo is on this machine only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), None
    if mosquitto is not None:
        text = MOSQUITTO.format(port=port, folder=folder) + (AS_ROOT if os.geteuid() == 0 else "")
        if (plugin := _plugin()) is not None:
            password = _accounts(folder)
            text += f"plugin {plugin}\nplugin_opt_config_file {folder / ACCOUNTS}\n"
        _write_private(folder / "mosquitto.conf", text)
        processes.start("mosquitto", [mosquitto, "-c", folder / "mosquitto.conf"])
        name = "mosquitto"
    elif find_spec("iotcore") is not None:
        (folder / "iotcore.toml").write_text(IOTCORE.format(port=port), encoding="utf-8")
        # It calls each packet an error in its log, so nothing less than a critical one is of use there.
        quiet = ["--log-level", "critical"]
        processes.start("iotcore", [sys.executable, "-m", "iotcore", *quiet, "--config", folder / "iotcore.toml"])
        name = "iotcore"
    else:
        raise DemoError("no MQTT broker: install mosquitto, or pip install 'ganzhi[demo]'")
    processes.wait_until(lambda: accepts(port), f"{name} listens on port {port}", START_S)
    return Broker(name, port, password)


def _plugin() -> Path | None:
    """Path of the dynamic security plugin; None if it or its control program is missing."""
    if shutil.which("mosquitto_ctrl") is None:
        return None
    return next((found for folder in PLUGIN_FOLDERS if (found := Path(folder, PLUGIN)).exists()), None)


def _accounts(folder: Path) -> str:
    """Initialise the plugin's file if missing; returns the password of the administrator USERNAME."""
    accounts, kept = folder / ACCOUNTS, folder / "password"
    if accounts.exists() and kept.exists():
        return kept.read_text(encoding="ascii")
    password = secrets.token_urlsafe(24)
    accounts.unlink(missing_ok=True)
    command = ["mosquitto_ctrl", "dynsec", "init", str(accounts), USERNAME, password]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 on PATH, as found
    if done.returncode != 0:
        raise DemoError(f"mosquitto_ctrl cannot make {accounts}: {done.stderr.strip() or done.stdout.strip()}")
    known: dict[str, Any] = json.loads(accounts.read_text(encoding="utf-8"))
    rights = [{"acltype": kind, "topic": "#", "priority": 0, "allow": True} for kind in RIGHTS]
    known["roles"] = [*known.get("roles", []), {"rolename": "everything", "acls": rights}]
    role = [{"rolename": "everything", "priority": 0}]
    known["groups"] = [{"groupname": "nameless", "roles": role, "clients": []}]
    known["anonymousGroup"] = "nameless"
    for client in known["clients"]:
        client["roles"] = [*client.get("roles", []), *role]
    _write_private(accounts, json.dumps(known))
    _write_private(kept, password)
    return password


def _write_private(path: Path, text: str) -> None:
    path.touch(0o600)
    path.write_text(text, encoding="utf-8")

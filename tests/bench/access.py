"""How long mosquitto's dynamic security takes with many devices: ./run bench access --devices 10000."""

import argparse
import base64
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from devices.credentials.dynsec import acls_of, put_role, role_of
from devices.credentials.rights import grants
from tests.support.broker import find_mosquitto
from tests.support.dynsec import HUB, PASSWORD, Client, GuardedBroker, find_plugin
from tests.support.hub import Hub
from tests.support.measure import rss_mb
from tests.support.process import wait_until
from tests.support.stores import open_any_store

FILL = (
    "insert into profile (code, name, metrics) values ('air', 'Air', '{}')",
    "insert into device (code, name, profile_id) select 'd-' || n, 'd', 1 from generate_series(1, %s::int) n",
    "insert into credential (device_id, kind, username, secret_hash) select id, 'password', code, '' from device",
)


def main() -> None:
    """A broker and a database that hold so many devices already; then what a change of one takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=10_000)
    given = parser.parse_args()
    program, plugin = find_mosquitto(), find_plugin()
    if program is None or plugin is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    with open_any_store() as store, store.database() as url, tempfile.TemporaryDirectory() as folder:
        figures: dict[str, object] = {"devices": given.devices, "store": store.mode}
        with psycopg.connect(url) as conn:
            for statement in FILL:
                conn.execute(statement.encode(), [given.devices] if "%s" in statement else None)
        broker = GuardedBroker(program, Path(folder), plugin)
        _fill(broker, given.devices)
        figures["file_mb"] = round(broker.file.stat().st_size / 1e6, 1)
        account = {"HUB_MQTT__ACCESS": "dynsec", "HUB_MQTT__USERNAME": HUB, "HUB_MQTT__PASSWORD": PASSWORD}
        hub = Hub(url, broker.port, Path(folder), **account)
        broker.start()
        try:
            figures["whole_comparison_s"] = _timed(lambda: _in_line(hub.start()))
            figures |= _changes(hub, broker)
            figures["broker_rss_mb"], figures["hub_rss_mb"] = round(rss_mb(broker.pid)), round(rss_mb(hub.pid))
        finally:
            hub.close()
            broker.stop()
        print(json.dumps(figures))  # noqa: T201 the bench's result


def _changes(hub: Hub, broker: GuardedBroker) -> dict[str, object]:
    """Seconds that it takes until a change of one device has reached the broker."""
    figures: dict[str, object] = {}
    hub.put("/devices/one", name="one", profile="air")
    issued: dict[str, Any] = {}

    def issue() -> None:
        answer = hub.api.post("/api/v1/devices/one/credentials", json={"kind": "password"})
        assert answer.status_code == 201, answer.text
        issued.update(answer.json())

    figures["issue_s"] = _timed(issue)
    with Client(broker.port, "one", issued["secret"]) as device:
        assert not device.refused

        def suspend() -> None:
            hub.put("/devices/one", name="one", profile="air", state="suspended")
            wait_until(lambda: device.lost, "it is thrown out")

        figures["suspended_s"] = _timed(suspend)
    return figures


def _in_line(hub: Hub) -> None:
    wait_until(lambda: "accounts match the registry" in hub.text(), "the broker is in line", 300)


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return round(time.monotonic() - began, 2)


def _fill(broker: GuardedBroker, devices: int) -> None:
    """Write the accounts of d-1, d-2, ... into the broker's file, as it would itself."""
    held = json.loads(broker.file.read_text(encoding="utf-8"))
    for number in range(1, devices + 1):
        code = f"d-{number}"
        role = put_role(role_of(code), acls_of(grants(code, [], "ganzhi/v1")), there=False)
        held["roles"].append({"rolename": role["rolename"], "acls": role["acls"]})
        secret = {name: base64.b64encode(os.urandom(size)).decode() for name, size in (("password", 64), ("salt", 12))}
        held["clients"].append({"username": code, **secret, "iterations": 101, "roles": [{"rolename": role_of(code)}]})
    broker.file.write_text(json.dumps(held, indent="\t"), encoding="utf-8")


if __name__ == "__main__":
    main()

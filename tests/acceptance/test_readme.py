"""A stranger who does what the README says, command by command, for an integrator and for an emergency desk."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from api.push.signature import sign
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import accepts, free_port, wait_until

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
INTEGRATOR, DESK = 2, 3
"""Sections of both READMEs."""
PRELUDE = """set -eu
curl() {  # fails on a refusal; a stream, which never ends, is read for two seconds
    case " $* " in
        *" -N "*) timeout 2 curl --no-progress-meter "$@" || test $? = 124 ;;
        *) command curl --no-progress-meter --fail-with-body "$@"; echo ;;
    esac
}
"""


def blocks(readme: Path, language: str, section: int) -> list[str]:
    """The code blocks of one language in the n-th section of a README."""
    text = re.split(r"(?m)^## ", readme.read_text(encoding="utf-8"))[section]
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


class Stranger:
    """A shell in a folder of its own, beside a hub and a broker that run."""

    def __init__(self, hub: Hub, mosquitto: Mosquitto, database: str, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        self._webhook = free_port()
        self._env = {
            **os.environ,
            "HUB": f"http://127.0.0.1:{hub.port}/api/v1",
            "HUB_URL": f"http://127.0.0.1:{hub.port}",
            "MQTT_PORT": str(mosquitto.port),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
        }
        (folder / "hub.toml").write_text(f"[database]\nurl = '{database}'\n", encoding="utf-8")

    def does(self, block: str, **env: str) -> str:
        """Run a block of the README on this test's ports; what it printed. Fails when a command of it fails."""
        block = block.replace("http://127.0.0.1:8420/", f"http://127.0.0.1:{self.hub.port}/")
        block = block.replace("9000", str(self._webhook)).replace("'Last-Event-ID: 17'", "'Last-Event-ID: 0'")
        block = block.replace(".venv/bin/python", f"'{sys.executable}'")
        block = block.replace("./run hub", f"'{sys.executable}' -m hub.main")
        block = block.replace("MQTT_PORT=1883", f"MQTT_PORT={self._env['MQTT_PORT']}")
        with (self.folder / "printed").open("w+", encoding="utf-8") as printed:
            done = subprocess.run(
                ["bash", "-c", f"{PRELUDE}{block}\necho ${{!:-0}} >background"],
                cwd=self.folder,
                env={**self._env, **env},
                stdout=printed,
                stderr=subprocess.STDOUT,
                timeout=60,
                check=False,
            )
        told = (self.folder / "printed").read_text(encoding="utf-8")
        assert done.returncode == 0, f"{block}\n{told}"
        return told

    @contextmanager
    def meanwhile(self, block: str) -> Iterator[None]:
        """Run a block that leaves a receiver behind, which ends with this context."""
        self.does(block)
        pid = int((self.folder / "background").read_text())
        assert pid, "nothing was left running"
        try:
            wait_until(lambda: accepts(self._webhook), "the receiver listens")
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def waits_for_devices(self) -> None:
        """Until the ingest path has heard of what was registered."""
        self.hub.wait_for_devices(len(self.hub.api.get("/api/v1/devices").json()["items"]))


@pytest.fixture
def stranger(hub: Hub, mosquitto: Mosquitto, database: str, tmp_path: Path) -> Stranger:
    for program in ("curl", "mosquitto_pub", "openssl"):
        if shutil.which(program) is None:
            assert "CI" not in os.environ, f"{program} is missing"
            pytest.skip(f"{program} is not installed")
    folder = tmp_path / "stranger"
    folder.mkdir()
    return Stranger(hub, mosquitto, database, folder)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_the_commands_do_what_the_readme_says(readme: Path, stranger: Stranger) -> None:
    register, publish, post, wrong, many = blocks(readme, "sh", INTEGRATOR)
    api = stranger.hub.api

    stranger.does(register)
    stranger.waits_for_devices()
    stranger.does(publish)
    wait_until(lambda: "35.2" in stranger.does(publish), "the reading is there")
    assert '{"accepted":1,"refused":[]}' in stranger.does(post)

    def told() -> bool:
        return stranger.does(wrong).count("my-air-1") >= 2

    wait_until(told, "both ways to ask tell of the dead letter")
    assert "pm2.5" in stranger.does(wrong)
    stranger.does(many)
    assert [one["code"] for one in api.get("/api/v1/devices").json()["items"]] == ["my-air-1", "my-air-2", "my-air-3"]

    rule, consumer, page_it, streams, steps = blocks(readme, "sh", DESK)
    stranger.does(rule)
    with stranger.meanwhile(consumer):
        deliveries = stranger.folder / "deliveries.jsonl"

        def delivered() -> bool:
            stranger.does(page_it)
            return '"ganzhi.alert.raised"' in deliveries.read_text(encoding="utf-8")

        wait_until(delivered, "the alert was delivered, and its signature is right")
        assert '"refused"' not in deliveries.read_text(encoding="utf-8")
    (alert,) = api.get("/api/v1/alerts", params={"active": "true", "min_level": "orange"}).json()["items"]
    assert alert["level"] == "red"
    assert "event: ganzhi.alert.raised" in stranger.does(streams)
    assert alert["id"] in stranger.does(steps, ALERT=alert["id"])
    assert api.get(f"/api/v1/alerts/{alert['id']}").json()["state"] == "acknowledged"


def test_the_receiver_of_the_readme_trusts_the_hub_and_nobody_else() -> None:
    (code,) = blocks(READMES[0], "python", DESK)
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 it is ours
    genuine = names["genuine"]
    assert callable(genuine)
    secret, body, now = "whsec_" + "A" * 32, json.dumps({"id": "a.1"}).encode(), int(time.time())

    def headers(at: int) -> dict[str, str]:
        signed = sign(secret, "a.1", at, body)
        return {"webhook-id": "a.1", "webhook-timestamp": str(at), "webhook-signature": f"v1,old {signed}"}

    assert genuine(secret, headers(now), body)
    assert not genuine(secret, headers(now), body + b" ")
    assert not genuine("whsec_" + "B" * 32, headers(now), body)
    assert not genuine(secret, headers(now - 3600), body)

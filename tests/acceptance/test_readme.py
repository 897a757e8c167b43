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
from app.demo.broker import RIGHTS
from tests.support.broker import find_mosquitto
from tests.support.dynsec import HUB, PASSWORD, GuardedBroker, find_plugin
from tests.support.hub import Hub
from tests.support.process import accepts, free_port, wait_until

ROOT = Path(__file__).parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
INTEGRATOR, DESK = 2, 3
"""Sections of both READMEs."""
COMMANDS = f"""
curl() {{  # fails on a refusal; a stream, which never ends, is read for two seconds
    case " $* " in
        *" -N "*) timeout 2 curl --no-progress-meter "$@" || test $? = 124 ;;
        *) command curl --no-progress-meter --fail-with-body "$@"; echo ;;
    esac
}}
hub() {{  # bad news of a diagnosis, a check or a dry run are told by the exit status 1, which is no failure here
    local status=0
    case "$1 ${{2-}}" in
        "devices tail") timeout 5 '{sys.executable}' -m app.main "$@" --number 1 || status=$? ;;
        *) '{sys.executable}' -m app.main "$@" || status=$? ;;
    esac
    case "$1 ${{2-}}" in
        "devices tail") test $status = 0 || test $status = 124 ;;
        "devices diagnose" | "devices import" | "frame check") test $status -le 1 ;;
        *) return $status ;;
    esac
}}
"""


def blocks(readme: Path, language: str, section: int) -> list[str]:
    """The code blocks of one language in the n-th section of a README."""
    text = re.split(r"(?m)^## ", readme.read_text(encoding="utf-8"))[section]
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


class Demo:
    """What `./run demo` offers a stranger, without its city: a hub, and a broker that holds to their rights those who
    log in, while the nameless may do everything that devices may."""

    def __init__(self, database: str, folder: Path) -> None:
        program, plugin = find_mosquitto(), find_plugin()
        missing = [name for name in ("curl", "mosquitto_pub", "openssl") if shutil.which(name) is None]
        missing += [] if program and plugin else ["mosquitto with its dynamic security plugin"]
        if program is None or plugin is None or missing:
            assert "CI" not in os.environ, f"{missing} is missing"
            pytest.skip(f"not installed: {', '.join(missing)}")
        (folder / "broker").mkdir()
        self.broker = GuardedBroker(program, folder / "broker", plugin)
        self._let_the_nameless_in()
        access = {"HUB_MQTT__ACCESS": "dynsec", "HUB_MQTT__USERNAME": HUB, "HUB_MQTT__PASSWORD": PASSWORD}
        self.hub = Hub(database, self.broker.port, folder, **access)
        self.url = f"http://127.0.0.1:{self.hub.port}"
        self.env = {
            **os.environ,
            "HUB": f"{self.url}/api/v1",
            "HUB_URL": self.url,
            "MQTT_PORT": str(self.broker.port),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }

    def _let_the_nameless_in(self) -> None:
        known = json.loads(self.broker.file.read_text(encoding="utf-8"))
        rights = [{"acltype": kind, "topic": "#", "priority": 0, "allow": True} for kind in RIGHTS]
        known["roles"] = [*known.get("roles", []), {"rolename": "everything", "acls": rights}]
        role = [{"rolename": "everything", "priority": 0}]
        known["groups"] = [{"groupname": "nameless", "roles": role, "clients": []}]
        known["anonymousGroup"] = "nameless"
        self.broker.file.write_text(json.dumps(known), encoding="utf-8")
        self.broker.settings["allow_anonymous"] = "true"

    def __enter__(self) -> "Demo":
        try:
            self.broker.start()
            self.hub.start()
            wait_until(lambda: "accounts match the registry" in self.hub.text(), "the hub has its role on the broker")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.hub.close()
        self.broker.stop()

    @contextmanager
    def repeating(self, topic: str, payload: str) -> Iterator[None]:
        """Publish it every 0.3 s meanwhile."""
        publish = ["mosquitto_pub", "-p", str(self.broker.port), "-t", topic, "-m", payload, "-q", "1"]
        repeater = subprocess.Popen([*publish, "--repeat", "1000", "--repeat-delay", "0.3"])
        try:
            yield
        finally:
            repeater.terminate()
            repeater.wait()


@contextmanager
def demo_on(database: str, folder: Path) -> Iterator[Demo]:
    """A Demo that runs, and a folder for who tries it."""
    (folder / "stranger").mkdir()
    with Demo(database, folder) as demo:
        yield demo


class Stranger:
    """A shell in a folder of its own, beside a hub and a broker that run."""

    def __init__(self, demo: Demo, database: str, folder: Path) -> None:
        self.hub, self.folder = demo.hub, folder
        self._env, self._webhook = demo.env, free_port()
        (folder / "hub.toml").write_text(f"[database]\nurl = '{database}'\n", encoding="utf-8")

    def does(self, block: str, **env: str) -> str:
        """Run a block of the README on this test's ports; what it printed. Fails when a command of it fails."""
        block = block.replace("http://127.0.0.1:8420/", f"http://127.0.0.1:{self.hub.port}/")
        block = block.replace("9000", str(self._webhook)).replace("'Last-Event-ID: 17'", "'Last-Event-ID: 0'")
        block = block.replace(".venv/bin/python", f"'{sys.executable}'").replace("./run hub", "hub")
        block = block.replace("MQTT_PORT=1883", f"MQTT_PORT={self._env['MQTT_PORT']}")
        with (self.folder / "printed").open("w+", encoding="utf-8") as printed:
            done = subprocess.run(
                ["bash", "-c", f"set -eu\n{COMMANDS}{block}\necho ${{!:-0}} >background"],
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

    def sees(self, block: str, *expected: str) -> None:
        """Run a block until it prints all that is expected: what was sent takes a moment to be stored."""

        def shown() -> bool:
            told = self.does(block)
            return all(each in told for each in expected)

        wait_until(shown, f"{block} prints {expected}")

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


@pytest.fixture
def stranger(database: str, tmp_path: Path) -> Iterator[Stranger]:
    with demo_on(database, tmp_path) as demo:
        yield Stranger(demo, database, tmp_path / "stranger")


@pytest.mark.parametrize("readme", [README, pytest.param(CHINESE, marks=pytest.mark.heavy)], ids=lambda path: path.name)
def test_the_commands_do_what_the_readme_says(readme: Path, stranger: Stranger) -> None:
    register, publish, wrong, login, post, many = blocks(readme, "sh", INTEGRATOR)
    api = stranger.hub.api

    stranger.does(register)
    stranger.sees(publish, "water-1 works")
    stranger.sees(wrong, "water-1 does not work", '{"Depth": 3.5}\n       ^', '"reason":"unknown_metric"')
    (letter,) = api.get("/api/v1/dead-letters", params={"device": "water-1", "limit": 1}).json()["items"]
    assert letter["device"] == "water-1"
    told = stranger.does(login)
    assert "user name    water-1" in told
    line = next(line for line in told.splitlines() if line.startswith("  mosquitto_pub "))
    assert '{"depth": 0}' in line, "what is published as an example raises no alert"
    stranger.does(line.replace('"depth": 0', '"depth": 7'))
    wait_until(lambda: newest(stranger.hub, "water-1") == 7, "who logs in is heard")
    assert '{"accepted":1,"repeated":0,"conflicting":0,"refused":[]}' in stranger.does(post)
    told = stranger.does(many)
    assert "2 created" in told
    assert "it was a dry run, nothing was stored" in told
    assert [one["code"] for one in api.get("/api/v1/devices").json()["items"]] == ["water-1", "water-2", "water-3"]

    rule, tried, consumer, page_it, streams, steps, cases, quiet, nobody = blocks(readme, "sh", DESK)
    stranger.does(rule)
    told = stranger.does(tried)
    assert "In the last 30 days this rule would have raised no alert." in told
    assert "water-depth" in told.partition("no alert")[2], "the rule stands in the report"
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

    told = stranger.does(cases, ALERT=alert["id"])
    assert "officer Li" in told, "the timeline tells who took it over"
    assert api.get("/api/v1/cases").json()["items"][0]["title"] == alert["title"]

    told = stranger.does(quiet)
    assert "up to orange: region 330110, event_kind offline" in told
    assert "desk" in told, "who would be told of it"
    (reported,) = [each for each in api.get("/api/v1/alerts").json()["items"] if each["origin"] == "manual"]
    assert (reported["level"], reported["region"]) == ("orange", "330110005000")
    told = stranger.does(nobody)
    assert "step 1   desk" in told, "the chain is tried"
    assert "running" in told, "the exercise is on"
    assert "told: desk" in told


def newest(hub: Hub, device: str, metric: str = "depth") -> float | None:
    """The value of a device's newest reading."""
    items = hub.api.get("/api/v1/latest", params={"device": device}).json()["items"]
    return next((float(item["value"]) for item in items if item["metric"] == metric), None)


def test_the_receiver_of_the_readme_trusts_the_hub_and_nobody_else() -> None:
    (code,) = blocks(README, "python", DESK)
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

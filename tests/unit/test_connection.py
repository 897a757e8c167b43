"""Every verb finds the hub, or the database, in the same way, and says which; every --help has an example."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from app.cli.connection import found_database
from app.cli.groups import GROUPS
from app.main import app

COMMAND: Any = typer.main.get_command(app)
COMMAND.load(GROUPS)


def verbs(command: Any = COMMAND, *path: str) -> Iterator[tuple[str, Any]]:
    """All verbs, as they are written."""
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from verbs(each, *path, name)
        elif not each.hidden:
            yield " ".join([*path, name]), each


ALL = dict(verbs())
OPTIONS = {name: {option for each in verb.params for option in each.opts} for name, verb in ALL.items()}
ALONE = {
    "demo",
    "evaluate",
    "evaluate-video",
    "frame capture",
    "frame check",
    "frame replay",
    "regions sample",
    "devices template",
    "edges key",
    "secrets key",
    "video check",
    "video patrol",
}
"""Work without a hub and without a database, some of them only by default."""


def test_each_verb_takes_config_and_those_that_ask_a_hub_its_address() -> None:
    asking = {name for name, options in OPTIONS.items() if "--url" in options}
    assert len(asking) > 30
    for name, options in OPTIONS.items():
        if name in asking:
            assert {"--url", "--token", "--config"} <= options, name
        elif name not in ALONE:
            assert "--config" in options, name


def test_each_help_has_an_example() -> None:
    helps = {name: (verb.help or "").partition("Example:")[2] for name, verb in ALL.items()}
    assert [name for name, example in helps.items() if f"hub {name}" not in example] == []


class Locked(BaseHTTPRequestHandler):
    """A hub that wants another token."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()
        self.wfile.write(b'{"detail": "the token is not right"}')

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *of_a_request: object) -> None:
        """Nothing."""


@pytest.fixture
def locked_hub() -> Iterator[str]:
    """Address of a hub that refuses all, and speaks no TLS."""
    with HTTPServer(("127.0.0.1", 0), Locked) as server:
        serving = Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """URL and Authorization of each request; no hub answers."""
    found: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        found.append((str(request.url.copy_with(query=None)), request.headers.get("authorization")))
        return httpx.Response(200, json={"items": [], "next": None})

    class Client(httpx.Client):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options, transport=httpx.MockTransport(answer))

    monkeypatch.setattr("app.cli.client.httpx.Client", Client)
    return found


@pytest.mark.parametrize(
    ("words", "variables", "base", "token", "source"),
    [
        ([], {}, "http://127.0.0.1:8420", None, "by default"),
        (["--url", "http://hub:1/"], {}, "http://hub:1", None, "--url"),
        ([], {"HUB_URL": "http://hub:2"}, "http://hub:2", None, "HUB_URL"),
        ([], {"HUB_API__PORT": "3", "HUB_API__TOKEN": "t"}, "http://127.0.0.1:3", "Bearer t", "HUB_API__PORT"),
        (["--config", "FILE"], {}, "http://127.0.0.1:4", "Bearer of-file", "--config FILE"),
        ([], {"HUB_CONFIG": "FILE"}, "http://127.0.0.1:4", "Bearer of-file", "HUB_CONFIG FILE"),
        (["--config", "FILE"], {"HUB_URL": "http://hub:2"}, "http://127.0.0.1:4", "Bearer of-file", "--config FILE"),
        (["--url", "http://hub:1"], {"HUB_CONFIG": "FILE"}, "http://hub:1", None, "--url"),
        (["--config", "FILE", "--url", "http://hub:1"], {}, "http://hub:1", None, "--url; --config is not used"),
        (["--url", "http://hub:1/api/v1/"], {}, "http://hub:1", None, "--url"),
        (["--config", "FILE", "--token", "mine"], {}, "http://127.0.0.1:4", "Bearer mine", "--config FILE"),
        (["--url", "http://u:s3cret@hub:1"], {}, "http://u:s3cret@hub:1", None, "--url"),
    ],
)
@pytest.mark.parametrize("verb", ["devices list", "dead-letters list"])
def test_the_hub_is_found_and_told(
    verb: str, words: list[str], variables: dict[str, str], base: str, token: str | None, source: str, tmp_path: Path,
    asked: list[tuple[str, str | None]],
) -> None:  # fmt: skip
    file = tmp_path / "hub.toml"
    file.write_text('[api]\nhost = "0.0.0.0"\nport = 4\ntoken = "of-file"\n', encoding="utf-8")

    def put(text: str) -> str:
        return text.replace("FILE", str(file))

    env = dict.fromkeys(("HUB_URL", "HUB_CONFIG", "HUB_API__PORT", "HUB_API__TOKEN"))
    env |= {name: put(value) for name, value in variables.items()}
    told = CliRunner().invoke(app, [*verb.split(), *map(put, words)], env=env)
    assert told.exit_code == 0, told.output
    login = "Basic dTpzM2NyZXQ=" if "s3cret" in base else token
    assert asked[0] == (f"{base}/api/v1/{verb.split()[0]}", login)
    assert f"hub: {base.replace('s3cret', '***')}" in told.stderr
    assert told.stderr.splitlines()[0].endswith(f"({put(source)})")
    assert "hub: " not in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("dead-letters list", "everything that came could be stored"),
        ("dead-letters list --reason bogus", "No dead letter fits"),
        ("dead-letters list --device air-1", "No dead letter fits"),
        ("alerts list", "no alert yet"),
        ("alerts list --active", "no such alert"),
        ("alerts list --min-level red", "no such alert"),
    ],
)
def test_an_empty_list_says_no_more_than_was_asked(words: str, said: str, asked: list[tuple[str, str | None]]) -> None:
    told = CliRunner().invoke(app, words.split(), env={"LANG": "en_US.UTF-8"})
    assert said in told.stdout


@pytest.mark.parametrize(
    "verb", ["alerts list", "consumers list --json", "dead-letters list", "devices diagnose air-1"]
)
def test_a_language_that_there_is_not_is_refused(verb: str, asked: list[tuple[str, str | None]]) -> None:
    told = CliRunner().invoke(app, [*verb.split(), "--lang", "fr"])
    assert (told.exit_code, asked) == (2, [])
    assert "is en or zh" in told.stderr


@pytest.mark.parametrize("verb", ["rules list", "dead-letters replay", "alerts show x"])
def test_a_hub_that_does_not_do_it_is_told_in_one_way(verb: str, locked_hub: str) -> None:
    def told(*words: str) -> str:
        ended = CliRunner().invoke(app, [*verb.split(), *words])
        assert ended.exit_code == 1
        return ended.stderr

    assert "the token is not right\ngive the token with --token or HUB_API__TOKEN" in told("--url", locked_hub)
    assert "is called with http://" in told("--url", locked_hub.replace("http:", "https:"))


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8420", "http://127.0.0.1:99999", "http://127.0.0.1:0", "ftp://hub", "http://u:s3cret/2@hub", "hub"],
)
def test_an_address_that_cannot_be_called_is_refused_unseen(url: str, asked: list[tuple[str, str | None]]) -> None:
    told = CliRunner().invoke(app, ["devices", "list", "--url", url])
    assert told.exit_code == 1
    assert "write --url or HUB_URL like http://127.0.0.1:8420" in told.stderr
    assert "s3cret" not in told.output
    assert not asked


@pytest.mark.parametrize("broker", ["broker:99999", "broker:0", "broker:x", "mqtt://broker:1883", "u:s@h:1", ":1883"])
def test_a_broker_that_cannot_be_reached_makes_no_secret(broker: str, asked: list[tuple[str, str | None]]) -> None:
    told = CliRunner().invoke(app, ["devices", "credential", "issue", "air-1", "--broker", broker])
    assert told.exit_code == 2
    assert "1 to 65535" in told.output
    assert not asked


def test_settings_that_cannot_be_used_are_told(asked: list[tuple[str, str | None]]) -> None:
    told = CliRunner().invoke(app, ["devices", "list"], env={"HUB_API__PORT": "99999"})
    assert told.exit_code == 1
    assert "HUB_API__PORT" in told.stderr
    assert not asked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://hub:s3cret@db:5433/city", "database: hub@db:5433/city (HUB_DATABASE__URL)"),
        ("host=db dbname=city password=s3cret", "database: db/city (HUB_DATABASE__URL)"),
    ],
)
def test_the_database_is_told_without_its_password(
    url: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE__URL", url)
    assert found_database(None).database.url == url
    assert capsys.readouterr().err.strip() == shown

"""What the command line says of a refusal, and how it shows what a hub answers."""

from collections import Counter
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from app.cli import commands, provisioning
from app.cli.client import out, refused

TOO_LONG = "a division code has 12 digits"


@pytest.mark.parametrize(
    ("detail", "errors", "told"),
    [
        (f"/region: {TOO_LONG}", [{"pointer": "/region", "problem": TOO_LONG}], f"region: {TOO_LONG}\n"),
        ("/: not JSON", [{"pointer": "/", "problem": "not JSON"}], "not JSON\n"),
        ("limit: too much", [{"pointer": "limit", "problem": "too much"}], "limit: too much\n"),
        (
            "2 things are wrong",
            [{"line": 2, "problem": "bad"}, {"line": 7, "problem": "worse"}],
            "2 things are wrong\n  line 2: bad\n  line 7: worse\n",
        ),
        ("/ is a fine name", [], "/ is a fine name\n"),
        (
            "/tags/a: bad (and 1 more)",
            [{"pointer": "/tags/a", "problem": "bad"}, {"pointer": "/", "problem": "incomplete"}],
            "tags/a: bad (and 1 more)\n  tags/a: bad\n  incomplete\n",
        ),
    ],
)
def test_a_refusal_names_the_place_as_people_do(
    detail: str, errors: list[dict[str, str]], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        refused(httpx.Response(422, json={"detail": detail, "errors": errors}))
    assert capsys.readouterr().err == told


def test_codes_of_keys_are_whole_at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"code": "air-2026-west-lake", "profile": "road-waterlogging", "organisation": "drainage-company"}
    more = {"state": "pending", "used": 120, "limit": 500, "expires_at": "2027-01-01T00:00:00Z", "enabled": False}
    page = httpx.Response(200, json={"items": [{**key, **more}], "next": None})
    monkeypatch.setattr(provisioning, "call", lambda *_, **__: page)
    monkeypatch.setattr(out, "width", 80)
    shown = CliRunner().invoke(provisioning.key, ["list"]).output
    assert "…" not in shown
    assert "air-2026-west-lake" in shown
    below = "\n".join(shown.splitlines()[3:])
    assert "120 of 500" in below
    # The columns may break a long code, and leave nothing of it out.
    wanted = Counter("".join(key.values()))
    assert Counter(below) >= wanted, shown


@pytest.mark.parametrize(
    ("options", "lifetime", "waits"), [([], 10, [12]), ([], 30, [12, 20]), (["--timeout", "3"], 3, [5])]
)
def test_a_command_is_awaited_until_its_time_is_over(
    options: list[str], lifetime: int, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def call(*_: object, params: dict[str, float], **__: Any) -> httpx.Response:
        asked.append(params["wait_s"])
        over = sum(asked) > lifetime
        times = {"created_at": "2026-01-01T00:00:00Z", "expires_at": f"2026-01-01T00:00:{lifetime:02}Z"}
        state = {"state": "timed_out" if over else "sent", "settled_at": "2026-01-01T00:01:00Z" if over else None}
        return httpx.Response(200, json={"id": "1", "reply": None, "late": False, "error": None, **times, **state})

    monkeypatch.setattr(commands, "call", call)
    app = typer.Typer()
    app.command()(commands.command)
    told = CliRunner().invoke(app, ["lamp-1", "reboot", *options])
    assert asked == waits
    assert (told.exit_code, "timed out" in told.output) == (1, True), told.output

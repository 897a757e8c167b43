"""What `hub forwards` says before it asks the hub, and how it shows a target (app/cli/forwards.py)."""

from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import forwards as verbs

PLATFORM = "33010000002000000001"
ADD = ["add", "gb28181", "city", "10.30.0.5:5060"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "--platform-id: give the 20 digits of the superior platform"),
        (["--platform-id", "3301"], "--platform-id: give the 20 digits of the superior platform; '3301' has 4"),
        (["--platform-id", PLATFORM], "--number: give the 20 digits of the hub there"),
        (["--platform-id", PLATFORM, "--number", f"{PLATFORM}0"], "--number: give the 20 digits"),
    ],
)
def test_a_number_of_a_platform_that_is_missing_or_short_is_asked_for(
    given: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "call", lambda *_args, **_more: pytest.fail("the hub was asked"))
    told = CliRunner().invoke(verbs.forwards, [*ADD, *given], env={"COLUMNS": "200"})
    assert told.exit_code == 1
    assert said in told.output


def test_a_target_is_shown_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer:
        def json(self) -> dict[str, Any]:
            shown = dict.fromkeys((*verbs._SHOWN, "code"))
            registration = {
                "registered_at": "2026-11-30T02:17:24Z",
                "responds": None,
                "subscriptions": ["Alarm", "Catalog"],
            }
            return shown | {"code": "city", "platform": {"id": PLATFORM, "realm": None}, "registration": registration}

    monkeypatch.setattr(verbs, "call", lambda *_args, **_more: Answer())
    told = CliRunner().invoke(verbs.forwards, ["show", "city"], env={"COLUMNS": "200"})
    assert f"platform      id {PLATFORM}\n" in told.output
    assert "registration  registered_at 2026-11-30T02:17:24Z; subscriptions Alarm, Catalog\n" in told.output

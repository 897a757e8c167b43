"""What `hub cameras` says before it asks the hub (app/cli/cameras.py)."""

import pytest
from typer.testing import CliRunner

from app.cli import cameras as verbs


@pytest.mark.parametrize("month", ["2026-13", "November", "2026"])
def test_a_month_that_is_none_is_told_as_one(month: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "call", lambda *_args, **_more: pytest.fail("the hub was asked"))
    told = CliRunner().invoke(verbs.cameras, ["rates", "--month", month], env={"COLUMNS": "200"})
    assert told.exit_code == 1
    assert f"--month {month}: write a year and a month, such as 2026-11" in told.output

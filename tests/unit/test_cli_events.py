"""Pictures and clips of events that are written to files (app/cli/events.py)."""

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import events as verbs


@pytest.mark.parametrize("verb", ["picture", "clip"])
def test_what_is_read_is_written_or_the_reason_is_told(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "call", lambda *_given, **_more: httpx.Response(200, content=b"abc"))
    there, nowhere = tmp_path / "a.jpg", tmp_path / "none" / "a.jpg"
    assert CliRunner().invoke(verbs.events, [verb, "1", "--out", str(there)]).exit_code == 0
    assert there.read_bytes() == b"abc"
    told = CliRunner().invoke(verbs.events, [verb, "1", "--out", str(nowhere)])
    assert told.exit_code == 1
    assert "cannot be written: No such file or directory" in told.output.replace("\n", " ")

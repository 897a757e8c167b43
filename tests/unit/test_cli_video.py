"""What `hub video check` says of a source that cannot be read (app/cli/video.py)."""

import pytest
from typer.testing import CliRunner

from app.cli import video as verbs
from devices.cameras.failure import CameraFailed
from hub.words.sentence import Sentence


def test_a_source_without_a_frame_is_told_by_its_fault_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*_given: object) -> None:
        raise ExceptionGroup("", [CameraFailed("connect", Sentence("refusal.camera.analysis", error="none"))])

    monkeypatch.setattr(verbs, "_checked", failing)
    told = CliRunner().invoke(verbs.video, ["check", "clip.mp4", "--lang", "en"])
    assert told.exit_code == 1
    assert told.output == "the analysis cannot be used: none\n"

"""`hub evaluate-video` over clips that are made here."""

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from app.main import app
from tests.support.video_scenes import place, seen


def clip(path: Path, seconds: int, dark: range) -> None:
    """A street of 5 frames a second, with the lens capped for some of them."""
    file = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5, (320, 180))
    for number in range(5 * seconds):
        file.write(seen(place(320, 180) // (20 if number // 5 in dark else 1), number))
    file.release()


def test_it_tells_what_is_found_missed_and_false_and_survives_what_is_no_clip(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip(tmp_path / "capped.mp4", 16, range(6, 12))
    labels = [{"kind": "black", "begin": 6, "end": 12}, {"kind": "freeze", "begin": 1, "end": 3}]
    (tmp_path / "capped.json").write_text(json.dumps({"events": labels}))
    clip(tmp_path / "unlabelled.mp4", 8, range(2, 8))
    (tmp_path / "labels.csv").write_text("clip,kind,begin\n")
    (tmp_path / "garbage.mkv").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile '{tmp_path}/unlabelled.mp4'\n")

    result = CliRunner().invoke(app, ["evaluate-video", str(tmp_path), "--json"])
    assert result.exit_code == 1  # one clip cannot be read
    told = json.loads(result.stdout)
    assert told["unread"] == ["labels.csv"]
    black, freeze = told["kinds"]["black"], told["kinds"]["freeze"]
    assert (black["events"], black["found"], black["missed"], black["false"]) == (1, 1, 0, 1)
    assert 1 <= black["delay_s"]["median"] <= 4
    assert (freeze["events"], freeze["missed"]) == (1, 1)
    by_name = {one["clip"]: one for one in told["clips"]}
    assert by_name["garbage.mkv"]["fault"].startswith("no frame of it can be decoded")
    assert by_name["list.mp4"]["fault"].startswith("no frame of it can be decoded")  # it names another file
    assert by_name["capped.mp4"]["wrong"] == ["missed freeze at 1.0 s"]
    assert by_name["capped.mp4"]["seconds"] == pytest.approx(16)
    assert by_name["unlabelled.mp4"]["labelled"] is False
    assert told["cost"]["frames"] == 5 * (16 + 8)
    assert told["cost"]["cameras_a_core"] > 1

    table = CliRunner().invoke(app, ["evaluate-video", str(tmp_path), "--kinds", "black"])
    assert table.stderr.startswith("not read as labels: labels.csv (1); ")
    assert "garbage.mkv: no frame of it can be decoded" in table.stdout
    assert capfd.readouterr().err == "", "what a decoder prints is no output of the command"


def test_it_takes_no_empty_name_for_the_current_folder() -> None:
    result = CliRunner().invoke(app, ["evaluate-video", ""])
    assert result.exit_code == 2
    assert "it is empty: name a clip" in result.output


def test_it_refuses_labels_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (tmp_path / "a.json").write_text('{"events": [{"kind": "face", "begin": 1}]}')
    result = CliRunner().invoke(app, ["evaluate-video", str(tmp_path)])
    assert result.exit_code == 1
    assert "'face' is not a kind" in result.stderr

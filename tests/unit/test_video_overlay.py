"""The copy with what is found drawn in (app/video/overlay.py, app/video/overlay_place.py)."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from analytics.video.finding import Finding
from analytics.video.settings import read_settings
from app.video.overlay import Overlay
from app.video.overlay_place import refused

PICTURE = np.zeros((36, 64, 3), np.uint8)


def written(path: Path, fps: float, times: list[float]) -> float:
    """Seconds of the file."""
    overlay = Overlay(path, fps, read_settings({}))
    for t in times:
        overlay.draw(t, PICTURE, [])
    assert not path.exists()
    overlay.close()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    reader = cv2.VideoCapture(str(path))
    return float(reader.get(cv2.CAP_PROP_FRAME_COUNT) / reader.get(cv2.CAP_PROP_FPS))


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([number / 5 for number in range(50)], 10),
        ([7 + number / 2 for number in range(20)], 9.7),
        ([number / 7 for number in range(70)], 10),
        ([0, 0.2, 9.8], 10),
        ([0, 0.2, 0.4, -50, -49.8], 1),
    ],
)
def test_it_lasts_as_long_as_what_was_looked_at(times: list[float], seconds: float, tmp_path: Path) -> None:
    assert written(tmp_path / "found.mp4", 5, times) == pytest.approx(seconds, abs=0.21)


@pytest.mark.parametrize(("name", "code"), [("found.webm", "VP80"), ("found.mp4", "mp4v"), ("found.mkv", "mp4v")])
def test_what_is_found_is_framed_where_it_is_in_what_browsers_or_players_play(
    name: str, code: str, tmp_path: Path
) -> None:
    overlay = Overlay(tmp_path / name, 5, read_settings({}))
    here = Finding(0.0, "flame", "active", 0.9, None, {}, (0.5, 0.5, 0.75, 0.75))
    for number, active in enumerate(([here], [here._replace(box=None)])):
        overlay.draw(number / 5, np.zeros((180, 320, 3), np.uint8), active)
    overlay.close()
    reader = cv2.VideoCapture(str(tmp_path / name))
    told = int(reader.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    assert told.upper() in (code.upper(), "FMP4")
    framed, whole = (np.asarray(reader.read()[1]).max(axis=2) for _ in range(2))
    assert framed[80:145, 150:250].mean() > 5
    assert framed[150:].max() < 60, "the rest of the picture is left as it was"
    assert whole[178:].mean() > 60


def test_what_is_read_and_what_cannot_be_written_are_refused(tmp_path: Path) -> None:
    clip, link, hard = tmp_path / "clip.mp4", tmp_path / "link.mp4", tmp_path / "hard.mp4"
    clip.touch()
    link.symlink_to(clip)
    hard.hardlink_to(clip)
    for path, key in (
        (clip, "own"), (link, "own"), (hard, "own"),
        (tmp_path / "no" / "a.mp4", "folder"), (tmp_path / "a.txt", "ending"),
    ):  # fmt: skip
        sentence = refused(path, [clip])
        assert sentence is not None
        assert sentence.key == f"video.overlay.{key}"
    assert refused(tmp_path / "new.mp4", [clip]) is None

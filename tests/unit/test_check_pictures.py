"""What `hub check` says of the folder of pictures (app/check/pictures.py)."""

from pathlib import Path
from shutil import _ntuple_diskusage

import pytest

from app.check import pictures
from app.check.pictures import check_pictures
from hub.picture_settings import Pictures
from hub.settings import Settings


def found(folder: Path | None) -> tuple[str, str]:
    kept = Pictures() if folder is None else Pictures(store="folder", folder=folder)
    lines = check_pictures(Settings.model_construct(pictures=kept))
    return (lines[0].level, lines[0].what) if lines else ("none", "")


def free(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: _ntuple_diskusage(1, 1, megabytes << 20))


def test_a_folder_tells_what_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 5_000)
    assert found(None) == ("none", "")
    assert found(tmp_path) == ("ok", f"pictures.folder: {tmp_path}, 5,000 MB are free")
    assert found(tmp_path / "new") == ("ok", f"pictures.folder: {tmp_path / 'new'} will be made, 5,000 MB are free")
    assert not list(tmp_path.iterdir()), "nothing of the check stays"
    free(monkeypatch, 100)
    assert found(tmp_path)[0] == "warn"


def test_a_folder_that_takes_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    assert found(tmp_path / "file" / "pictures")[0] == "fail"

    def full(**_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pictures, "TemporaryFile", full)
    level, what = found(tmp_path)
    assert (level, "takes nothing: No space left on device" in what) == ("fail", True)

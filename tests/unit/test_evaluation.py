"""`hub evaluate` over a small folder."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analytics.evaluation.files import BadData, read_series, read_windows, series_files
from app.main import app
from tests.support.detector_series import daily


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data" / "water"
    place.mkdir(parents=True)
    value = daily(900)
    rows = [f"2026-01-{1 + i // 288:02} {i // 12 % 24:02}:{i % 12 * 5:02}:00,{value[i]}" for i in range(900)]
    rows[5] = rows[5].split(",")[0] + ",broken"
    (place / "a.csv").write_text("\n".join(["timestamp,value", *rows]) + "\n", encoding="utf-8")
    windows = {"water/a.csv": [["2026-01-03 01:00:00", "2026-01-03 03:00:00"]]}
    (place.parent / "windows.json").write_text(json.dumps(windows), encoding="utf-8")
    return place.parent


def test_scores_and_pictures_are_written(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", str(folder), "--out", str(tmp_path / "out"), "--plot"])
    assert result.exit_code == 0, result.output
    assert "1 files, 900 readings" in result.output
    assert "Numenta score of 1 files: standard " in result.output
    with (tmp_path / "out" / "water" / "a.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["timestamp"] for row in rows[:2]] == ["2026-01-01 00:00:00", "2026-01-01 00:05:00"]
    scores = np.array([float(row["anomaly_score"]) for row in rows])
    assert len(scores) == 900
    assert scores[600] > 0.99  # the jump
    assert (scores[:48] == 0).all()
    assert (tmp_path / "out" / "water" / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "time,value\n1,2\n", "no columns timestamp and value"),
        ("b.csv", "timestamp,value\n2026-01-01 00:00:00,1\nyesterday,2\n", "line 3 of b.csv: 'yesterday' is no time"),
        ("c.csv", "timestamp,value\n,2\n", "line 2 of c.csv"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadData, match=told):
        read_series(tmp_path, tmp_path / name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("timestamp,value,地点\n2026-01-01,1,杭州\n".encode("gb18030"), "a.csv is not in UTF-8"),
        (b"timestamp,value\n2026-01-01," + b"1" * 200_000 + b"\n", "a.csv is no CSV"),
    ],
)
def test_a_file_of_another_kind_is_told_by_its_name(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(BadData, match=told):
        read_series(tmp_path, tmp_path / "a.csv")


def test_a_value_that_is_no_number_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("timestamp,value\n2026-01-01T00:00:00Z,x\n2026-01-01T08:00:01+08:00\n", "utf-8")
    series = read_series(tmp_path, tmp_path / "a.csv")
    assert all(math.isnan(value) for value in series.value.tolist())
    assert np.diff(series.ts).tolist() == [1_000_000]


def test_folders_and_windows_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="is no folder"):
        series_files(tmp_path / "none")
    with pytest.raises(BadData, match=r"holds no \.csv file"):
        series_files(tmp_path)
    assert read_windows(tmp_path / "none.json") == {}
    for text in ("{", '{"a.csv": [1]}', "[]"):
        (tmp_path / "w.json").write_text(text, encoding="utf-8")
        with pytest.raises(BadData, match="is not of the form"):
            read_windows(tmp_path / "w.json")


def test_wrong_commands_say_what_to_do(tmp_path: Path) -> None:
    unknown = CliRunner().invoke(app, ["evaluate", str(tmp_path), "--out", "x", "--detector", "oracle"])
    assert unknown.exit_code == 1
    assert "there is no detector 'oracle'; name one of ensemble" in unknown.output.replace("\n", " ")
    empty = CliRunner().invoke(app, ["evaluate", str(tmp_path), "--out", "x"])
    assert empty.exit_code == 1
    assert "holds no .csv file" in empty.output.replace("\n", " ")


def test_files_with_places_are_held_against_their_neighbours(tmp_path: Path) -> None:
    """32 days each hour; on the last all five rise, and the last one once more by itself."""
    data, out, random = tmp_path / "data", tmp_path / "out", np.random.default_rng(1)
    (data / "gauge").mkdir(parents=True)
    n = np.arange(32 * 24)
    for number in range(5):
        value = 20 + 3 * np.sin(n * 2 * np.pi / 24) + random.normal(0, 0.2, len(n)) + np.maximum(n - 31 * 24, 0) * 0.2
        value[-10:] += 15 if number == 4 else 0
        stamps = np.datetime64("2026-01-01T00:00:00") + n * np.timedelta64(3600, "s") + np.timedelta64(number, "m")
        rows = [f"{stamp},{each:.3f}" for stamp, each in zip(stamps.tolist(), value.tolist(), strict=True)]
        (data / "gauge" / f"{number}.csv").write_text("\n".join(["timestamp,value", *rows]), encoding="utf-8")

    def unusual(detector: str) -> list[int]:
        asked = ["evaluate", str(data), "--out", str(out), "--detector", detector]
        result = CliRunner().invoke(app, asked)
        assert result.exit_code == 0, result.output
        found = []
        for number in range(5):
            scores = np.loadtxt(out / "gauge" / f"{number}.csv", delimiter=",", skiprows=1, usecols=1)
            assert len(scores) == len(n)
            found += [number] if scores.max() >= 0.99 else []
        return found

    assert unusual("unshared") == [0, 1, 2, 3, 4]
    places = {f"gauge/{number}.csv": [120, 30 + 0.003 * number] for number in range(5)}
    (data / "places.json").write_text(json.dumps(places), encoding="utf-8")
    assert unusual("unshared") == [4]
    (data / "places.json").write_text('{"gauge/0.csv": [1200, 30]}', encoding="utf-8")
    wrong = CliRunner().invoke(app, ["evaluate", str(data), "--out", str(out), "--detector", "unshared"])
    assert (wrong.exit_code, "beyond 180 degrees" in wrong.output.replace("\n", " ")) == (1, True)

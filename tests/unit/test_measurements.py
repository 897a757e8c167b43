"""Files of measurements: read exactly, and refused with the line that is wrong."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.models import to_micros
from simulator.measurements import FileError, read_measurements
from simulator.replay import plan_sources


def written(folder: Path, text: str | bytes, name: str = "m.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_times_without_a_zone_take_the_given_one(tmp_path: Path) -> None:
    path = written(
        tmp_path, "\ufefftimestamp,value\r\n2015-09-01 13:45:00,3.06\r\n2015-09-01T13:50:00.25+02:00,-1e-3\r\n\r\n"
    )
    first, second = read_measurements(path, UTC)
    assert first == (to_micros(datetime(2015, 9, 1, 13, 45, tzinfo=UTC)), 3.06)
    assert second == (to_micros(datetime(2015, 9, 1, 11, 50, 0, 250_000, tzinfo=UTC)), -0.001)
    moved, unmoved = read_measurements(path, ZoneInfo("Asia/Shanghai"))
    assert first.ts - moved.ts == 8 * 3600 * 1_000_000
    assert unmoved == second


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time,value\n", "line 1: the header must be timestamp,value"),
        ("", "line 1: the header"),
        ("timestamp,value\n2015-09-01,1\n2015-09-02\n", "line 3: two columns are needed, found 1"),
        ("timestamp,value\nyesterday,1\n", "line 2: 'yesterday' is no ISO 8601 time"),
        ("timestamp,value\n\n2015-09-01,high\n", "line 3: 'high' is no number"),
        ("timestamp,value\n2015-09-01,nan\n", "line 2: 'nan' is not finite"),
        ("timestamp,value\n", "no rows after the header"),
        (b"timestamp,value\n2015-09-01,\xff\n", "not UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FileError, match=r"m\.csv") as caught:
        plan_sources([path], None, None, UTC)
    assert told in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        plan_sources([tmp_path / "none.csv"], None, None, UTC)


def test_files_become_series(tmp_path: Path) -> None:
    text = "timestamp,value\n2015-09-01,1\n2015-09-02,2\n"
    one, two = written(tmp_path, text, "speed 1.csv"), written(tmp_path, text, "-occupancy.csv")

    def names(device: str | None, metric: str | None, *paths: Path) -> list[tuple[str, str, int]]:
        return [
            (source.device, source.metric, source.rows) for source in plan_sources(list(paths), device, metric, UTC)
        ]

    assert names(None, None, one, two) == [("speed-1", "value", 2), ("occupancy", "value", 2)]
    assert names("d", None, one) == [("d", "value", 2)]
    assert names("d", None, one, two) == [("d", "speed-1", 2), ("d", "occupancy", 2)]
    with pytest.raises(FileError, match="same series"):
        names("d", "m", one, two)

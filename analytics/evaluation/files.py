"""Files of labelled series: CSV with the columns timestamp and value, and windows of what was unusual in JSON."""

import csv
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from analytics.detectors.detector import Floats, Ints
from hub.errors import HubError


class BadData(HubError):
    """A file of the data folder cannot be used"""


@dataclass(frozen=True, slots=True)
class Series:
    """One file: `name` is its path below the folder; arrays of n rows as they stand there."""

    name: str
    stamps: list[str]
    """As written."""
    ts: Ints
    """µs; a stamp without a zone counts as UTC."""
    value: Floats
    """NaN where there is no number."""


def series_files(folder: Path) -> list[Path]:
    """The CSV files below a folder, by path; raises BadData when there is none."""
    if not folder.is_dir():
        raise BadData(f"{folder} is no folder; name one that holds <category>/<name>.csv")
    found = sorted(folder.rglob("*.csv"))
    if not found:
        raise BadData(f"{folder} holds no .csv file; name a folder that holds <category>/<name>.csv")
    return found


def read_series(folder: Path, path: Path) -> Series:
    """Read a file; raises BadData with its line."""
    name = path.relative_to(folder).as_posix()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _series(name, csv.DictReader(file))
    except UnicodeError as error:
        raise BadData(f"{name} is not in UTF-8: save it as CSV UTF-8") from error
    except csv.Error as error:
        raise BadData(f"{name} is no CSV: {error}") from error


def _series(name: str, rows: "csv.DictReader[str]") -> Series:
    stamps: list[str] = []
    times: list[int] = []
    values: list[float] = []
    if not {"timestamp", "value"} <= set(rows.fieldnames or ()):
        raise BadData(f"{name} has no columns timestamp and value in its first line; give it these two")
    for row in rows:
        try:
            stamp = datetime.fromisoformat(row["timestamp"])
            times.append(round((stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp() * 1_000_000))
        except (ValueError, TypeError) as error:
            fault = f"line {rows.line_num} of {name}: {row['timestamp']!r} is no time like 2026-03-01 12:00:00"
            raise BadData(fault) from error
        stamps.append(row["timestamp"])
        values.append(_number(row["value"]))
    return Series(name, stamps, np.array(times, np.int64), np.array(values, np.float64))


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def read_windows(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Windows by the name of a file: {"category/name.csv": [["begin", "end"], ...]}; empty without the file."""
    if not path.exists():
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        return {name: [(str(begin), str(end)) for begin, end in spans] for name, spans in given.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadData(f'{path} is not of the form {{"category/name.csv": [["begin", "end"], ...]}}: {error}') from error


def read_places(path: Path) -> dict[str, tuple[float, float]]:
    """Places by the name of a file: {"category/name.csv": [longitude, latitude], ...}; empty without the file."""
    if not path.exists():
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        places = {name: (float(lon), float(lat)) for name, (lon, lat) in given.items()}
        if not all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in places.values()):
            raise ValueError("a place lies beyond 180 degrees east or west, or 90 north or south")
    except (ValueError, TypeError, AttributeError) as error:
        raise BadData(f'{path} is not of the form {{"category/name.csv": [lon, lat]}}: {error}') from error
    return places

"""Reads files of real measurements: CSV with the header `timestamp,value`."""

import csv
from collections.abc import Iterator
from datetime import datetime, tzinfo
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from hub.models import Micros, to_micros

HEADER = ["timestamp", "value"]


class Measurement(NamedTuple):
    """A timestamped value."""

    ts: Micros
    value: float


class FileError(Exception):
    """A file cannot be read as measurements; the text names the file and the line"""


def read_measurements(path: Path, zone: tzinfo) -> Iterator[Measurement]:
    """Yield rows in file order; `zone` applies to local timestamps. FileError names the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if [name.strip().lower() for name in header] != HEADER:
                raise FileError(f"{path}, line 1: the header must be {','.join(HEADER)}, not {','.join(header)!r}")
            for row in rows:
                if row:
                    yield _measurement(row, zone, f"{path}, line {rows.line_num}")
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: not UTF-8: {error.reason}") from error
    except csv.Error as error:
        raise FileError(f"{path}: not CSV: {error}") from error


def _measurement(row: list[str], zone: tzinfo, where: str) -> Measurement:
    if len(row) != len(HEADER):
        raise FileError(f"{where}: two columns are needed, found {len(row)}")
    try:
        at = datetime.fromisoformat(row[0].strip())
    except ValueError:
        raise FileError(f"{where}: {row[0]!r} is no ISO 8601 time") from None
    try:
        value = float(row[1])
    except ValueError:
        raise FileError(f"{where}: {row[1]!r} is no number") from None
    if not isfinite(value):
        raise FileError(f"{where}: {row[1]!r} is not finite")
    return Measurement(to_micros(at if at.tzinfo else at.replace(tzinfo=zone)), value)

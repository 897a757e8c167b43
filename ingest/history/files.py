"""Reads a file of readings in blocks from any position; one block is stored per transaction."""

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from devices.sheets.delimiter import delimiter_of
from hub.errors import HistoryRefused
from ingest.history.arrow import parquet_blocks, parquet_shape, parse_csv
from ingest.history.columns import Column
from ingest.history.report import Problem

BLOCK_BYTES = 6 << 20
"""Of a CSV file are read at a time: some 180,000 rows of device,metric,ts,value. Bounds memory, and a transaction."""
BLOCK_VALUES = 200_000
"""Readings of a block of a Parquet file, at most."""
_MAX_LINE = 1 << 20
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"


class Block(NamedTuple):
    columns: dict[str, Column]
    lines: NDArray[np.int64]
    """The line of each row, from 1 (Parquet: the row)."""
    odd: list[Problem]
    """Lines that are no rows."""
    position: int
    """Where to read on."""
    line: int
    """The number of lines before that."""


class HistoryFile(Protocol):
    names: list[str]
    delimiter: str
    """Between cells, where there are any."""
    end: int
    """The position at which everything has been read."""

    def blocks(self, wanted: Sequence[str], position: int, line: int) -> Iterator[Block]:
        """Yield blocks from a position: 0, or one reported by an earlier block."""


def open_file(path: Path, is_name: Callable[[str], bool], delimiter: str | None = None) -> HistoryFile:
    """Detect the file format by content, and the delimiter by the header; HistoryRefused when unreadable.

    `is_name` tells whether a column of this name has a role of its own.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start == _ZIP:
        raise HistoryRefused(f"{path} is a workbook, or another packed file: save the sheet as CSV, or unpack it")
    return ParquetFile(path) if start == _PARQUET else CsvFile(path, is_name, delimiter)


class CsvFile:
    """CSV with a header; UTF-8 with or without BOM; line breaks within cells are not supported."""

    def __init__(self, path: Path, is_name: Callable[[str], bool], delimiter: str | None) -> None:
        self._path = path
        with path.open("rb") as file:
            header = file.readline(_MAX_LINE)
        self._start, self.end = len(header), path.stat().st_size
        try:
            text = header.removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError as error:
            raise HistoryRefused(f"{path}: the header is not UTF-8 (byte {error.start})") from error
        self.delimiter = delimiter or delimiter_of(text, is_name)
        try:
            self.names = [name.strip() for name in next(csv.reader([text], delimiter=self.delimiter), [])]
        except csv.Error as error:
            raise HistoryRefused(f"{path}: the first line is no CSV: {str(error).partition(' - ')[0]}") from error
        if not any(self.names):
            raise HistoryRefused(f"{path}: the first line must name the columns")
        if twice := {name for name in self.names if self.names.count(name) > 1}:
            raise HistoryRefused(f"{path}: more than one column is named {min(twice)!r}")

    def blocks(self, wanted: Sequence[str], position: int, line: int) -> Iterator[Block]:
        """Whole lines, BLOCK_BYTES at a time."""
        position, line = (position, line) if position else (self._start, 1)
        for data in self._lines(position):
            position += len(data)
            columns, rows, odd = parse_csv(data, self.names, self.delimiter)
            problems = [self._cells(line + number + 1) for number in odd]
            lines = rows + (line + 1)
            line += data.count(b"\n") + (not data.endswith(b"\n"))
            yield Block({name: columns[name] for name in wanted}, lines, problems, position, line)

    def _lines(self, position: int) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            file.seek(position)
            rest = b""
            while data := file.read(BLOCK_BYTES):
                data = rest + data
                cut = data.rfind(b"\n") + 1
                if len(data) - cut > _MAX_LINE:
                    raise HistoryRefused(f"{self._path}: a line after byte {position + cut} is longer than 1 MiB")
                rest = data[cut:]
                position += cut
                if cut:
                    yield data[:cut]
            if rest:
                yield rest

    def _cells(self, line: int) -> Problem:
        return Problem(line, "", "it has too many or too few cells", f"{len(self.names)} cells, as the header")


class ParquetFile:
    """Parquet with numeric, timestamp and text columns, read by row group."""

    delimiter = ","

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names, self.end = parquet_shape(path)

    def blocks(self, wanted: Sequence[str], position: int, line: int) -> Iterator[Block]:
        """Rows, so many that they hold BLOCK_VALUES cells."""
        size = max(1000, BLOCK_VALUES // max(1, len(wanted) - 2))
        for columns, rows in parquet_blocks(self._path, list(wanted), position, size):
            lines = np.arange(position + 1, position + rows + 1, dtype=np.int64)
            position += rows
            yield Block(columns, lines, [], position, position)

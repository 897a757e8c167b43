"""A sheet in parts of a bounded size, as one process tells another of it: rows for COPY, and mistakes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from devices.sheets.device_rows import DeviceSheet
from devices.sheets.mistakes import Mistake
from devices.sheets.region_rows import Region, read_region_file
from hub.store.copy_text import copy_lines

ROWS_BYTES, MISTAKES = 256 << 10, 500
"""A part has no more rows once it has so many bytes of them, and no more mistakes than that."""
CHUNK = 2_000
"""Divisions that are read at once."""


class Part(msgspec.Struct, array_like=True):
    """A part of a sheet; `columns` and `hopeless` are the same in all parts once they are known."""

    rows: bytes = b""
    """In PostgreSQL's COPY text format, a line each."""
    mistakes: Sequence[Mistake] = ()
    share: float = 1.0
    """Of the file that has been read, 0 to 1."""
    columns: Sequence[str] = ()
    """That the header names."""
    hopeless: bool = False
    """Whether the file or its header is wrong itself, so that no part of it can be taken."""


def too_costly() -> Part:
    """What is told of a sheet that needs more memory or time than its reader may have."""
    wrong = "the file takes more memory or time than the largest sheet: it is not what it seems"
    return Part(mistakes=[Mistake(1, "", "", wrong, "save it once more, without what is no device", "")], hopeless=True)


def device_parts(path: Path) -> Iterator[Part]:
    """The parts of a sheet of devices."""
    sheet = DeviceSheet(path)
    for checked in sheet.parts():
        whole = Part(share=checked.share, columns=sheet.columns, hopeless=sheet.hopeless)
        yield from _parts(whole, copy_lines(checked.rows), checked.mistakes)


def region_parts(path: Path) -> Iterator[Part]:
    """The parts of a file of divisions."""
    found = read_region_file(path)
    while chunk := list(islice(found, CHUNK)):
        regions = [item.staged() for item in chunk if isinstance(item, Region)]
        yield from _parts(Part(), copy_lines(regions), [item for item in chunk if isinstance(item, Mistake)])


KINDS: Mapping[str, Callable[[Path], Iterator[Part]]] = {"devices": device_parts, "regions": region_parts}
"""By name: what is read."""


def _parts(whole: Part, lines: Iterator[bytes], mistakes: list[Mistake]) -> Iterator[Part]:
    """`whole` with these rows and mistakes, divided."""
    for start in range(0, max(len(mistakes), 1), MISTAKES):
        yield replace(whole, rows=_joined(lines), mistakes=mistakes[start : start + MISTAKES])
    while rows := _joined(lines):
        yield replace(whole, rows=rows)


def _joined(lines: Iterator[bytes]) -> bytes:
    joined, size = list[bytes](), 0
    for line in lines:
        joined.append(line)
        size += len(line)
        if size >= ROWS_BYTES:
            break
    return b"".join(joined)

"""Exports devices as CSV or XLSX that the import accepts unchanged."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from devices.sheets.address_cells import written_addresses
from devices.sheets.columns import NAMES
from devices.sheets.damage import COLUMNS as IDENTITIES
from devices.sheets.damage import damage
from devices.sheets.escape import escaped

COLUMNS = tuple(name for name in NAMES if name != "credential")
"""Of an export; credentials are stored hashed and never leave."""
_PLAIN = frozenset(";；=\\")


def cells_of(device: Mapping[str, Any]) -> list[str | float | None]:
    """Cells of a device in the order of COLUMNS, null for what is not exported.

    Text is escaped, and so are codes that look damaged.
    """
    crs = "wgs84" if device["lon"] is not None else None
    addresses = written_addresses(device["addresses"] or ()) or None
    values = {**device, "crs": crs, "addresses": addresses, "tags": tags_text(device["tags"] or {})}
    cells = [escaped(value) if isinstance(value, str) else value for value in map(values.get, COLUMNS)]
    return [f"'{cell}" if isinstance(cell, str) and name in IDENTITIES and damage(cell) else cell
            for name, cell in zip(COLUMNS, cells, strict=True)]  # fmt: skip


def tags_text(tags: Mapping[str, Any]) -> str:
    """Serialise tags as key=value pairs where lossless, otherwise as JSON."""
    if all(map(_simple, tags, tags.values())) and not next(iter(tags), "").startswith("{"):
        return "; ".join(f"{key}={value}" for key, value in tags.items())
    return json.dumps(dict(tags), ensure_ascii=False)


def _simple(key: str, value: object) -> bool:
    return isinstance(value, str) and all(
        text == text.strip() and _PLAIN.isdisjoint(text) and text.isprintable() for text in (key, value)
    )


def csv_lines(lines: Iterable[Iterable[object]]) -> bytes:
    """Encode lines as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


class Workbook:
    """XLSX writer for the sheet `devices`; call `save` once."""

    def __init__(self) -> None:
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("devices")
        self._sheet.freeze_panes = "A2"

    def add(self, lines: Iterable[Iterable[str | float | None]]) -> None:
        """Append lines; text cells are never interpreted as formulas."""
        for line in lines:
            cells = [self._cell(value) for value in line]
            self._sheet.append(cells)

    def _cell(self, value: str | float | None) -> Any:
        if isinstance(value, float):  # spreadsheets keep 15 digits of a number; as text it keeps all
            return value if float(f"{value:.15g}") == value else repr(value)
        if value is None or not value.startswith("="):
            return value
        cell = WriteOnlyCell(self._sheet, value)
        cell.data_type = "s"
        return cell

    def save(self, path: Path) -> None:
        """Write it to a file."""
        self._book.save(path)

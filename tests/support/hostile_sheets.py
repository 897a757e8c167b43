"""Sheets that are small to send and huge to read; `size` is about how many bytes they unpack to."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl

from devices.sheets.shared_strings import NAMESPACE

SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"
_BEGIN, _END = f'<worksheet xmlns="{NAMESPACE}"><sheetData>'.encode(), b"</sheetData></worksheet>"
_BLOCK = 1 << 20


def _filled(begin: bytes, again: bytes, end: bytes, size: int) -> Iterator[bytes]:
    yield begin
    block = again * (_BLOCK // len(again))
    for _ in range(max(size // len(block), 1)):
        yield block
    yield end


def _workbook(path: Path, part: str, begin: bytes, again: bytes, end: bytes, size: int) -> None:
    """A workbook one part of which is filled."""
    book = path.with_suffix(".book")
    openpyxl.Workbook().save(book)
    strings = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/{STRINGS}" ContentType="{strings}"/></Types>'.encode()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            if name not in (part, STRINGS):
                content = old.read(name)
                if name == "[Content_Types].xml" and part == STRINGS and STRINGS.encode() not in content:
                    content = content.replace(b"</Types>", override)
                new.writestr(name, content)
        with new.open(part, "w", force_zip64=True) as out:
            for block in _filled(begin, again, end, size):
                out.write(block)


def _in_sheet(path: Path, begin: bytes, again: bytes, end: bytes, size: int) -> None:
    _workbook(path, SHEET, _BEGIN + begin, again, end + _END, size)


def _unknown(path: Path, size: int) -> None:
    """Each line is good for itself, and names what nobody knows."""
    with path.open("w") as out:
        out.write("code,name,profile,parent,organisation\n")
        for number in range(size // 48):
            out.write(f"d{number},A,nobody-{number},nowhere-{number},org-{number}\n")


def _csv(path: Path, begin: bytes, again: bytes, end: bytes, size: int) -> None:
    with path.open("wb") as out:
        for block in _filled(begin, again, end, size):
            out.write(block)


def long(path: Path) -> None:
    """A small workbook that takes minutes to read: 200 million empty cells."""
    _in_sheet(path, b"", b"<row>" + b"<c/>" * 16_000 + b"</row>", b"", 800 << 20)


_STRINGS = f'<sst xmlns="{NAMESPACE}">'.encode()
_HEADER = b"code,name,profile\n"
HOSTILE: dict[str, Callable[[Path, int], None]] = {
    "cell": lambda path, size: _in_sheet(path, b'<row><c t="inlineStr"><is><t>', b"a", b"</t></is></c></row>", size),
    "attribute": lambda path, size: _in_sheet(path, b'<row><c r="', b"A", b'1"/></row>', size),
    "row": lambda path, size: _in_sheet(path, b"<row>", b"<c/>", b"</row>", size),
    "rows": lambda path, size: _in_sheet(path, b"", b"<row/>", b"", size),
    "string": lambda path, size: _workbook(path, STRINGS, _STRINGS + b"<si><t>", b"a", b"</t></si></sst>", size),
    "strings": lambda path, size: _workbook(path, STRINGS, _STRINGS, b"<si><t>a</t></si>", b"</sst>", size),
    "styles": lambda path, size: _workbook(path, STYLES, b"<s>", b"<a/>", b"</s>", size),
    "commas": lambda path, size: _csv(path, b"", b",", b"\n", size),
    "line ends in quotes": lambda path, size: _csv(path, _HEADER, b'"\n",', b"\n", size),
    "unknown": _unknown,
    "mistakes": lambda path, size: _csv(path, _HEADER, b"?,,\n", b"", size),
}
"""By name: writes one."""
CSV = frozenset({"commas", "line ends in quotes", "mistakes", "unknown"})

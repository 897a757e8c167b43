"""Workbooks that want the hub to read a file, call a server, or write outside: nothing of it happens."""

import io
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from devices.sheets.lines import Line
from devices.sheets.tables import read_lines

PLANTED = "planted-in-a-file"
PARTS = (
    "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml",
    "xl/theme/theme1.xml", "docProps/core.xml",
)  # fmt: skip


def workbook() -> bytes:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    book.worksheets[0].append(["code", "name"])
    book.worksheets[0].append(["air-1", "x"])
    book.save(packed)
    return packed.getvalue()


def changed(part: str, old: bytes, new: bytes, add: dict[str, bytes] | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as whole, zipfile.ZipFile(packed, "w") as out:
        for name in whole.namelist():
            out.writestr(name, whole.read(name).replace(old, new) if name == part else whole.read(name))
        for name, content in (add or {}).items():
            out.writestr(name, content)
    return packed.getvalue()


def read(folder: Path, content: bytes) -> str:
    """All that reading it tells."""
    file = folder / "sheet.xlsx"
    file.write_bytes(content)
    return "\n".join(str(line) for line in read_lines(file))


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that would be called."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def with_doctype(part: str, doctype: str) -> bytes:
    """A part with a document type, whose entity stands in its texts, or where it has none at its beginning."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as whole:
        xml = whole.read(part)
    declared, _, body = xml.partition(b"?>") if xml.startswith(b"<?xml") else (b"", b"", xml)
    prefix = declared + b"?>" if declared else b""
    if b"</t>" in body:
        return changed(part, xml, prefix + doctype.encode() + body.replace(b"</t>", b"&x;</t>"))
    at = body.index(b">") + 1  # behind the start of the root
    return changed(part, xml, prefix + doctype.encode() + body[:at] + b"&x;" + body[at:])


def test_a_sheet_declares_no_document_type_at_all(tmp_path: Path) -> None:
    inner = with_doctype("xl/worksheets/sheet1.xml", f'<!DOCTYPE x [<!ENTITY x "{PLANTED}">]>')
    assert "it declares a document type" in read(tmp_path, inner)


@pytest.mark.parametrize("part", PARTS)
def test_no_entity_reads_a_file_or_calls_a_server(tmp_path: Path, server: socket.socket, part: str) -> None:
    planted = tmp_path / "planted"
    planted.write_text(PLANTED, encoding="utf-8")
    url = f"http://127.0.0.1:{server.getsockname()[1]}/x.dtd"
    for doctype in (
        f'<!DOCTYPE x [<!ENTITY x SYSTEM "file://{planted}">]>',
        f'<!DOCTYPE x SYSTEM "{url}" [<!ENTITY x SYSTEM "{url}">]>',
        f'<!DOCTYPE x [<!ENTITY % y SYSTEM "{url}"> %y; <!ENTITY x "y">]>',
    ):
        assert PLANTED not in read(tmp_path, with_doctype(part, doctype))
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("place", ["../../../../../../{}", "{}", "/../..{}", "file://{}"])
def test_no_name_in_a_workbook_leads_out_of_it(tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside.xml"
    outside.write_text(
        f'<worksheet><sheetData><row><c t="inlineStr"><is><t>{PLANTED}</t></is></c></row></sheetData></worksheet>'
    )
    target = place.format(outside).encode()
    told = read(tmp_path, changed("xl/_rels/workbook.xml.rels", b"/xl/worksheets/sheet1.xml", target))
    assert "cannot be read" in told
    assert PLANTED not in told


def test_a_name_that_would_be_written_elsewhere_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    evil = {"../evil.txt": b"x", str(tmp_path / "evil.txt"): b"x", "..\\evil.txt": b"x"}
    told = read(folder, changed("", b"", b"", evil))
    assert "air-1" in told
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inner", "sheet.xlsx"]


def test_a_size_that_lies_does_not_unpack_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb whose directory tells a small size: no more than it tells is unpacked."""
    monkeypatch.setattr("devices.sheets.workbook.MAX_UNPACKED", 1 << 20)
    rows = b"<row><c t='inlineStr'><is><t>a</t></is></c></row>" * 100_000
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as whole, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in whole.namelist():
            part = whole.read(name)
            out.writestr(name, part.replace(b"</sheetData>", rows + b"</sheetData>") if "sheet1" in name else part)
        item = out.getinfo("xl/worksheets/sheet1.xml")
        item.file_size = 5_000
    file = tmp_path / "bomb.xlsx"
    file.write_bytes(packed.getvalue())
    lines = list(read_lines(file))
    assert not isinstance(lines[-1], Line)
    assert len(lines) < 200

"""The process that reads a sheet: what it tells, and what its limits do."""

from dataclasses import replace
from pathlib import Path

import pytest

from devices.sheets import reading
from devices.sheets.parts import MISTAKES, ROWS_BYTES, Part
from devices.sheets.reading import read_parts
from hub.children import Limits
from tests.support.hostile_sheets import HOSTILE


async def parts(path: Path) -> list[Part]:
    return [part async for part in read_parts("devices", path)]


async def test_a_sheet_comes_in_parts_of_a_bounded_size(tmp_path: Path) -> None:
    path, count = tmp_path / "sheet.csv", 10_000
    lines = [f"d{n},{'x' * 150},air" if n % 2 else f"d{n},,air" for n in range(count)]
    path.write_text("\n".join(["code,name,profile", *lines]), encoding="utf-8")
    found = await parts(path)
    assert b"".join(part.rows for part in found).count(b"\n") == count
    assert sum(len(part.mistakes) for part in found) == count // 2
    assert max(len(part.rows) for part in found) < ROWS_BYTES + 1000
    assert max(len(part.mistakes) for part in found) == MISTAKES
    assert [*found[-1].columns] == ["code", "name", "profile"]
    assert found[-1].share == 1.0
    assert not found[-1].hopeless


@pytest.mark.parametrize(("kind", "limits"), [("styles", Limits(memory_bytes=400 << 20)), ("strings", Limits(cpu_s=1))])
async def test_a_sheet_that_takes_too_much_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, limits: Limits
) -> None:
    path = tmp_path / "sheet"
    HOSTILE[kind](path, 60 << 20)
    monkeypatch.setattr(reading, "_READER", replace(reading._READER, limits=limits))
    [part] = await parts(path)
    assert part.hopeless
    assert "more memory or time" in part.mistakes[0].wrong


async def test_a_reader_that_fails_is_no_mistake_of_the_sheet(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 1"):
        await parts(tmp_path / "gone")

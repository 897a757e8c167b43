"""Columns of a device sheet: headers in English and Chinese, descriptions, and header matching."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from devices.sheets.mistakes import Mistake, short
from hub.words import Lang, text


class Column(NamedTuple):
    """A column; `name` is its English header, `also` lists synonyms; texts are in hub/words/sheets.json."""

    name: str
    also: tuple[str, ...]
    example: str
    required: bool = False

    def header(self, lang: Lang) -> str:
        """Header text."""
        return text(f"sheet.column.{self.name}", lang)

    def meaning(self, lang: Lang) -> str:
        """Description of the content."""
        return text(f"sheet.meaning.{self.name}", lang)


EXAMPLE = "example-001"
"""Code of the template's example row, which changes no registered device."""
COLUMNS = (
    Column("code", ("device", "编码", "设备编号", "编号"), EXAMPLE, required=True),
    Column("name", ("名称",), "文三路空气站", required=True),
    Column(
        "profile",
        ("型号", "设备类型", "产品", "类型", "thing model", "model"),
        "air-station",
        required=True,
    ),
    Column("parent", ("父设备", "网关", "gateway"), ""),
    Column("organisation", ("单位", "部门", "所属部门", "组织", "organization", "department"), "ecology"),
    Column("region", ("区划", "区划代码", "行政区划代码", "division"), "330106000000"),
    Column("lon", ("longitude", "lng"), "120.13"),
    Column("lat", ("latitude",), "30.28"),
    Column("crs", ("坐标", "datum"), "wgs84"),
    Column("zone", ("timezone", "time zone"), "Asia/Shanghai"),
    Column("sim_expires", ("sim", "SIM卡到期", "物联网卡到期日", "流量卡到期", "sim expiry"), "2027-01-31"),
    Column("addresses", ("address", "设备地址", "MN", "IMEI", "DevEUI"), "hj212=010000A8900016F000169DC0"),
    Column("state", (), "active"),
    Column("tags", ("tag",), "street=文三路; floor=2"),
    Column("credential", ("password", "密码", "口令", "token", "credentials"), ""),
)
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)


def _plain(header: str) -> str:
    """Normalise a header: case, spaces, asterisks, and text in brackets."""
    return re.sub(r"[\s*_＊：:]+", "", re.sub(r"[（(].*?[）)]", "", header)).lower()


_SCHEMES = {"mn": "hj212", "imei": "imei", "deveui": "deveui"}
"""Headers of addresses that say of which scheme they are."""
_MEANT = {_plain(name): column.name for column in COLUMNS for name in (column.name, column.header("zh"), *column.also)}


def is_column(header: str) -> bool:
    """Whether a header names a column."""
    return _plain(header) in _MEANT


def scheme_of(header: str) -> str:
    """Scheme of the addresses in a column that name none; empty: they must."""
    return _SCHEMES.get(_plain(header), "")


def read_header(cells: Sequence[str], line: int) -> tuple[list[str | None], list[Mistake]]:
    """Match headers to columns and report errors; None: no header, "": ignored column."""
    meant: list[str | None] = [_MEANT.get(_plain(cell), "" if cell.strip() else None) for cell in cells]
    if not any(meant):
        right = f"the first line names the columns: {', '.join(NAMES)}; `hub devices template` makes such a sheet"
        return [None], [Mistake(line, "", "", "this line names no column", right, cells[0][:80])]
    wrong: list[Mistake] = []
    for place, (cell, name) in enumerate(zip(cells, meant, strict=True)):
        if name == "":
            near = get_close_matches(_plain(cell), _MEANT, n=1, cutoff=0.6)
            right = f"did you mean {_MEANT[near[0]]}?" if near else f"the columns are {', '.join(NAMES)}"
            wrong.append(Mistake(line, "", cell[:80], "there is no such column", right, cell[:80]))
        elif name is not None and name in meant[:place]:
            right = f"keep one of the two; '{short(cells[meant.index(name)])}' is the first"
            wrong.append(Mistake(line, "", name, "this column is there twice", right, short(cell)))
            meant[place] = ""
    for name in REQUIRED:
        if name not in meant:
            right = f"the first line names the columns; these must be there: {', '.join(REQUIRED)}"
            wrong.append(Mistake(line, "", name, "this column is missing", right, ""))
    return meant, wrong

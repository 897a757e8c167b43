"""The columns of a sheet of devices: their names in English and Chinese, what goes in, and which header means which."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from devices.sheets.mistakes import Mistake


class Column(NamedTuple):
    """One column; `name` is its English header, `chinese` its Chinese one, `also` what else is understood."""

    name: str
    chinese: str
    also: tuple[str, ...]
    meaning: str
    in_chinese: str
    """The meaning in Chinese."""
    example: str
    required: bool = False


COLUMNS = (
    Column(
        "code",
        "设备编码",
        ("device", "编码", "设备编号", "编号"),
        "The device's own name in topics and paths, for ever: letters, digits and . _ : -, at most 64",
        "设备的唯一编码，永不更改：字母、数字和 . _ : -，最多 64 个字符",
        "air-001",
        required=True,
    ),
    Column(
        "name", "设备名称", ("名称",), "What people call it, at most 200 characters", "设备名称，最多 200 个字符",
        "文三路空气站", required=True,
    ),
    Column(
        "profile",
        "物模型",
        ("型号", "设备类型", "产品", "类型", "thing model", "model"),
        "Code of its profile, which must be there already",
        "物模型编码，须已存在",
        "air-station",
        required=True,
    ),
    Column(
        "parent",
        "上级设备",
        ("父设备", "网关", "gateway"),
        "Code of the gateway or pole it hangs on: in this sheet, on any line, or registered already",
        "所挂的网关或灯杆的编码：在本表任意一行，或已登记",
        "",
    ),
    Column(
        "organisation",
        "所属单位",
        ("单位", "部门", "所属部门", "组织", "organization", "department"),
        "Code of who runs it; made when new",
        "所属单位编码；没有则新建",
        "ecology",
    ),
    Column(
        "region",
        "行政区划",
        ("区划", "区划代码", "行政区划代码", "division"),
        "Division code of 12 digits; keep the cell as text",
        "12 位行政区划代码；单元格须为文本",
        "330106000000",
    ),
    Column("lon", "经度", ("longitude", "lng"), "Degrees east, with decimals", "经度，十进制度", "120.13"),
    Column("lat", "纬度", ("latitude",), "Degrees north, with decimals", "纬度，十进制度", "30.28"),
    Column(
        "crs",
        "坐标系",
        ("坐标", "datum"),
        "What lon and lat are given in: wgs84 (when empty), cgcs2000, gcj02, bd09; stored as WGS-84",
        "经纬度的坐标系：wgs84（空则视为此）、cgcs2000、gcj02、bd09；一律换算为 WGS-84 保存",
        "wgs84",
    ),
    Column(
        "zone",
        "时区",
        ("timezone", "time zone"),
        "Of its clock, where it tells none; empty: Asia/Shanghai",
        "设备时钟的时区；空则为 Asia/Shanghai",
        "Asia/Shanghai",
    ),
    Column(
        "state",
        "状态",
        (),
        "pending, active, suspended or retired; empty: as it is, and active when new",
        "pending 待启用、active 在用、suspended 停用、retired 退役；空则不变，新设备为在用",
        "active",
    ),
    Column(
        "tags",
        "标签",
        ("tag",),
        "key=value, several with ; between; or one JSON object",
        "键=值，多个用 ; 分隔；或一个 JSON 对象",
        "street=文三路; floor=2",
    ),
    Column(
        "credential",
        "凭证",
        ("password", "密码", "口令", "token", "credentials"),
        "Leave empty: an empty cell never touches credentials",
        "请留空：空单元格不影响凭证",
        "",
    ),
)  # fmt: skip
NAMES = tuple(column.name for column in COLUMNS)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)


def _plain(header: str) -> str:
    """A header without what people add to it: case, spaces, a star, a second name in brackets."""
    return re.sub(r"[\s*_＊：:]+", "", re.sub(r"[（(].*?[）)]", "", header)).lower()


_MEANT = {_plain(name): column.name for column in COLUMNS for name in (column.name, column.chinese, *column.also)}


def read_header(cells: Sequence[str], line: int) -> tuple[list[str | None], list[Mistake]]:
    """The column that each header means, and what is wrong with the line; None: no header, "": not to be read."""
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
            right = f"keep one of the two; '{cells[meant.index(name)]}' is the first"
            wrong.append(Mistake(line, "", name, "this column is there twice", right, cell))
            meant[place] = ""
    for name in REQUIRED:
        if name not in meant:
            right = f"the first line names the columns; these must be there: {', '.join(REQUIRED)}"
            wrong.append(Mistake(line, "", name, "this column is missing", right, ""))
    return meant, wrong

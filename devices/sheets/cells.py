"""Cell validation: a cell's value, or the error and its fix. Pure."""

import json
import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from devices.lifecycle import STATES
from devices.places.coordinates import CRSES
from devices.sheets.address_cells import read_addresses
from devices.sheets.damage import Wrong, damage
from devices.sheets.mistakes import short
from devices.topics import CODE

TAGS, TAG = 100, 200
"""How many tags a device has, and characters of a tag's name, at most."""
_STATES: dict[str, str] = {state: state for state in STATES}
_STATES |= dict.fromkeys(("待启用", "待激活", "未激活", "待审核"), "pending")
_STATES |= dict.fromkeys(("在用", "启用", "正常", "运行", "激活"), "active")
_STATES |= dict.fromkeys(("停用", "暂停", "挂起", "维修"), "suspended")
_STATES |= dict.fromkeys(("退役", "报废", "注销", "拆除"), "retired")
_CRS: dict[str, str] = {crs: crs for crs in CRSES}
_CRS |= dict.fromkeys(("epsg4326", "4326", "gps"), "wgs84")
_CRS |= dict.fromkeys(("epsg4490", "4490", "国家2000", "2000", "cgcs"), "cgcs2000")
_CRS |= dict.fromkeys(("gcj", "火星", "火星坐标系", "高德", "腾讯", "amap"), "gcj02")
_CRS |= dict.fromkeys(("bd", "百度", "百度坐标系", "baidu"), "bd09")


Value = str | float | dict[str, Any] | list[str] | None
_TEXT = re.compile(r"[^\x00-\x1f\x7f]*")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?", re.ASCII)
_REGION = re.compile(r"[0-9]{12}")
_TAGS_RIGHT = "write key=value; key=value, or one JSON object"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def _code(cell: str) -> str | Wrong:
    if CODE.fullmatch(cell):
        return cell
    clean = re.sub(r"[^A-Za-z0-9._:-]+", "-", cell).strip("-._:")[:64]
    hint = f"; for example {clean}" if clean and CODE.fullmatch(clean) else ""
    right = f"use up to 64 letters, digits and . _ : -, beginning with a letter or digit{hint}"
    return Wrong(f"'{short(cell)}' is no code", right)


def _identity(cell: str) -> str | Wrong:
    """A code that is not what a spreadsheet makes of one; an apostrophe before it says that it is meant so."""
    if cell.startswith("'"):
        return _code(cell[1:])
    return damage(cell) or _code(cell)


def _name(cell: str) -> str | Wrong:
    if len(cell) <= 200 and _TEXT.fullmatch(cell):
        return cell
    wrong = f"the name has {len(cell)} characters" if len(cell) > 200 else "the name holds a line break or a tab"
    return Wrong(wrong, "a name is one line of up to 200 characters")


def _region(cell: str) -> str | Wrong:
    if _REGION.fullmatch(cell):
        return cell
    if re.fullmatch(r"[0-9.]+[eE]\+?[0-9]+", cell):
        right = "format the column as text, and type the code again: its last digits are lost"
        return Wrong(f"the spreadsheet has made the number {cell} of a division code", right)
    right = "write all 12 digits, like 330106000000"
    if re.fullmatch(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}", cell):
        right = f"write {cell.ljust(12, '0')}, with zeros up to 12 digits"
    return Wrong(f"'{short(cell)}' is no division code", right)


def _degrees(cell: str) -> float | Wrong:
    plain = cell.replace("，", ".").replace(",", ".").rstrip("°EeNn 度")
    if _NUMBER.fullmatch(cell) and abs(float(cell)) <= 360:
        return float(cell)
    parts = re.fullmatch(r"(\d{1,3})[°度 ]\s*(\d{1,2})[′'分 ]\s*(?:(\d{1,2}(?:\.\d+)?)[″\"”秒]?)?\s*[EeNn]?", cell)
    if parts:
        value = int(parts[1]) + int(parts[2]) / 60 + float(parts[3] or 0) / 3600
        return Wrong(f"'{short(cell)}' is in degrees and minutes", f"write {value:.6f}")
    if _NUMBER.fullmatch(plain) and abs(float(plain)) <= 360:
        return Wrong(f"'{short(cell)}' is no number", f"write {plain}")
    return Wrong(f"'{short(cell)}' is no number of degrees", "write degrees with decimals, like 120.130556")


def _crs(cell: str) -> str | Wrong:
    plain = re.sub(r"[\s_:-]+", "", cell).lower()
    return _CRS.get(plain) or _near(f"'{short(cell)}' is no coordinate system", plain, CRSES)


def _state(cell: str) -> str | Wrong:
    known = _STATES.get(cell.lower())  # nothing near is offered: inactive is as like active as a misspelling
    return known or Wrong(f"'{short(cell)}' is no state", f"write one of {', '.join(STATES)}, or leave it empty")


def _zone(cell: str) -> str | Wrong:
    known = available_timezones()
    if cell in known:
        return cell
    near = get_close_matches(cell, sorted(known), n=1, cutoff=0.6)
    right = f"did you mean {near[0]}?" if near else "write it like Asia/Shanghai"
    return Wrong(f"'{short(cell)}' is no time zone", right)


def _day(cell: str) -> str | Wrong:
    """A day as ISO 8601 writes it, also of what spreadsheets make of one."""
    told = _DAY.fullmatch(cell)
    if told is not None:
        try:
            return date(*map(int, told.groups())).isoformat()
        except ValueError:
            pass  # the 31st of a month of 30 days
    return Wrong(f"'{short(cell)}' is no day", "write it like 2027-01-31")


def _tags(cell: str) -> dict[str, Any] | Wrong:
    tags = _tag_object(cell) if cell.startswith("{") else _tag_pairs(cell)
    if isinstance(tags, Wrong):
        return tags
    if len(tags) > TAGS:
        return Wrong(f"{len(tags)} tags", f"a device has at most {TAGS}")
    for key in tags:
        if not 0 < len(key) <= TAG or not _TEXT.fullmatch(key):
            return Wrong(f"the tag's name '{short(key)}' cannot be", f"a name has 1 to {TAG} characters on one line")
    try:
        storable = "\\u0000" not in json.dumps(tags, ensure_ascii=False, allow_nan=False).encode().decode()
    except ValueError:  # a number beyond all bounds, half a surrogate pair
        storable = False
    return tags if storable else Wrong("a tag holds a number or character that cannot be stored", "leave it out")


def _tag_object(cell: str) -> dict[str, Any] | Wrong:
    try:
        tags: dict[str, Any] = json.loads(cell)
    except (ValueError, RecursionError) as error:
        return Wrong(f"the tags are no JSON: {error}", _TAGS_RIGHT)
    return tags


def _tag_pairs(cell: str) -> dict[str, Any] | Wrong:
    tags: dict[str, Any] = {}
    for part in filter(str.strip, re.split(r"[;；]", cell)):
        key, equals, value = (text.strip() for text in part.partition("="))
        if not equals:
            return Wrong(f"the tag '{short(key)}' has no value", _TAGS_RIGHT)
        if key in tags:
            return Wrong(f"the tag '{short(key)}' is there twice", "keep one of the two")
        tags[key] = value
    return tags


def _credential(_: str) -> Wrong:
    right = "leave the cell empty, import, then have the hub make them: hub devices credential issue CODE"
    return Wrong("credentials are not taken from a sheet", right)


def _near(wrong: str, cell: str, known: tuple[str, ...]) -> Wrong:
    near = get_close_matches(cell, known, n=1, cutoff=0.6)
    return Wrong(wrong, f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}, or leave it empty")


# Most cells of a column say the same as many others; codes, names and degrees do not.
CHECKS: dict[str, Callable[[str], Value | Wrong]] = {
    "code": _identity,
    "name": _name,
    "profile": lru_cache(4096)(_code),
    "parent": lru_cache(4096)(_identity),
    "organisation": lru_cache(4096)(_identity),
    "region": lru_cache(4096)(_region),
    "lon": _degrees,
    "lat": _degrees,
    "crs": lru_cache(256)(_crs),
    "zone": lru_cache(256)(_zone),
    "sim_expires": lru_cache(4096)(_day),
    "addresses": read_addresses,
    "state": lru_cache(256)(_state),
    "tags": lru_cache(4096)(_tags),
    "credential": _credential,
}
"""By column: what a cell that is not empty, without spaces around it, means."""

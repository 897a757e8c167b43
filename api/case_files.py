"""Reads files of categories and of deadlines of cases; each line that is wrong is told."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from io import StringIO
from typing import NamedTuple

from api.calendar_file import decoded
from api.problems import Fault, ProblemError
from devices.sheets.csv_rows import csv_rows
from hub.cases.clock import LONGEST_LIMIT_DAYS, Span
from hub.cases.deadlines import Line
from hub.cases.transitions import CLOCKED, WHOLE
from hub.models import LEVEL_NAMES
from hub.words import Lang
from hub.words.sentence import Sentence

CATEGORY_COLUMNS = ("kind", "code", "name")
DEADLINE_COLUMNS = ("stage", "limit", "time")
MAIN_DIGITS = 2
"""Digits of a main category (大类) in GB/T 30428; each level below has two more."""
LONGEST_NAME = 100
_CODE = re.compile(r"[0-9]{2,8}")
_KINDS = {"part": "part", "部件": "part", "event": "event", "事件": "event"}
_TIMES = {"working": True, "工作时": True, "工作时间": True, "calendar": False, "自然时": False, "全部时间": False}
_LIMIT = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,2})?)(m|h|d)")
_LEVELS = {**{name: n for n, name in enumerate(LEVEL_NAMES, 1)}, "蓝": 1, "黄": 2, "橙": 3, "红": 4}
_HOURS = re.compile(r"([0-9]{1,2}):([0-5][0-9])-([0-9]{1,2}):([0-5][0-9])")
DAY = 1440


class Category(NamedTuple):
    """A line of the table of categories."""

    category_kind: str
    code: str
    parent: str | None
    name: str


def read_categories(body: bytes, lang: Lang) -> list[Category]:
    """The categories of a CSV file (kind, code, parent, name); ProblemError 422 with each line that is wrong."""
    lines: dict[tuple[str, str], tuple[int, Category]] = {}
    wrong: list[Fault] = []
    for line, row in _rows(body, CATEGORY_COLUMNS, wrong, lang):
        found = _category(row)
        if isinstance(found, Category):
            key = found.category_kind, found.code
            if key in lines:
                found = "code", Sentence("refusal.case_table.twice", code=found.code)
            else:
                lines[key] = line, found
        if not isinstance(found, Category):
            wrong.append(Fault(line=line, column=found[0], problem=found[1].told(lang)))
    for line, each in lines.values():
        if each.parent is not None and (each.category_kind, each.parent) not in lines:
            sentence = Sentence("refusal.case_table.parent", code=each.code, parent=each.parent)
            wrong.append(Fault(line=line, column="parent", problem=sentence.told(lang)))
        elif _in_loop(each, lines):
            sentence = Sentence("refusal.case_table.loop", code=each.code)
            wrong.append(Fault(line=line, column="parent", problem=sentence.told(lang)))
    _refuse(wrong, bool(lines), lang)
    return [each for _, each in lines.values()]


def read_deadlines(body: bytes, workday_s: int, categories: Collection[tuple[str, str]], lang: Lang) -> list[Line]:
    """The deadlines of a CSV file (kind, category, level, stage, limit, time); ProblemError 422 as above.

    A `d` of working time is a workday of so many seconds. `categories` are those that there are, by kind and code.
    """
    lines: dict[tuple[str | None, str | None, int | None, str], Line] = {}
    wrong: list[Fault] = []
    for number, row in _rows(body, DEADLINE_COLUMNS, wrong, lang):
        found = _deadline(row, workday_s, categories)
        if isinstance(found, Line) and found[:4] in lines:
            found = "stage", Sentence("refusal.case_table.twice_deadline", stage=found.stage)
        if isinstance(found, Line):
            lines[found[:4]] = found
        else:
            wrong.append(Fault(line=number, column=found[0], problem=found[1].told(lang)))
    _refuse(wrong, bool(lines), lang)
    return list(lines.values())


def read_hours(told: str) -> list[Span] | None:
    """Working hours of a day, such as 08:30-12:00,13:30-17:30, as minutes; None when they are not."""
    spans: list[Span] = []
    for part in told.split(","):
        found = _HOURS.fullmatch(part.strip())
        if found is None:
            return None
        first, last = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if not (spans[-1][1] if spans else 0) <= first < last <= DAY:
            return None
        spans.append((first, last))
    return spans


def _rows(
    body: bytes, columns: Collection[str], wrong: list[Fault], lang: Lang
) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines with their cells by column, without empty ones."""
    line = 0
    try:
        found = csv_rows(StringIO(decoded(body), newline=""))
        line, header = next(found, (1, []))
        names = [cell.strip().lower() for cell in header]
        while names and not names[-1]:
            names.pop()
        if twice := next((name for name in names if name and names.count(name) > 1), None):
            sentence = Sentence("refusal.case_table.twice_column", column=twice[:80])
            wrong.append(Fault(line=line, problem=sentence.told(lang)))
            return
        if not set(columns) <= set(names):
            sentence = Sentence("refusal.case_table.header", columns=",".join(columns))
            wrong.append(Fault(line=1, problem=sentence.told(lang)))
            return
        for line, cells in found:
            if any(cell.strip() for cell in cells[len(names) :]):
                sentence = Sentence("refusal.case_table.long_line", cells=len(cells), columns=len(names))
                wrong.append(Fault(line=line, problem=sentence.told(lang)))
            elif any(cell.strip() for cell in cells):
                yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=False)}
    except (csv.Error, UnicodeDecodeError):
        wrong.append(Fault(line=line + 1, problem=Sentence("refusal.case_table.unreadable").told(lang)))


def _refuse(wrong: list[Fault], any_lines: bool, lang: Lang) -> None:
    if not any_lines and not wrong:
        wrong.append(Fault(line=1, problem=Sentence("refusal.case_table.empty").told(lang)))
    if wrong:
        wrong.sort(key=lambda fault: fault.line or 0)
        first = Sentence("refusal.case_table.line", line=wrong[0].line or 1, problem=wrong[0].problem)
        raise ProblemError(422, first.told(lang), wrong)


def _category(row: dict[str, str]) -> Category | tuple[str, Sentence]:
    kind, code, name = _KINDS.get(row.get("kind", "").lower()), row.get("code", ""), row.get("name", "")
    parent = row.get("parent", "") or (code[:-2] if len(code) > MAIN_DIGITS else None)
    if kind is None:
        return "kind", Sentence("refusal.case_table.kind", told=row.get("kind", "")[:80])
    if not _CODE.fullmatch(code):
        return "code", Sentence("refusal.case_table.code", told=code[:80])
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return "name", Sentence("refusal.case_table.name", longest=LONGEST_NAME)
    if parent == code:
        return "parent", Sentence("refusal.case_table.parent", code=code, parent=parent)
    return Category(kind, code, parent, name)


def _in_loop(category: Category, lines: Mapping[tuple[str, str], tuple[int, Category]]) -> bool:
    """Whether a category is above itself."""
    seen, parent = set[str](), category.parent
    while parent is not None and parent not in seen and (category.category_kind, parent) in lines:
        if parent == category.code:
            return True
        seen.add(parent)
        parent = lines[category.category_kind, parent][1].parent
    return False


def _deadline(
    row: dict[str, str], workday_s: int, categories: Collection[tuple[str, str]]
) -> Line | tuple[str, Sentence]:
    kind, category, level = row.get("kind", ""), row.get("category", ""), row.get("level", "")
    named = _KINDS.get(kind.lower())
    if (kind or category) and named is None:
        return "kind", Sentence("refusal.case_table.kind", told=kind[:80])
    if category and (named, category) not in categories:
        return "category", Sentence("refusal.case_table.category", kind=kind, code=category[:80])
    if level and level.lower() not in _LEVELS:
        return "level", Sentence("refusal.case_table.level", told=level[:80])
    if (stage := row.get("stage", "")) not in (*CLOCKED, WHOLE):
        return "stage", Sentence("refusal.case_table.stage", told=stage[:80], stages=", ".join((*CLOCKED, WHOLE)))
    if (working := _TIMES.get(row.get("time", "").lower())) is None:
        return "time", Sentence("refusal.case_table.time", told=row.get("time", "")[:80])
    found = _LIMIT.fullmatch(row.get("limit", "").lower())
    unit = {"m": 60, "h": 3600, "d": workday_s if working else 86_400}
    seconds = int(float(found[1]) * unit[found[2]]) if found else 0
    if seconds <= 0:
        return "limit", Sentence("refusal.case_table.limit", told=row.get("limit", "")[:80])
    if seconds > LONGEST_LIMIT_DAYS * unit["d"]:
        return "limit", Sentence("refusal.case_table.longest", told=row.get("limit", "")[:80], days=LONGEST_LIMIT_DAYS)
    return Line(named, category or None, _LEVELS.get(level.lower()), stage, seconds, working)

"""Reads a file of a year's days that differ from the week: date, workday, name."""

import csv
import re
from datetime import date
from io import StringIO
from typing import NamedTuple

from api.problems import Fault, ProblemError
from devices.sheets.csv_rows import csv_rows
from hub.words import Lang
from hub.words.sentence import Sentence

COLUMNS = ("date", "workday", "name")
LONGEST_NAME = 100
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_WORDS = {
    **dict.fromkeys(("true", "yes", "1", "是", "班", "上班"), True),
    **dict.fromkeys(("false", "no", "0", "否", "休", "放假"), False),
}


class Day(NamedTuple):
    """A day that differs from the week."""

    date: date
    workday: bool
    name: str


def read_calendar(body: bytes, year: int, lang: Lang) -> list[Day]:
    """The days of a CSV file in UTF-8 or GB18030; ProblemError 422 with all that is wrong, in a language."""
    days: dict[date, Day] = {}
    wrong: list[Fault] = []

    def refuse(line: int, column: str | None, sentence: Sentence) -> None:
        wrong.append(Fault(line=line, column=column, problem=sentence.told(lang)))

    line = 0
    try:
        rows = csv_rows(StringIO(decoded(body), newline=""))
        line, header = next(rows, (1, []))
        columns = [cell.strip().lower() for cell in header]
        if not set(COLUMNS) <= set(columns):
            refuse(1, None, Sentence("refusal.calendar.header", columns=",".join(COLUMNS)))
            rows = iter(())
        for line, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            found = _day({name: cell.strip() for name, cell in zip(columns, cells, strict=False)}, year)
            if isinstance(found, Day) and found.date in days:
                found = "date", Sentence("refusal.calendar.twice", date=found.date.isoformat())
            if isinstance(found, Day):
                days[found.date] = found
            else:
                refuse(line, *found)
    except (csv.Error, UnicodeDecodeError):
        refuse(line + 1, None, Sentence("refusal.calendar.unreadable"))
    if not days and not wrong:
        refuse(1, None, Sentence("refusal.calendar.empty", year=year))
    if wrong:
        first = f"{Sentence('refusal.calendar.line', line=wrong[0].line).told(lang)} {wrong[0].problem}"
        raise ProblemError(422, first, wrong)
    return sorted(days.values())


def decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("gb18030")


def _day(row: dict[str, str], year: int) -> Day | tuple[str, Sentence]:
    """A day, or the column that is wrong and why."""
    told, name = row.get("date", ""), row.get("name", "")
    try:
        found = _DATE.fullmatch(told)
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        return "date", Sentence("refusal.calendar.date", told=told[:80], year=year)
    if day.year != year:
        return "date", Sentence("refusal.calendar.other_year", date=day.isoformat(), year=year, other=day.year)
    workday = _WORDS.get(row.get("workday", "").lower())
    if workday is None:
        return "workday", Sentence("refusal.calendar.workday", told=row.get("workday", "")[:80])
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return "name", Sentence("refusal.calendar.name", longest=LONGEST_NAME)
    return Day(day, workday, name)

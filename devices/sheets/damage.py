"""What spreadsheets do to codes: numbers, dates and errors that stand where an identity was typed. Pure.

A workbook tells of each cell how it is stored; a CSV file holds what was shown, so there it must be told by its look.
An apostrophe before a code says that it is meant as it is.
"""

import re
from typing import NamedTuple

COLUMNS = frozenset({"code", "parent", "organisation"})
"""Whose cells are identities of any form. A division code has one of its own, which shows what was done to it, and a
profile must be one of a few."""
_FORMAT = re.compile(
    r'(?P<text>\\.|"[^"]*")|(?P<condition>\[[<>=][^]]{0,40}])|_.|\* '
    r"|\[(?:black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|\$-[\da-f]+)]"
)
"""In a number format: text that is shown, a condition, and what only makes room or colour."""
_AS_STORED = re.compile(r"general|@|[#?]*[0#?]")
DIGITS = 15
"""A spreadsheet keeps so many of a number; the others become 0."""
_AGAIN = "format the column as text, and type the code again as it is on the device"
_LITERAL = "if it is the code all the same, write an apostrophe before it"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+\d{1,3}|\d\.\d+[eE]-\d{1,3}")
_DATE = re.compile(
    rf"\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{2,4}}|\d{{1,4}}/\d{{1,2}}(?:/\d{{1,4}})?(?: \d.*)?"
    r"|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{4}-\d{1,2}-\d{1,2}[ T]\d.*"
)
_LOOKS = re.compile(rf"{_SCIENTIFIC.pattern}|{_DATE.pattern}|#.*")
"""What is looked at closely: one attempt for the many cells that are nothing of it."""
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!)")
_DOUBTFUL = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}|\dE-\d{{2}}|\d+\.0|[1-9]\d{{{DIGITS - 1}}}0+")


class Wrong(NamedTuple):
    """An invalid cell: the error and its fix."""

    wrong: str
    right: str


class Damaged(str):
    """A cell of a workbook as text, that is stored as something else than the text that was typed."""

    __slots__ = ("how",)
    how: str
    """date, truth, error, digits, fraction, or the number format that shows something else."""

    @staticmethod
    def of(text: str, how: str) -> "Damaged":
        """Such a cell."""
        made = Damaged(text)
        made.how = how
        return made

    @property
    def told(self) -> Wrong:
        """What is wrong with it where it is an identity; of an error, wherever it is."""
        match self.how:
            case "error":
                return failed_formula(self)
            case "date":
                return Wrong(f"the spreadsheet has made a date of the code ({self})", _AGAIN)
            case "truth":
                return Wrong(f"the spreadsheet has made the truth value {self} of the code", _AGAIN)
            case "digits":
                wrong = f"the spreadsheet has made a number of the code, and keeps {DIGITS} digits of it"
                return Wrong(wrong, f"{_AGAIN}: its last digits are lost")
            case "fraction":
                wrong = f"the spreadsheet has made the number {self} of the code"
                return Wrong(wrong, f"{_AGAIN}: zeros at its end are lost")
        wrong = f"the spreadsheet stores the number {self}, and shows it by the number format {self.how[:40]}"
        return Wrong(wrong, f"what it shows is not in the file: {_AGAIN}")


def shows_as_stored(number_format: str) -> bool:
    """Whether a whole number looks as it is stored, but for room around it and colour; negative ones are no codes."""
    bare = _FORMAT.sub(_seen, number_format.lower())
    sections = bare.split(";")
    ruling = [each for each in sections if "@" not in each] if "<" in bare else sections[:1]
    return not number_format or all(_AS_STORED.fullmatch(each.replace("<", "").strip()) for each in ruling)


def _seen(part: re.Match[str]) -> str:
    """What stands for a part of a number format: ! for text that can be seen, < for a condition."""
    if part["text"]:
        return "!" if part["text"].strip('\\" ') else ""
    return "<" if part["condition"] else ""


def failed_formula(shown: str) -> Wrong:
    """Of an error that stands in place of a value, in whatever column."""
    return Wrong(f"the spreadsheet shows {shown}: a formula has failed", "put the formula right, or write the value")


def as_number(stored: str, number_format: str | None) -> str:
    """A number as text, whole ones without decimals; Damaged where it is not what was typed, or not what is shown.

    `number_format` is None for one that shows whole numbers as they are stored.
    """
    if stored.isdigit() and len(stored) <= DIGITS:
        return stored if number_format is None else Damaged.of(stored, number_format)
    number = float(stored)
    if not number.is_integer():
        return Damaged.of(str(number), "fraction")
    if abs(number) >= 10**DIGITS:
        return Damaged.of(stored if stored.isdigit() else str(number), "digits")
    return str(int(number)) if number_format is None else Damaged.of(str(int(number)), number_format)


def damage(cell: str) -> Wrong | None:
    """What was done to an identity, by its look; None: nothing that can be seen."""
    if not _LOOKS.fullmatch(cell):
        return None
    if _SCIENTIFIC.fullmatch(cell):
        wrong = f"the spreadsheet has written the number {cell} instead of the code"
        return Wrong(wrong, f"{_AGAIN}: its digits are lost; {_LITERAL}")
    if _DATE.fullmatch(cell):
        return Wrong(f"the spreadsheet has made a date of the code ({cell[:40]})", f"{_AGAIN}; {_LITERAL}")
    if _ERROR.fullmatch(cell):
        return failed_formula(cell)
    if cell.startswith("##") and not cell.strip("#"):
        wrong = f"the spreadsheet has written {cell[:8]} instead of the code: its column was too narrow"
        return Wrong(wrong, "make the column wider, and save it again")
    return None


def doubtful(cell: str) -> Wrong | None:
    """Of a code that may be right, and looks like what a spreadsheet makes of others."""
    if _DOUBTFUL.fullmatch(cell):
        return Wrong(f"'{cell}' looks like what a spreadsheet makes of a code", "look whether it is on the device so")
    return None

"""Escaping of formula-like text in exports, reversible on import.

A cell that begins with one of =, +, -, @, a tab or a line end is taken for a formula or a command by spreadsheets when
they open a CSV file; an apostrophe before it keeps it text. Where the list separator is a semicolon, as in most of
Europe, a cell also begins after each semicolon of a text, in quotes or not. What begins with an apostrophe gets a
second one, so that what comes back is what went out.
"""

import re

_FORMULA = "=+\\-@\t\r\n＝＋－＠"
_FORMULAS = re.compile(f"(\\A|; *)(?=[{_FORMULA}])")
_UNSAFE = re.compile(f"(\\A|; *)(?=['{_FORMULA}])")
_ESCAPED = re.compile(f"(\\A|; *)'(?=['{_FORMULA}])")


def harmless(cell: str) -> str:
    """Neutralise formulas in a cell that is not read back."""
    return _FORMULAS.sub(r"\1'", cell)


def escaped(cell: str) -> str:
    """Escape a text cell."""
    return _UNSAFE.sub(r"\1'", cell)


def unescaped(cell: str) -> str:
    """Unescape a text cell; removes only apostrophes that `escaped` would have added."""
    return _ESCAPED.sub(r"\1", cell) if "'" in cell else cell

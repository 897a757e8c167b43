"""Escaping of formula-like text in exports, reversible on import.

A cell that begins with one of =, +, -, @, a tab or a line end is taken for a formula or a command by spreadsheets when
they open a CSV file; an apostrophe before it keeps it text. One that begins with an apostrophe gets a second one, so
that what comes back is what went out.
"""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(cell: str) -> str:
    """Neutralise formulas in a cell that is not read back."""
    return "'" + cell if cell.startswith(_DANGEROUS) else cell


def escaped(cell: str) -> str:
    """Escape a text cell."""
    return "'" + cell if cell.startswith((*_DANGEROUS, "'")) else cell


def unescaped(cell: str) -> str:
    """Unescape a text cell; removes only an apostrophe that `escaped` would have added."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_DANGEROUS, "'")) else cell

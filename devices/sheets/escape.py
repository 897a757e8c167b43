"""Text that a spreadsheet would run as a formula, made harmless on the way out and read back as it was.

A cell that begins with one of =, +, -, @, a tab or a line end is taken for a formula or a command by spreadsheets when
they open a CSV file; an apostrophe before it keeps it text. One that begins with an apostrophe gets a second one, so
that what comes back is what went out.
"""

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(cell: str) -> str:
    """A text cell for people to read, which nothing reads back: no formula, and otherwise as it is."""
    return "'" + cell if cell.startswith(_DANGEROUS) else cell


def escaped(cell: str) -> str:
    """A text cell as it may be written."""
    return "'" + cell if cell.startswith((*_DANGEROUS, "'")) else cell


def unescaped(cell: str) -> str:
    """A text cell as it was meant; only an apostrophe that `escaped` would have put there is taken away."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_DANGEROUS, "'")) else cell

"""The words of an expression, before it is parsed: whole numbers are made decimals, and which names it uses. Pure.

CEL compares no whole number with a decimal; all values of metrics are decimals, so 3 is read as 3.0.
"""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<comment>//.*)
      | (?P<string>"[^"]*"|'[^']*')
      | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)(?P<rest>\w*)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<other>.)""",
    re.VERBOSE,
)
RESERVED = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
     "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while")
)  # fmt: skip
"""Words of CEL, which are names of nothing."""


class Words(NamedTuple):
    """An expression as CEL is given it."""

    text: str
    names: frozenset[str]
    """Names that stand for themselves: not behind a dot, and not of a function."""
    added: tuple[int, ...]
    """Where in the text given, ascending, ".0" was added."""

    def place(self, offset: int) -> int:
        """Of a character of `text`, the offset in the text that was given."""
        for number, at in enumerate(self.added):
            if offset < at + 2 * number:
                return offset - 2 * number
            if offset < at + 2 * number + 2:
                return at
        return offset - 2 * len(self.added)


def words_of(given: str) -> Words:
    """Read an expression; what is no word of CEL is left as it is, for the parser to refuse."""
    parts: list[str] = []
    names: set[str] = set()
    added: list[int] = []
    before = ""
    for found in _TOKEN.finditer(given):
        parts.append(found[0])
        if found["number"] and not found["rest"] and found["number"].isdecimal() and before != ".":
            parts.append(".0")
            added.append(found.end())
        elif found["name"] and before != "." and not _called(given, found.end()) and found[0] not in RESERVED:
            names.add(found[0])
        if not found[0].isspace():
            before = found[0]
    return Words("".join(parts), frozenset(names), tuple(added))


def _called(text: str, end: int) -> bool:
    return text[end:].lstrip().startswith("(")

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
      | (?P<foreign>[^\W\d_]\w*)
      | (?P<other>.)""",
    re.VERBOSE,
)
RESERVED = frozenset(
    ("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
     "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while")
)  # fmt: skip
"""Words of CEL, which are names of nothing."""
_SPOKEN = frozenset(("true", "false", "null", "in"))
"""Those of them that stand for something."""
_TYPES = frozenset(
    ("bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint")
)  # fmt: skip
"""Names that CEL has given to its types."""
_TAKEN = RESERVED - _SPOKEN | _TYPES


class Words(NamedTuple):
    """An expression as CEL is given it."""

    text: str
    names: frozenset[str]
    """Names that stand for themselves: not behind a dot, and not of a function."""
    added: tuple[int, ...]
    """Where in the text given, ascending, ".0" was added."""
    taken: tuple[int, str] | None = None
    """The first name that CEL has taken for itself, and where it stands."""
    foreign: tuple[int, str] | None = None
    """The first name in letters that CEL does not know."""

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
    before, taken, foreign = "", None, None
    for found in _TOKEN.finditer(given):
        parts.append(found[0])
        if found["number"] and not found["rest"] and found["number"].isdecimal() and before != ".":
            parts.append(".0")
            added.append(found.end())
        elif found["name"] and before != "." and not _called(given, found.end()) and found[0] not in RESERVED:
            names.add(found[0])
        name = found["name"]
        if name and before != "." and not _called(given, found.end()) and name in _TAKEN:
            taken = taken or (found.start(), name)
        elif found["foreign"]:
            foreign = foreign or (found.start(), found["foreign"])
        if not found[0].isspace():
            before = found[0]
    return Words("".join(parts), frozenset(names), tuple(added), taken, foreign)


def _called(text: str, end: int) -> bool:
    return text[end:].lstrip().startswith("(")

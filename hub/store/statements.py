"""Loads named SQL blocks: `registry.py` gets the blocks of `registry.sql` as attributes."""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\n", re.MULTILINE)
_USE = re.compile(r"^-- use: ([a-z][a-z0-9_]*)$", re.MULTILINE)


class Statements:
    """Named blocks of one .sql file, as attributes: `SQL.devices_all`. AttributeError for an unknown name."""

    def __init__(self, text: str) -> None:
        """A block begins with a line `-- name: devices_all` and ends before the next one.

        A line `-- use: which` in it stands for the block of that name, further up in the file.
        """
        _, *parts = _NAME.split(text)
        self._blocks: dict[str, str] = {}
        self.used = frozenset(_USE.findall(text))
        for name, block in zip(parts[::2], parts[1::2], strict=True):
            self._blocks[name] = _USE.sub(lambda used: self._blocks[used[1]], block.strip())

    def __getattr__(self, name: str) -> str:
        try:
            return self._blocks[name]
        except KeyError:
            raise AttributeError(f"no SQL block is named {name!r}") from None

    def __dir__(self) -> list[str]:
        return sorted(self._blocks)


def statements(module: str) -> Statements:
    """Load the .sql file beside a module, given its `__name__`; FileNotFoundError when missing."""
    package, _, name = module.rpartition(".")
    return Statements((files(package) / f"{name}.sql").read_text(encoding="utf-8"))

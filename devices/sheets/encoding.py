"""Detects the encoding of a text file: UTF-8, UTF-16 with BOM, or GB18030 (Chinese Excel)."""

import codecs
from pathlib import Path

_BLOCK = 1 << 20
_DAMAGED = 0.1
"""Up to this share of characters that are no UTF-8, among those beyond ASCII, a file is UTF-8 with damage."""


def encoding_of(path: Path) -> str | int:
    """Encoding name for `open`, or the 1-based line of the first undecodable byte."""
    with path.open("rb") as opened:
        begin = opened.read(4)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16" if _first_wrong(path, "utf-16") is None else 1
    wrong = _first_wrong(path, "utf-8")
    if wrong is None:
        return "utf-8-sig"
    # GB18030 takes almost any bytes: a UTF-8 file with one broken character would become a file of wrong names.
    if begin.startswith(codecs.BOM_UTF8) or _damage(path) < _DAMAGED or _first_wrong(path, "gb18030") is not None:
        return wrong
    return "gb18030"


def _first_wrong(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as opened:
        while True:
            block = opened.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return line + error.object.count(b"\n", 0, error.start)
            if not block:
                return None
            line += block.count(b"\n")


def _damage(path: Path) -> float:
    """Fraction of non-ASCII bytes that are not valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    wrong = beyond = 0
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            text = decoder.decode(block)
            wrong += text.count("\ufffd")
            beyond += len(text) - len(text.encode("ascii", "ignore"))
    return wrong / beyond if beyond else 0.0

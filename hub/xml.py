"""Parsing XML of strangers: an expat parser that refuses a document type, whose entities can blow up the memory.

And what may stand in XML that is written.
"""

import re
from typing import Any
from xml.parsers import expat

MAX_TAG = 1 << 20
"""Bytes of a tag with its attributes, or of anything else that expat takes as one: it keeps that in memory."""
BLOCK = 1 << 16
"""Bytes that are parsed at a time."""

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class DoctypeError(ValueError):
    """A document declares a document type."""


def xml_parser(encoding: str | None = None, *, namespaces: bool = True) -> Any:
    """A parser; `encoding` counts in place of what the document declares.

    With namespaces these stand before names, separated by a space; without, prefixes that nobody declared are taken.
    """
    parser = expat.ParserCreate(encoding, namespace_separator=" " if namespaces else None)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def parse(parser: Any, block: bytes, read: int) -> None:
    """Parse a block, with which so many bytes have been read; an empty one is the end. ValueError for a huge tag."""
    parser.Parse(block, not block)
    if read - parser.CurrentByteIndex > MAX_TAG:
        raise ValueError(f"a tag has more than {MAX_TAG:,} bytes")


def xml_text(value: object) -> str:
    """A text in which a mark stands for each character that XML 1.0 cannot hold."""
    return _NO_XML.sub("\ufffd", str(value))


def _refuse(*_: object) -> None:
    raise DoctypeError("it declares a document type (DOCTYPE), which is not read")

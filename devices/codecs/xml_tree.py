"""XML of devices as a small tree: local names, whatever the encoding that they declare. Pure.

The guard is hub/xml.py: document types are refused, and entities with them. Cameras declare GB2312 and write UTF-8, or
the other way round: what can be read as UTF-8 is UTF-8, all else is GB 18030.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError

from devices.codecs.decoded import MAX_BYTES
from hub.errors import DecodeError
from hub.words.sentence import Sentence
from hub.xml import BLOCK, DoctypeError, parse, xml_parser

MAX_DEPTH = 32
MAX_ELEMENTS = 5_000
"""Elements of a document, and as many attributes."""
_MARK = b"\xef\xbb\xbf"
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(slots=True)
class Element:
    """An element: its local name, attributes by local name, text, and what is in it."""

    name: str
    start: int
    """Its first byte in the document."""
    end: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    space: str = ""
    """Of the prefix that its name has; "" where nobody has declared that."""
    parts: list[str] = field(default_factory=list)
    children: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, without spaces at its ends."""
        return "".join(self.parts).strip()

    def child(self, name: str) -> "Element | None":
        """Its first child of a name; None: it has none."""
        return next((child for child in self.children if child.name == name), None)

    def told(self, name: str) -> str:
        """The text of the first child of a name that has one; "" when there is none."""
        return next((text for child in self.children if child.name == name and (text := child.text)), "")

    def all(self, name: str) -> Iterator["Element"]:
        """Those of a name within it, at any depth, in their order; none that stands in another of these."""
        for child in self.children:
            if child.name == name:
                yield child
            else:
                yield from child.all(name)


def tree(payload: bytes) -> tuple[Element, bytes]:
    """The root, and the document that its places are of: the payload as UTF-8.

    DecodeError too_large, not_xml (at the byte), too_deep, too_many_values.
    """
    if len(payload) > MAX_BYTES:
        sentence = Sentence("refusal.bytes", size=f"{len(payload):,}", most=f"{MAX_BYTES:,}")
        raise DecodeError("too_large", sentence, MAX_BYTES)
    document = _as_utf8(payload)
    reader = _Reader()
    try:
        for begin in range(0, len(document), BLOCK):
            block = document[begin : begin + BLOCK]
            parse(reader.parser, block, begin + len(block))
        parse(reader.parser, b"", len(document))
    except DoctypeError:
        raise DecodeError("not_xml", Sentence("refusal.xml.doctype"), _place(reader, payload, document)) from None
    except (ExpatError, ValueError) as error:
        problem = Sentence("refusal.xml.problem", problem=str(error)[:120])
        raise DecodeError("not_xml", problem, _place(reader, payload, document)) from None
    return reader.top.children[0], document


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


class _Reader:
    """Makes the tree of one document."""

    def __init__(self) -> None:
        self.top = Element("", 0)
        self._open = [self.top]
        self._count = 0
        self._spaces: list[dict[str, str]] = []
        """Declared up to here; cameras declare a prefix once, or again the same."""
        self.parser = parser = xml_parser("utf-8", namespaces=False)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at: int = self.parser.CurrentByteIndex
        self._count += 1 + len(attributes)
        if len(self._open) > MAX_DEPTH:
            raise DecodeError("too_deep", Sentence("refusal.nested"), 0)
        if self._count > MAX_ELEMENTS:
            sentence = Sentence("refusal.parts", count=f"{self._count:,}", most=f"{MAX_ELEMENTS:,}")
            raise DecodeError("too_many_values", sentence, 0)
        element = Element(local(name), at, attributes={local(key): told for key, told in attributes.items()})
        spaces = {key: told for key, told in attributes.items() if key == "xmlns" or key.startswith("xmlns:")}
        if spaces:
            self._spaces = [*self._spaces, spaces]
        prefix = name.rpartition(":")[0]
        key = f"xmlns:{prefix}" if prefix else "xmlns"
        element.space = next((each[key] for each in reversed(self._spaces) if key in each), "")
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop().end = self.parser.CurrentByteIndex

    def _text(self, data: str) -> None:
        self._open[-1].parts.append(data)


def _as_utf8(payload: bytes) -> bytes:
    document = payload.removeprefix(_MARK).strip(b" \t\r\n\0")
    if not document:
        raise DecodeError("not_xml", Sentence("refusal.xml.empty"), 0)
    if (control := _CONTROL.search(document)) is not None:
        at = payload.find(document) + control.start()
        raise DecodeError("not_xml", Sentence("refusal.xml.control", byte=f"{control[0][0]:02x}"), at)
    try:
        document.decode()
    except UnicodeDecodeError as first:
        try:
            return document.decode("gb18030").encode()
        except UnicodeDecodeError as error:
            at = payload.find(document) + min(max(first.start, error.start), len(document) - 1)
            raise DecodeError("not_xml", Sentence("refusal.xml.encoding"), at) from None
    return document


def _place(reader: _Reader, payload: bytes, document: bytes) -> int:
    """The byte of the payload at which the parser stopped."""
    at: int = min(max(reader.parser.ErrorByteIndex, 0), len(document))
    if document not in payload:
        at = len(document[:at].decode("utf-8", "ignore").encode("gb18030"))
        return min(at, len(payload))
    return payload.find(document) + at

"""MANSCDP as a small tree of elements, each with its place among the bytes; bounded, without a document type. Pure."""

from xml.parsers.expat import ExpatError

from devices.codecs.decoded import MAX_BYTES
from devices.codecs.gb28181.charset import UTF_8, text_of
from hub.errors import DecodeError
from hub.words.sentence import Sentence
from hub.xml import BLOCK, DoctypeError, parse, xml_parser

MAX_DEPTH = 10
MAX_ELEMENTS = 20_000
"""Of a body: a page of a directory has 40 a channel."""
MAX_TEXT = 4_096
"""Characters of an element."""
_MARK = "\ufeff"


class Element:
    """An element. Names are looked for without regard to case: some write `<info>`."""

    __slots__ = ("_parts", "at", "attributes", "children", "name")

    def __init__(self, name: str, attributes: dict[str, str], at: int) -> None:
        self.name, self.attributes, self.at = name, attributes, at
        """`at`: where it begins, in bytes of the payload."""
        self.children: list[Element] = []
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        """More of its text."""
        self._parts.append(text)

    @property
    def text(self) -> str:
        """Its own text, without blanks and zeros at its ends."""
        return "".join(self._parts)[:MAX_TEXT].replace("\0", "").strip()

    def all(self, name: str) -> "list[Element]":
        """Its children of a name, in their order."""
        wanted = name.lower()
        return [child for child in self.children if child.name.lower() == wanted]

    def child(self, *names: str) -> "Element | None":
        """The first child of one of these names that has a text or children; None where there is none."""
        for name in names:
            for found in self.all(name):
                if found.children or found.text:
                    return found
        return None

    def told(self, *names: str) -> str:
        """The text of the first child of one of these names, or of an attribute: some write those; "" of none."""
        found = self.child(*names)
        if found is not None:
            return found.text
        attributes = {name.lower(): value for name, value in self.attributes.items()} if self.attributes else {}
        return next((text for name in names if (text := attributes.get(name.lower(), "").strip())), "")


def tree(payload: bytes, begin: int = 0) -> Element:
    """The root of what begins there; DecodeError: no XML, too large, too deep, or it declares a document type."""
    if len(payload) > MAX_BYTES:
        sentence = Sentence("refusal.bytes", size=f"{len(payload):,}", most=f"{MAX_BYTES:,}")
        raise DecodeError("too_large", sentence, MAX_BYTES)
    text, charset = text_of(payload[begin:])
    blank = len(text) - len(text.lstrip(_MARK + " \r\n\t\0"))
    body = text[blank:].rstrip("\0 \r\n\t").encode("utf-8", "replace")
    skipped = begin + len(text[:blank].encode(charset))
    place = _Place(payload, body, skipped, charset)
    if not body.startswith(b"<"):
        raise DecodeError("not_xml", Sentence("refusal.xml.begin"), place.of(0))
    top = Element("", {}, 0)
    open_, count = [top], 0
    parser = xml_parser(UTF_8)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(open_) > MAX_DEPTH or count > MAX_ELEMENTS:
            sentence = Sentence("refusal.xml.elements", deep=MAX_DEPTH, most=f"{MAX_ELEMENTS:,}")
            raise DecodeError("too_deep", sentence, place.of(parser.CurrentByteIndex))
        element = Element(name.rpartition(" ")[2], attributes, place.of(parser.CurrentByteIndex))
        open_[-1].children.append(element)
        open_.append(element)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_.pop()
    parser.CharacterDataHandler = lambda data: open_[-1].add(data)
    try:
        for at in range(0, len(body), BLOCK):
            parse(parser, body[at : at + BLOCK], min(at + BLOCK, len(body)))
        parse(parser, b"", len(body))
    except DoctypeError as error:
        raise DecodeError("not_xml", Sentence("refusal.xml.doctype"), place.of(0)) from error
    except (ExpatError, ValueError) as error:
        index = min(max(parser.ErrorByteIndex, 0), len(body))
        raise DecodeError("not_xml", Sentence("refusal.xml", problem=str(error)[:200]), place.of(index)) from error
    return top.children[0]


class _Place:
    """Where a byte of the text as UTF-8 is in the payload."""

    def __init__(self, payload: bytes, body: bytes, skipped: int, charset: str) -> None:
        self._payload, self._body, self._skipped, self._charset = payload, body, skipped, charset
        self._known = (0, 0)
        """The newest one: they come in order, and each is counted from there."""

    def of(self, index: int) -> int:
        """Its offset, at most the end."""
        if self._charset != UTF_8:
            at, place = self._known if self._known[0] <= index else (0, 0)
            between = self._body[at:index].decode("utf-8", "ignore").encode(self._charset, "replace")
            self._known = index, place + len(between)
            index = self._known[1]
        return min(self._skipped + index, len(self._payload))

"""XML as a small tree: names without namespaces, bounded, and without a document type."""

from dataclasses import dataclass, field
from xml.parsers.expat import ExpatError

from hub.warnings.message import WarningRefused
from hub.words.sentence import Sentence
from hub.xml import BLOCK, DoctypeError, parse, xml_parser

MAX_DEPTH = 20
MAX_ELEMENTS = 50_000


@dataclass(slots=True)
class Element:
    """An element: its local name, its text, and what is in it."""

    name: str
    parts: list[str] = field(default_factory=list)
    children: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text, without spaces at its ends."""
        return "".join(self.parts).strip()

    def all(self, name: str) -> list["Element"]:
        """Its children of a name, in their order."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> str:
        """The text of the first child of a name that has one; "" when there is none."""
        return next((text for child in self.all(name) if (text := child.text)), "")


def tree(text: str) -> Element:
    """The root; WarningRefused for what is no XML, is too deep or too large, or declares a document type."""
    top = Element("")
    open_, count = [top], 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if len(open_) > MAX_DEPTH or count > MAX_ELEMENTS:
            raise WarningRefused(Sentence("warning.refused.elements", deep=MAX_DEPTH, most=MAX_ELEMENTS))
        element = Element(name.rpartition(" ")[2])
        open_[-1].children.append(element)
        open_.append(element)

    parser = xml_parser("utf-8")
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_.pop()
    parser.CharacterDataHandler = lambda data: open_[-1].parts.append(data)
    body = text.encode("utf-8", "replace")
    try:
        for begin in range(0, len(body), BLOCK):
            parse(parser, body[begin : begin + BLOCK], min(begin + BLOCK, len(body)))
        parse(parser, b"", len(body))
    except DoctypeError as error:
        raise WarningRefused(Sentence("warning.refused.doctype")) from error
    except (ExpatError, ValueError) as error:
        raise WarningRefused(Sentence("warning.refused.xml", problem=str(error)[:200])) from error
    return top.children[0]

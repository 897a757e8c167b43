"""JSON pointers (RFC 6901) into what others say. Pure."""

from typing import Annotated, Any

from pydantic import Field

Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)*$", max_length=200)]


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON pointer leads to. LookupError when there is none."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list) and name.isascii() and name.isdigit():
            document = document[int(name)]
        elif isinstance(document, dict):
            document = document[name]
        else:
            raise LookupError(name)
    return document


def word_at(document: Any, pointer: str) -> str | None:
    """The id or status that stands there, as text; None for none, and for what is no word of 1 to 100 characters."""
    try:
        found = pointed(document, pointer)
    except LookupError:
        return None
    text = word(found) if isinstance(found, str | int) else ""
    return text if 1 <= len(text) <= WORD_MAX and text.isprintable() else None


def word(value: str | int) -> str:
    """As text: a form has no other; true and 1 are different words."""
    return str(value).lower() if isinstance(value, bool) else str(value)


WORD_MAX = 100

"""What the other side said, as it may be kept and shown: one line, bounded, without the hub's secrets. Pure."""

import base64
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

from api.push.channel import SAID_MAX
from hub.access.shown_url import HIDDEN

_SHORTEST = 4
"""A secret of fewer characters hides nothing, and would hide parts of other words."""


def printable(text: str) -> str:
    """In one line, without control characters: it is shown on terminals and on the page."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def said(answer: bytes, secrets: Iterable[str]) -> str:
    """An answer as text of at most SAID_MAX characters; a receiver that repeats a secret is not quoted with it."""
    text = printable(answer.decode("utf-8", "replace"))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text[:SAID_MAX]


def forms_of(secret: str, login: str | None = None, query: str | None = None) -> list[str]:
    """The texts by which a consumer's secrets may be repeated: as stored, decoded, and as in a header."""
    found = [secret]
    if login is not None:
        user, _, password = login.partition(":")
        both = f"{unquote(user)}:{unquote(password)}"
        found += [password, unquote(password), base64.b64encode(both.encode()).decode()]
    if query is not None:
        found += [query, unquote(query), *(value for _, value in parse_qsl(query))]
    return [each for each in found if len(each) >= _SHORTEST]

"""Addresses of webhooks: what can be called, with the login that stands in it kept apart."""

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx

from hub.access.shown_url import HIDDEN
from hub.errors import PermanentError
from hub.words.sentence import Sentence

_PORT_MAX = 65535


class BadAddressError(PermanentError):
    """The url cannot be called"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Address(NamedTuple):
    """What may be shown of a URL, and what may not."""

    url: str
    login: str | None
    """`user:password` as it stood in the URL, percent-encoded."""
    query: str | None = None
    """What may be a token, most often behind the `?`: the URL ends with HIDDEN for it. HIDDEN itself: the known one."""


def parse_address(url: str) -> Address:
    """Take an http or https URL apart when it is set.

    Raises BadAddressError, whose text shows no part of what may be a password.
    """
    if re.search(r"[\s\\]", url) or not url.isprintable():
        raise BadAddressError(Sentence("refusal.address"))
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadAddressError(Sentence("refusal.address")) from error
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddressError(Sentence("refusal.address"))
    _check_port(parts.netloc)
    if not _callable(host):
        raise BadAddressError(Sentence("refusal.address.host", host=host))
    if "#" in url:
        raise BadAddressError(Sentence("refusal.address.fragment"))
    login, at, place = parts.netloc.rpartition("@")
    if parts.password == HIDDEN:
        raise BadAddressError(Sentence("refusal.address.hidden", hidden=HIDDEN))
    bare = parts._replace(netloc=place).geturl()
    try:
        httpx.URL(bare)  # its host is one for IDNA
    except httpx.InvalidURL as error:
        raise BadAddressError(Sentence("refusal.address")) from error
    shown = parts._replace(netloc=place, query=HIDDEN).geturl() if parts.query else bare
    return Address(shown, login if at and login.strip(":") else None, parts.query or None)


def stored_url(url: str, query: str | None = None, schemes: Collection[str] = ("http", "https")) -> httpx.URL:
    """What is called for a stored URL and its query, or what else of it is shown as HIDDEN.

    It is whatever the kind can call, since one that worked before must go on working.

    Raises BadAddressError.
    """
    if query is None:
        return _called(url, frozenset(schemes))
    return _checked(_with(url, query), schemes)


@lru_cache(1024)
def _called(url: str, schemes: frozenset[str]) -> httpx.URL:
    """Without anything secret in it; parsing took a tenth of a delivery."""
    return _checked(url, schemes)


def _checked(url: str, schemes: Collection[str]) -> httpx.URL:
    try:
        called = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise BadAddressError(Sentence("refusal.address")) from error
    if called.scheme not in schemes or not called.host:
        raise BadAddressError(Sentence("refusal.address"))
    if called.port is not None and not 0 < called.port <= _PORT_MAX:
        raise BadAddressError(Sentence("refusal.address.port"))
    return called


def _with(url: str, query: str) -> str:
    return url.removesuffix(HIDDEN) + query if url.endswith(HIDDEN) else f"{url.partition('?')[0]}?{query}"


def _check_port(netloc: str) -> None:
    _, colon, port = netloc.rpartition("@")[2].rpartition("]")[2].rpartition(":")
    if colon and not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= _PORT_MAX):
        raise BadAddressError(Sentence("refusal.address.port"))


def _callable(host: str) -> bool:
    """Whether a connection can be made: not to every address, a group, or what the system would guess one of."""
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return not labels[-1].isdigit() and all(0 < len(label) <= 63 for label in labels) and len(host) <= 253
    return not (address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255")

"""URLs of cameras, and logins apart from them: a password in a URL is taken out before it is kept or shown. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from hub.words.sentence import Sentence

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtspu": 554, "rtsps": 322}
"""rtspu: its media comes in datagrams (UDP); rtsps: all of it comes over TLS."""
SCHEMES = {
    "isapi": ("http", "https"),
    "onvif": ("http", "https"),
    "rtsp": ("rtsp", "rtsps", "rtspu", "http", "https"),
    "gat1400": ("http", "https"),
}
"""Of URLs, by kind of connection."""
MAX_URL = 500


_SECRET = re.compile(r"((?:pass(?:word|wd)?|pwd|pw|token|secret)=)[^&;/#]*?(?=_\w+=|[&;/#]|$)", re.IGNORECASE)
"""What some cameras want in the path or the query: `?user=a&password=b`, `/user=a_password=b_channel=1`."""


HIDDEN = "***"
"""Stands in a URL for such a password, which is sealed apart from it."""


class Login(NamedTuple):
    """A user name and a password."""

    username: str
    password: str


class CameraUrl(NamedTuple):
    """Where a camera is."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query; "" where none is told."""

    @property
    def authority(self) -> str:
        """Host and port, as a header and a URL have them; without the port that its scheme has anyhow."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS[self.scheme] == self.port else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The URL without a login."""
        return f"{self.scheme}://{self.authority}{self.path}"


class Sealed(NamedTuple):
    """What of a connection is sealed."""

    login: Login | None
    hidden: tuple[str, ...] = ()
    """Passwords that belong into the path or the query of the URL, in their order."""

    @property
    def written(self) -> str:
        """As text."""
        login = "" if self.login is None else f"{_quoted(self.login.username)}:{_quoted(self.login.password)}"
        return "&".join((login, *map(_quoted, self.hidden)))


def masked(text: str) -> str:
    """A URL or a path without the passwords in it, as it is told to people and stored."""
    return _SECRET.sub(rf"\1{HIDDEN}", text)


def hidden(url: CameraUrl) -> tuple[str, ...]:
    """The passwords in its path and query; HIDDEN where one is kept apart."""
    return tuple(found[0][len(found[1]) :] for found in _SECRET.finditer(url.path))


def whole(url: CameraUrl, kept: Sequence[str]) -> CameraUrl:
    """With the passwords that are kept apart; those that stand in it stay."""
    told = iter(kept)

    def each(found: re.Match[str]) -> str:
        known = next(told, HIDDEN)
        return f"{found[1]}{known}" if found[0] == f"{found[1]}{HIDDEN}" else found[0]

    return url._replace(path=_SECRET.sub(each, url.path))


class BadUrlError(ValueError):
    """A URL that is none of a camera"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read_sealed(written: str) -> Sealed:
    """Of a text that `Sealed.written` has made."""
    login, *kept = written.split("&")
    username, is_one, password = login.partition(":")
    return Sealed(Login(unquote(username), unquote(password)) if is_one else None, tuple(map(unquote, kept)))


def parse_url(kind: str, text: str) -> tuple[CameraUrl, Login | None]:
    """A URL of a kind of connection, and the login that stood in it. BadUrlError, whose text shows no password."""
    try:
        found = urlsplit(text.strip())
        scheme, host, port = found.scheme.lower(), found.hostname or "", found.port
    except ValueError:
        raise BadUrlError(Sentence("refusal.camera.url", example=_example(kind))) from None
    if scheme not in SCHEMES[kind]:
        schemes = ", ".join(f"{each}://" for each in SCHEMES[kind])
        raise BadUrlError(Sentence("refusal.camera.scheme", kind=kind, schemes=schemes))
    if not host or found.fragment or len(text) > MAX_URL or not text.isprintable() or port == 0:
        raise BadUrlError(Sentence("refusal.camera.url", example=_example(kind)))
    path = found.path + (f"?{found.query}" if found.query else "")
    login = None
    if found.username is not None or found.password is not None:
        login = Login(unquote(found.username or ""), unquote(found.password or ""))
    return CameraUrl(scheme, host, port or PORTS[scheme], "" if path == "/" else path), login


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _example(kind: str) -> str:
    return {"rtsp": "rtsp://10.1.2.3/stream1"}.get(kind, "http://10.1.2.3")

"""Digest authentication of HTTP (RFC 7616) as a client: MD5 and SHA-256, with qop auth and without. Pure."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex

from devices.cameras.camera_url import Login

_PAIR = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(r"\b(Digest|Basic)\b\s*", re.IGNORECASE)
_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "MD5": lambda told: hashlib.md5(told, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
}
"""The protocol asks for them by name; cameras know no other."""
_STRENGTH = ("SHA-256", "MD5")


@dataclass(slots=True)
class Challenge:
    """What a server asks of who logs in; requests with it are counted."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    is_session: bool = False
    qop: str = ""
    opaque: str | None = None
    stale: bool = False
    count: int = field(default=0, compare=False)

    def header(self, login: Login, method: str, uri: str, cnonce: str | None = None) -> str:
        """The value of `Authorization` for the next request."""
        self.count += 1
        cnonce, count = cnonce or token_hex(8), f"{self.count:08x}"

        def digest(text: str) -> str:
            return _HASHES[self.algorithm](text.encode()).hexdigest()

        secret = digest(f"{login.username}:{self.realm}:{login.password}")
        if self.is_session:
            secret = digest(f"{secret}:{self.nonce}:{cnonce}")
        asked = digest(f"{method}:{uri}")
        between = f"{self.nonce}:{count}:{cnonce}:{self.qop}" if self.qop else self.nonce
        quoted = {
            "username": login.username, "realm": self.realm, "nonce": self.nonce, "uri": uri,
            "response": digest(f"{secret}:{between}:{asked}"), "opaque": self.opaque,
        }  # fmt: skip
        parts = [f'{name}="{_escaped(told)}"' for name, told in quoted.items() if told is not None]
        parts.append(f"algorithm={self.algorithm}{'-sess' if self.is_session else ''}")
        if self.qop:
            parts += [f"qop={self.qop}", f"nc={count}", f'cnonce="{cnonce}"']
        elif self.is_session:
            parts.append(f'cnonce="{cnonce}"')
        return "Digest " + ", ".join(parts)


def challenge_of(headers: Sequence[str]) -> Challenge | None:
    """The strongest challenge of `WWW-Authenticate` that can be answered; None: there is none."""
    found = [challenge for header in headers for challenge in _challenges(header)]
    return min(found, key=lambda each: _STRENGTH.index(each.algorithm), default=None)


def offers_basic(headers: Sequence[str]) -> bool:
    """Whether a server would take a password as it is."""
    return any(found[1].lower() == "basic" for header in headers for found in _SCHEME.finditer(header))


def _challenges(header: str) -> list[Challenge]:
    marks = list(_SCHEME.finditer(header))
    ends = [*(mark.start() for mark in marks[1:]), len(header)]
    found = []
    for mark, end in zip(marks, ends, strict=True):
        told = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(header[mark.end() : end])}
        algorithm = told.get("algorithm", "MD5").upper()
        is_session, algorithm = algorithm.endswith("-SESS"), algorithm.removesuffix("-SESS")
        qops = [each.strip().lower() for each in told.get("qop", "").split(",") if each.strip()]
        if mark[1].lower() != "digest" or algorithm not in _HASHES or not told.get("nonce"):
            continue
        if qops and "auth" not in qops:
            continue
        realm, stale = told.get("realm", ""), told.get("stale", "").lower() == "true"
        qop = "auth" if qops else ""
        found.append(Challenge(realm, told["nonce"], algorithm, is_session, qop, told.get("opaque"), stale))
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')

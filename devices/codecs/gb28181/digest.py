"""Digest access of SIP as GB/T 28181 uses it (RFC 2617, RFC 8760): MD5 and SHA-256, with and without qop. Pure."""

import hashlib
import re
from collections.abc import Mapping
from hmac import compare_digest
from typing import NamedTuple

_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_ALGORITHMS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
LONGEST = 4_096
"""Characters of a header that are read."""
SHOWN = ("username", "realm", "nonce", "uri", "response")
"""Parameters that must be there."""


class Credentials(NamedTuple):
    """What a peer shows; `nc` 0 where it counts no requests."""

    username: str
    realm: str
    nonce: str
    uri: str
    """As the header tells it: some devices' request lines tell another."""
    response: str
    algorithm: str = "MD5"
    qop: str = ""
    cnonce: str = ""
    nc: int = 0


def credentials(header: str) -> Credentials | None:
    """Of an Authorization header; None where something is missing or no algorithm of these."""
    told = parameters(header)
    algorithm = told.get("algorithm", "MD5").upper()
    if any(not told.get(name) for name in SHOWN) or algorithm not in _ALGORITHMS:
        return None
    qop = told.get("qop", "").lower()
    try:
        count = int(told.get("nc", "0") or "0", 16)
    except ValueError:
        return None
    if qop not in ("", "auth") or (qop and not (told.get("cnonce") and count)):
        return None
    who = [told[name] for name in SHOWN]
    return Credentials(who[0], who[1], who[2], who[3], who[4], algorithm, qop, told.get("cnonce", ""), count)


def parameters(header: str) -> Mapping[str, str]:
    """Those of a Digest challenge or answer, names in lower case; none where it is no Digest."""
    scheme, _, rest = header[:LONGEST].strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    return {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}


def response(shown: Credentials, method: str, password: str) -> str:
    """What a peer that knows the password shows, in hexadecimal digits."""

    def digest(text: str) -> str:
        return _ALGORITHMS[shown.algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()

    secret, request = digest(f"{shown.username}:{shown.realm}:{password}"), digest(f"{method}:{shown.uri}")
    if not shown.qop:
        return digest(f"{secret}:{shown.nonce}:{request}")
    return digest(f"{secret}:{shown.nonce}:{shown.nc:08x}:{shown.cnonce}:{shown.qop}:{request}")


def is_right(shown: Credentials, method: str, password: str) -> bool:
    """Whether a peer knows the password; takes as long for a wrong one."""
    right = response(shown, method, password)
    return compare_digest(right.encode(), shown.response.lower().encode("utf-8", "surrogateescape"))


def challenge(realm: str, nonce: str, algorithm: str = "MD5", *, stale: bool = False) -> str:
    """A WWW-Authenticate header."""
    more = ", stale=true" if stale else ""
    return f'Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{more}'


def authorization(shown: Credentials, opaque: str = "") -> str:
    """An Authorization header; `response` is that of `shown`, `opaque` is repeated as the challenge told it."""
    told = f'Digest username="{shown.username}", realm="{shown.realm}", nonce="{shown.nonce}", uri="{shown.uri}"'
    told += f', response="{shown.response}", algorithm={shown.algorithm}'
    told += f', opaque="{opaque}"' if opaque else ""
    return told + (f', qop={shown.qop}, cnonce="{shown.cnonce}", nc={shown.nc:08x}' if shown.qop else "")

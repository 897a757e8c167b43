"""Secrets of devices: made by the hub, shown once, kept as a hash. Pure but for the randomness."""

import hmac
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import Literal, NamedTuple

Kind = Literal["password", "token", "x509"]

SECRET_BYTES = 24
"""192 random bits; in hex, so that no shell, URL, topic or configuration file needs them quoted."""
SALT_BYTES = 16
MOST = 10
"""Credentials of one device that can be in use at one time."""
_MARK = "ganzhi"
"""What tokens begin with, so that a search for leaked secrets finds them."""


class Token(NamedTuple):
    """A device's token, taken apart."""

    credential: int
    secret: str


def new_secret() -> str:
    """A secret that nobody can guess."""
    return token_hex(SECRET_BYTES)


def hashed(secret: str) -> bytes:
    """What is kept of a secret: salt and SHA-256.

    One fast round is enough: slow hashes protect passwords that people choose, of which there are few; 192 random bits
    cannot be tried out, however fast. It must be fast, for each HTTP request of a device is checked against it.
    """
    salt = token_bytes(SALT_BYTES)
    return salt + sha256(salt + secret.encode()).digest()


def verified(secret: str, kept: bytes | None) -> bool:
    """Whether that was the secret; takes as long whichever byte is wrong. Nothing kept: never."""
    salt = (kept or b"")[:SALT_BYTES]
    return hmac.compare_digest(salt + sha256(salt + secret.encode(errors="replace")).digest(), kept or b"")


def token_of(credential: int, secret: str) -> str:
    """The token of a credential: it names the row, so that checking it is one look-up and one hash."""
    return f"{_MARK}_{credential}_{secret}"


def read_token(text: str) -> Token | None:
    """A token taken apart, None when it is none."""
    mark, _, rest = text.partition("_")
    number, _, secret = rest.partition("_")
    if mark != _MARK or not (number.isascii() and number.isdigit() and len(number) < 20 and secret):
        return None
    return Token(int(number), secret)


def shown(kind: Kind, credential: int, secret: str) -> str:
    """What the device is given: the secret itself, or the token that holds it; over MQTT both are the password."""
    return token_of(credential, secret) if kind == "token" else secret


def free_username(code: str, taken: set[str]) -> str:
    """The device's code, or the first of code~2, code~3, ... that is free; `~` is in no code, so none can clash."""
    number, name = 1, code
    while name in taken:
        number += 1
        name = f"{code}~{number}"
    return name

"""API keys: `gz_`, 256 random bits, and a checksum, by which a search for leaked secrets knows one. Kept as SHA-256."""

from hashlib import sha256
from secrets import randbits
from string import ascii_lowercase, ascii_uppercase, digits
from zlib import crc32

MARK = "gz_"
BITS = 256
_ALPHABET = digits + ascii_uppercase + ascii_lowercase
_SECRET, _CHECK = 43, 6
"""Characters in base 62 that 256 and 32 bits need."""


def new_key() -> str:
    """A new random key."""
    secret = _base62(randbits(BITS), _SECRET)
    return MARK + secret + _checksum(secret)


def digest_of(key: str) -> bytes | None:
    """What is kept of a key. None: it is not whole, which its checksum tells.

    One round of SHA-256 without a salt is enough: nobody tries out 256 random bits, and a table finds it at once.
    """
    body = key.removeprefix(MARK)
    secret, check = body[:_SECRET], body[_SECRET:]
    if not key.startswith(MARK) or len(body) != _SECRET + _CHECK or check != _checksum(secret):
        return None
    return sha256(key.encode()).digest()


def _checksum(secret: str) -> str:
    return _base62(crc32(secret.encode(errors="replace")), _CHECK)


def _base62(number: int, length: int) -> str:
    shown = ""
    for _ in range(length):
        number, rest = divmod(number, 62)
        shown = _ALPHABET[rest] + shown
    return shown

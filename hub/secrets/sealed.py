"""Secrets that the hub must read again (of consumers, of authenticators), encrypted for their place in the database.

A sealed text names its algorithm and key. Table, column and row are authenticated with it, so that one that is moved to
another row cannot be read there. Without a key texts are stored as they are; with one, those are not read.
"""

import hashlib
from base64 import b64decode, b64encode
from typing import NamedTuple

from hub.crypto import KEY_BYTES, SEALINGS, SOFTWARE, Sealing, SoftwareCrypto, WrongKeyError
from hub.errors import ConfigError, PermanentError
from hub.settings import Secrets as Listed
from hub.words.sentence import Sentence

_MARK = "sealed 1 "
"""Begins a sealed text. No secret has a space, and a login of a consumer is percent-encoded."""


class Place(NamedTuple):
    """Where a secret is stored."""

    table: str
    column: str
    row: str

    @property
    def written(self) -> bytes:
        """What is authenticated; no two places are written alike, for names of tables and columns have no colon."""
        return f"{self.table}:{self.column}:{self.row}".encode()


class SecretUnreadable(PermanentError):
    """A stored secret cannot be read"""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Secrets:
    """Seals with the first key of the settings, and opens with each."""

    def __init__(self, listed: Listed, crypto: SoftwareCrypto = SOFTWARE) -> None:
        """ConfigError for a key that is none; its text shows no part of it."""
        self._algorithm, self._crypto = listed.algorithm, crypto
        text = "" if listed.key is None else listed.key.get_secret_value()
        self._keys = {key_id(key): key for key in map(_key, text.split())}
        self.current: str | None = next(iter(self._keys), None)
        """Id of the key that is sealed with; None: nothing is sealed."""

    def seal(self, place: Place, text: str) -> str:
        """The text as it is stored."""
        if self.current is None:
            return text
        sealed = self._crypto.encrypt(self._algorithm, self._keys[self.current], place.written, text.encode())
        return f"{_MARK}{self._algorithm} {self.current} {b64encode(sealed).decode()}"

    def open(self, place: Place, stored: str) -> str:
        """The text that was sealed for this place; SecretUnreadable without its key, or when it was changed.

        Where there is a key, also for a text that is not sealed: anybody who writes to the table can have put it there.
        """
        if not is_sealed(stored):
            if self.current is not None:
                raise SecretUnreadable(Sentence("secret.plain"))
            return stored
        algorithm, key, coded = _parts(stored)
        if key not in self._keys:
            raise SecretUnreadable(Sentence("secret.no_key", key=key))
        try:
            return self._crypto.decrypt(algorithm, self._keys[key], place.written, b64decode(coded)).decode()
        except (WrongKeyError, ValueError):
            raise SecretUnreadable(Sentence("secret.changed")) from None

    def is_current(self, stored: str) -> bool:
        """Whether it is stored as it would be now."""
        if self.current is None:
            return not is_sealed(stored)
        return stored.startswith(f"{_MARK}{self._algorithm} {self.current} ")


def is_sealed(stored: str) -> bool:
    """Whether a stored text is sealed."""
    return stored.startswith(_MARK)


def sealed_with(stored: str) -> str | None:
    """`algorithm key` of a stored text; None for one that is not sealed."""
    return " ".join(stored.split(" ")[2:4]) if is_sealed(stored) else None


def key_id(key: bytes) -> str:
    """Eight hexadecimal digits that tell a key from others, and nothing else of it."""
    return hashlib.sha256(b"ganzhi key id" + key).hexdigest()[:8]


def _parts(stored: str) -> tuple[Sealing, str, str]:
    algorithm, _, rest = stored.removeprefix(_MARK).partition(" ")
    key, _, coded = rest.partition(" ")
    for known in SEALINGS:
        if known == algorithm:
            return known, key, coded
    raise SecretUnreadable(Sentence("secret.changed"))


def _key(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"secrets.key: a key is {KEY_BYTES} random bytes in base64: make one with `hub secrets key`")
    return key

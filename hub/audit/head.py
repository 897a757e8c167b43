"""The head of the chain: told outside every day, and signed, so that a chain that was made anew is found out."""

import logging
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from psycopg.rows import namedtuple_row

from hub.audit.entry import Entry, write
from hub.crypto import SOFTWARE
from hub.errors import ConfigError
from hub.store.leader import Work
from hub.store.statements import statements

SQL = statements(__name__)

log = logging.getLogger(__name__)

LOOK_S = 60.0
"""How often it is looked whether a day has passed."""
SEALED_S = 2.0
"""And at first whether anything is sealed."""


class Head(NamedTuple):
    """The newest link of the chain."""

    seq: int
    hash: str
    """In hexadecimal digits."""
    algorithm: str
    sealed_at: datetime

    @property
    def line(self) -> str:
        """What is signed."""
        return f"ganzhi audit {self.seq} {self.algorithm}:{self.hash} {self.sealed}"

    @property
    def sealed(self) -> str:
        """When it was sealed, in UTC, to the second."""
        return f"{self.sealed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


async def head(conn: psycopg.AsyncConnection[Any]) -> Head | None:
    """The head; None while nothing is sealed. Raises psycopg errors."""
    async with conn.cursor(row_factory=namedtuple_row) as cursor:
        row = await (await cursor.execute(SQL.head)).fetchone()
    return None if row is None else Head(*row)


def load_key(file: Path) -> Ed25519PrivateKey:
    """The key of audit.signing_key_file, Ed25519 in PEM without a password; ConfigError with what to do."""
    what = f"audit.signing_key_file {file}"
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except OSError as error:
        raise ConfigError(f"{what}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"{what}: {_MAKE}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{what}: {_MAKE}")
    return key


_MAKE = "holds no Ed25519 key in PEM without a password: make one with openssl genpkey -algorithm ed25519"


def sign(key_file: Path | None, found: Head) -> str | None:
    """The signature of a head in base64; None without a key. ConfigError for a key that cannot be used."""
    return None if key_file is None else b64encode(SOFTWARE.sign(load_key(key_file), found.line.encode())).decode()


def daily(key_file: Path | None) -> Work:
    """The leader's work: once a day log the head, and write it as an entry, which goes wherever the audit goes.

    ConfigError at once for a key that cannot be used.
    """
    if key_file is not None:
        load_key(key_file)

    async def work(conn: psycopg.AsyncConnection) -> float:
        async with conn.transaction():
            due = await (await conn.execute(SQL.due)).fetchone()
            if due is None or not due[0]:
                return LOOK_S
            if (found := await head(conn)) is None:
                return SEALED_S
            signature = sign(key_file, found)
            made = {"hash": found.hash, "algorithm": found.algorithm, "sealed_at": found.sealed}
            detail = {**made, "signature": signature}
            await write(conn, Entry("hub", "audit.head", str(found.seq), detail))
            await conn.execute(SQL.told, {"seq": found.seq})
        log.info("head of the audit: %s, signature %s", found.line, signature or "none")
        return LOOK_S

    return work

"""The hash chain: a link is the hash of the link before and of an entry as one line. Pure.

The line is what `COPY ... TO STDOUT` makes of the columns in `links` of sealing.sql, in UTF-8 and without its line
end: tabs between them, `\\N` for null, backslashes escaped. So anybody can check a chain with psql and a short script.
"""

import hashlib
from typing import Literal

from cryptography.hazmat.primitives import hashes

Algorithm = Literal["sha256", "sm3"]
"""SM3 is that of GB/T 32905-2016."""
ALGORITHMS: tuple[Algorithm, ...] = ("sha256", "sm3")


def link(algorithm: str, previous: bytes, line: bytes) -> bytes:
    """The next hash of a chain, 32 bytes. ValueError for an algorithm that is not known."""
    if algorithm == "sha256":
        return hashlib.sha256(previous + line).digest()  # a tenth of the time that the one of cryptography takes
    if algorithm == "sm3":
        digest = hashes.Hash(hashes.SM3())
        digest.update(previous)
        digest.update(line)
        return digest.finalize()
    raise ValueError(algorithm)

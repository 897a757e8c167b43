"""The hash chain: a link is the hash of the link before and of an entry as one line. Pure.

The line is what `COPY ... TO STDOUT` makes of the columns in `links` of sealing.sql, in UTF-8 and without its line
end: tabs between them, `\\N` for null, backslashes escaped. So anybody can check a chain with psql and a short script.
"""

from typing import Literal

from hub.crypto import SOFTWARE

Algorithm = Literal["sha256", "sm3"]
"""SM3 is that of GB/T 32905-2016."""
ALGORITHMS: tuple[Algorithm, ...] = ("sha256", "sm3")


def link(algorithm: str, previous: bytes, line: bytes) -> bytes:
    """The next hash of a chain, 32 bytes. ValueError for an algorithm that is not known."""
    return SOFTWARE.hash(algorithm, previous, line)

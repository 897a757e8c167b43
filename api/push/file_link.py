"""Links to attachments of cases for consumers: signed by the hub, and over after a time. Pure."""

import hmac
from base64 import urlsafe_b64encode
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

FOR_S = 86_400
"""As long as a delivery is tried."""
AHEAD_S = 300
"""By how much the clock of the process that signs may be ahead of that of one that reads."""


class FileLink(NamedTuple):
    """Who may read what until when."""

    file: UUID
    consumer: str
    until: int
    """In seconds."""

    def signature(self, key: bytes) -> str:
        """By a `link_key`."""
        written = f"case-file {self.file} {self.consumer} {self.until}".encode()
        return urlsafe_b64encode(hmac.digest(key, written, "sha256")).decode().rstrip("=")

    def url(self, base: str, key: bytes) -> str:
        """The link; `base` is the address of the hub."""
        query = {"consumer": self.consumer, "until": self.until, "signature": self.signature(key)}
        return f"{base}/api/v1/case-files/{self.file}?{urlencode(query)}"

    def opens(self, key: bytes, signature: str, now: float) -> bool:
        """Whether a signature is the right one, and it is neither over nor for longer than any; constant time."""
        right = hmac.compare_digest(self.signature(key).encode(), signature.encode())
        return right and now < self.until <= now + FOR_S + AHEAD_S


def link_key(own: bytes, secret: str) -> bytes:
    """The key of a consumer's links: of the hub's own, which the consumer does not know, so that it makes none itself,
    and of its secret, so that its links are over when it gets another."""
    return hmac.digest(own, secret.encode(), "sha256")

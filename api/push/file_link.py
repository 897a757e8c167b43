"""Links to attachments of cases for consumers: signed with the secret of the consumer, and over after a time. Pure."""

import hmac
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from api.push.signature import sign

FOR_S = 86_400
"""As long as a delivery is tried."""


class FileLink(NamedTuple):
    """Who may read what until when."""

    file: UUID
    consumer: str
    until: int
    """In seconds."""

    def signature(self, secret: str) -> str:
        """Of no webhook, for these ids begin otherwise. BadSecretError."""
        return sign(secret, f"case-file {self.file} {self.consumer}", self.until, b"").removeprefix("v1,")

    def url(self, base: str, secret: str) -> str:
        """The link; `base` is the address of the hub."""
        query = {"consumer": self.consumer, "until": self.until, "signature": self.signature(secret)}
        return f"{base}/api/v1/case-files/{self.file}?{urlencode(query)}"

    def opens(self, secret: str, signature: str, now: float) -> bool:
        """Whether a signature is the right one, and it is not over; constant time. BadSecretError."""
        right = hmac.compare_digest(self.signature(secret).encode(), signature.encode())
        return right and now < self.until

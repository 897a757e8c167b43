"""Standard Webhooks 1.0 signatures: created by the hub, verified by receivers. Pure."""

import base64
import binascii
import hmac
from hashlib import sha256

from hub.errors import PermanentError
from hub.words.sentence import Sentence

PREFIX = "whsec_"
TOLERANCE_S = 300
"""How far the sender's clock may be from the receiver's: limits how long a captured message can be replayed."""


class BadSecretError(PermanentError):
    """The webhook secret cannot be used"""


class BadSignatureError(PermanentError):
    """The webhook cannot be trusted"""


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:  # noqa: A002 the specification's word
    """Create the webhook-signature header: `v1,<base64 HMAC-SHA256 of "id.timestamp.body">`.

    `secret` is `whsec_<base64>`, `timestamp` in seconds. Raises BadSecretError.
    """
    digest = hmac.digest(_key(secret), f"{id}.{timestamp}.".encode() + body, sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(
    secret: str,
    id: str,  # noqa: A002 the specification's word
    timestamp: str,
    signatures: str,
    body: bytes,
    now: float,
    tolerance_s: float = TOLERANCE_S,
) -> None:
    """Verify that one of the space-separated signatures matches and the time is near `now`; constant time.

    Arguments are the headers webhook-id, webhook-timestamp, webhook-signature as they came and the raw body.
    Raises BadSignatureError, or BadSecretError when the receiver's own secret is no secret.
    """
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 15:
        raise BadSignatureError(Sentence("refusal.signature.seconds"))
    if abs(now - int(timestamp)) > tolerance_s:
        raise BadSignatureError(Sentence("refusal.signature.clock", seconds=f"{tolerance_s:g}"))
    expected = sign(secret, id, int(timestamp), body).encode()
    matches = [hmac.compare_digest(expected, given.encode()) for given in signatures.split(" ")]
    if not any(matches):
        raise BadSignatureError(Sentence("refusal.signature.none"))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise BadSecretError(Sentence("refusal.signature.secret"))
    return key

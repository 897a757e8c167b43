"""Standard Webhooks 1.0: verifies that a delivery comes from the holder of the shared secret."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE_S = 300
"""A delivery signed longer ago may be a recording played back."""


class SignatureError(Exception):
    """The delivery is not signed as it must be"""


def made_up_secret() -> str:
    """A new secret, whsec_<base64 of 32 random bytes>."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, id_: str, timestamp: str, body: bytes) -> str:
    """`v1,<base64 of HMAC-SHA256>` over "id.timestamp.body"; ValueError when the secret is no whsec_<base64>."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a webhook secret starts with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"what follows {PREFIX} is no base64: {error}") from error
    digest = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> str:
    """The webhook-id of a delivery with a good signature; SignatureError says what is wrong with any other."""
    try:
        id_, timestamp, given = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise SignatureError(f"header {missing.args[0]} is missing") from None
    if not timestamp.isascii() or not timestamp.isdigit() or abs(now_s - int(timestamp)) > TOLERANCE_S:
        raise SignatureError(f"webhook-timestamp {timestamp!r} is not within {TOLERANCE_S} s of now")
    wanted = signature(secret, id_, timestamp, body).encode()
    if not any(hmac.compare_digest(wanted, one.encode()) for one in given.split(" ")):
        raise SignatureError("none of the signatures fits")
    return id_

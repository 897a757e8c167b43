"""What is used once: codes of an authenticator (TOTP, RFC 6238), recovery codes, and first passwords."""

import hmac
from hashlib import sha256
from secrets import choice

import pyotp

STEP_S = 30
DRIFT = 1
"""Steps that a clock may be off, either way."""
RECOVERY_CODES = 10
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike."""


def new_word() -> str:
    """A random word that a person types once: four groups of four characters, 79 bits."""
    return "-".join("".join(choice(_READABLE) for _ in range(4)) for _ in range(4))


def word_digest(word: str) -> bytes:
    """What is kept of a recovery code; written with other dashes, spaces or capitals it is the same."""
    bare = "".join(character for character in word.casefold() if character.isalnum())
    return sha256(bare.encode()).digest()


def new_secret() -> str:
    """A new secret for an authenticator: 160 bits in base 32."""
    return pyotp.random_base32()


def uri(secret: str, account: str, issuer: str) -> str:
    """What an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(secret: str, code: str, now: float) -> int | None:
    """The time step (Unix seconds / STEP_S) that a code is of; None: it is not right now.

    A step counts once: the caller keeps the last one used, and refuses it and earlier ones.
    """
    totp, digits = pyotp.TOTP(secret, interval=STEP_S), "".join(code.split())
    present = int(now) // STEP_S
    right = [
        step
        for step in range(present - DRIFT, present + DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode(errors="replace"))
    ]
    return right[-1] if right else None

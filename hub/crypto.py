"""Where the hub encrypts, hashes and signs by itself: what an external cryptographic machine (密码机) can take over.

That of a vendor is a class with these four methods in place of SOFTWARE; docs/CRYPTO.md lists each call.
TLS and the passwords of people are not done here.
"""

import hashlib
import os
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Sealing = Literal["aes-256-gcm", "sm4-gcm"]
SEALINGS: tuple[Sealing, ...] = ("aes-256-gcm", "sm4-gcm")
"""SM4 is that of GB/T 32907-2016."""
KEY_BYTES = 32
NONCE_BYTES, TAG_BYTES = 12, 16


class WrongKeyError(Exception):
    """It was encrypted with another key, for another place, or was changed"""


class SoftwareCrypto:
    """By OpenSSL, in this process."""

    def encrypt(self, algorithm: Sealing, key: bytes, place: bytes, text: bytes) -> bytes:
        """Encrypt for a place, which is checked and not stored; nonce, ciphertext and tag. `key` has KEY_BYTES."""
        nonce = os.urandom(NONCE_BYTES)
        encryptor = Cipher(_of(algorithm, key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(place)
        return nonce + encryptor.update(text) + encryptor.finalize() + encryptor.tag

    def decrypt(self, algorithm: Sealing, key: bytes, place: bytes, sealed: bytes) -> bytes:
        """The text; WrongKeyError when key or place is another one, or a bit was changed."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise WrongKeyError
        nonce, text, tag = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:-TAG_BYTES], sealed[-TAG_BYTES:]
        decryptor = Cipher(_of(algorithm, key), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(place)
        try:
            return decryptor.update(text) + decryptor.finalize()
        except InvalidTag:
            raise WrongKeyError from None

    def hash(self, algorithm: str, *parts: bytes) -> bytes:
        """Of the parts in a row, 32 bytes. ValueError for an algorithm that is neither sha256 nor sm3."""
        if algorithm == "sha256":
            return hashlib.sha256(b"".join(parts)).digest()  # a tenth of the time that the one of cryptography takes
        if algorithm == "sm3":
            digest = hashes.Hash(hashes.SM3())
            digest.update(b"".join(parts))
            return digest.finalize()
        raise ValueError(algorithm)

    def sign(self, key: Ed25519PrivateKey, text: bytes) -> bytes:
        """Ed25519, 64 bytes."""
        return key.sign(text)


def _of(algorithm: Sealing, key: bytes) -> algorithms.AES256 | algorithms.SM4:
    """The cipher with a key of its own, so that no key is used with two algorithms."""
    length = KEY_BYTES if algorithm == "aes-256-gcm" else 16
    derived = HKDF(hashes.SHA256(), length, salt=None, info=f"ganzhi {algorithm}".encode()).derive(key)
    return algorithms.AES256(derived) if algorithm == "aes-256-gcm" else algorithms.SM4(derived)


SOFTWARE = SoftwareCrypto()

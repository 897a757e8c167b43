"""The envelope in which OneNET pushes: its digest, and the content, also where that is encrypted. Pure.

Source: open.iot.10086.cn, http_push. The digest is base64(md5(token + nonce + msg)). Of the older platform msg is an
object, of which the bytes count as they came; where it is encrypted, enc_msg counts. Of Studio msg is a text, which
counts without its escapes. Of Studio's encryption no more is known than AES-CBC with a key of 16 characters: the key is
taken as the initial vector, too.
"""

import hmac
from base64 import b64decode, b64encode
from hashlib import md5
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from hub.errors import DecodeError
from hub.words.sentence import Sentence

_BLOCK = 16
_RANDOM, _LENGTH = 16, 4
"""Bytes before the content of an encrypted message."""
_KEY_OLD = 43
"""Characters of an EncodingAESKey: 32 bytes in base64 without the sign at its end."""


class _Envelope(msgspec.Struct):
    msg: msgspec.Raw = msgspec.Raw(b"")
    enc_msg: str = ""
    msg_signature: str = ""
    signature: str = ""
    nonce: str = ""
    id: Any = None


_DECODER = msgspec.json.Decoder(_Envelope)


class WrongSignatureError(Exception):
    """A push whose digest is not that of its token"""


def digest(token: str, nonce: str, msg: bytes) -> str:
    """What OneNET signs with."""
    return b64encode(md5(token.encode() + nonce.encode() + msg, usedforsecurity=False).digest()).decode()


def is_signed(token: str, nonce: str, msg: bytes, signature: str) -> bool:
    """Whether a digest is right; in addresses + may have become a blank."""
    told = signature.replace(" ", "+").encode("utf-8", "replace")
    return hmac.compare_digest(told, digest(token, nonce, msg).encode())


def opened(body: bytes, token: str, key: str | None) -> bytes:
    """The content of a push. WrongSignatureError, or DecodeError where it cannot be read."""
    try:
        envelope = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("not_json", Sentence("refusal.push.envelope", error=str(error)[:200]), "") from None
    raw = bytes(envelope.msg)
    signed = raw
    if envelope.enc_msg:
        signed = envelope.enc_msg.encode("utf-8", "replace")
    elif raw[:1] == b'"':
        signed = _text(raw).encode("utf-8", "replace")
    if not is_signed(token, envelope.nonce, signed, envelope.msg_signature or envelope.signature):
        raise WrongSignatureError
    if envelope.enc_msg:
        return decrypted(signed, _needed(key))
    if not signed:
        raise DecodeError("push_incomplete", Sentence("refusal.push.member", name="msg", value="null"), "")
    if raw[:1] == b'"' and signed[:1] not in (b"{", b"["):
        return decrypted(signed, _needed(key))
    return signed


def decrypted(cipher_text: bytes, key: str) -> bytes:
    """The content of an encrypted message; DecodeError not_decrypted with another key."""
    try:
        secret = b64decode(key + "=", validate=True) if len(key) == _KEY_OLD else key.encode()
        decryptor = Cipher(AES(secret), CBC(secret[:_BLOCK])).decryptor()
        plain = decryptor.update(b64decode(cipher_text, validate=True)) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= 32 or plain[-padding:] != bytes([padding]) * padding:
            raise ValueError("its padding is none")
        plain = plain[:-padding]
        if plain[:1] in (b"{", b"["):
            return plain
        size = int.from_bytes(plain[_RANDOM : _RANDOM + _LENGTH], "big")
        content = plain[_RANDOM + _LENGTH : _RANDOM + _LENGTH + size]
        if len(content) != size or not size:
            raise ValueError("its length is wrong")
    except (ValueError, IndexError) as error:
        sentence = Sentence("refusal.push.encrypted", error=str(error)[:200])
        raise DecodeError("not_decrypted", sentence, "") from None
    return content


def _needed(key: str | None) -> str:
    if key is None:
        raise DecodeError("not_decrypted", Sentence("refusal.push.no_key"), "")
    return key


def _text(raw: bytes) -> str:
    return str(msgspec.json.decode(raw))

"""The envelope of OneNET: its digest and its encryption."""

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from devices.codecs.carriers.onenet_envelope import WrongSignatureError, decrypted, digest, is_signed, opened
from hub.errors import DecodeError
from tests.support.frames_carriers import OLD, STUDIO

TOKEN = "ganzhi-demo"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
INNER = b'{"at":1553224758882,"type":2,"dev_id":5,"status":1}'


def encrypted(plain: bytes, secret: bytes) -> str:
    padding = 16 - len(plain) % 16
    encryptor = Cipher(AES(secret), CBC(secret[:16])).encryptor()
    return b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()


def test_the_check_of_an_address_is_signed() -> None:
    told = "A5gYuVQozm1hUgtqFq/IuQ=="
    assert digest(TOKEN, "kL3x9Qz7", b"hello-8731") == told
    assert is_signed(TOKEN, "kL3x9Qz7", b"hello-8731", told.replace("+", " "))
    assert not is_signed(TOKEN, "kL3x9Qz8", b"hello-8731", told)
    assert not is_signed(TOKEN, "kL3x9Qz7", b"hello-8731", "\ud800")


def test_both_platforms_sign_what_they_push() -> None:
    assert opened(OLD, TOKEN, None).startswith(b'{"at":1553224758882')
    assert opened(STUDIO, TOKEN, None).startswith(b'{"notifyType":"property"')


@pytest.mark.parametrize("body", [OLD, STUDIO])
def test_what_was_changed_is_not_trusted(body: bytes) -> None:
    for old, new in ((b"value", b"Value"), (b"nonce", b"nance"), (b"signature", b"signatur")):
        with pytest.raises(WrongSignatureError):
            opened(body.replace(old, new), TOKEN, None)
    with pytest.raises(WrongSignatureError):
        opened(body, "another", None)


def test_blanks_of_the_older_platform_count_as_they_came() -> None:
    """It is the bytes that are signed, not what they mean."""
    with pytest.raises(WrongSignatureError):
        opened(OLD.replace(b'"type":1', b'"type": 1'), TOKEN, None)


def test_an_encrypted_message_of_the_older_platform() -> None:
    from base64 import b64decode

    content = encrypted(b"0123456789abcdef" + len(INNER).to_bytes(4, "big") + INNER, b64decode(KEY + "="))
    body = f'{{"enc_msg":"{content}","msg_signature":"{digest(TOKEN, "n", content.encode())}","nonce":"n"}}'.encode()
    assert opened(body, TOKEN, KEY) == INNER
    with pytest.raises(DecodeError) as caught:
        opened(body, TOKEN, None)
    assert caught.value.reason == "not_decrypted"
    with pytest.raises(DecodeError):
        opened(body, TOKEN, KEY[::-1])


def test_an_encrypted_message_of_studio() -> None:
    content = encrypted(INNER, b"0123456789abcdef")
    body = f'{{"msg":"{content}","signature":"{digest(TOKEN, "n", content.encode())}","nonce":"n"}}'.encode()
    assert opened(body, TOKEN, "0123456789abcdef") == INNER


@pytest.mark.parametrize("content", [b"", b"AAAA", b"%", b"A" * 64, b"A" * 44])
@pytest.mark.parametrize("key", [KEY, "0123456789abcdef", "short", "\u6f22" * 43])
def test_garbage_is_not_decrypted(content: bytes, key: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decrypted(content, key)
    assert caught.value.reason == "not_decrypted"


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'{"msg":', b"\xff", b'{"nonce": 5}', b"[" * 3000])
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        opened(body, TOKEN, None)
    assert caught.value.reason == "not_json"

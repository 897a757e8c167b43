"""Secrets as they lie in the database."""

from base64 import b64encode

import pytest
from pydantic import SecretStr

from hub.crypto import SOFTWARE, Sealing, WrongKeyError
from hub.errors import ConfigError
from hub.secrets.sealed import Place, Secrets, SecretUnreadable, sealed_with
from hub.settings import Secrets as Listed

OLD, NEW = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
HERE = Place("consumer", "secret", "desk")
TEXT = "whsec_水位c2VjcmV0"


def vault(*keys: str, algorithm: Sealing = "aes-256-gcm") -> Secrets:
    return Secrets(Listed(key=SecretStr("\n".join(keys)) if keys else None, algorithm=algorithm))


@pytest.mark.parametrize("algorithm", ["aes-256-gcm", "sm4-gcm"])
def test_what_is_sealed_is_opened_and_shows_nothing(algorithm: Sealing) -> None:
    of = vault(NEW, algorithm=algorithm)
    one, two = of.seal(HERE, TEXT), of.seal(HERE, TEXT)
    assert one != two, "a nonce of its own each time"
    assert of.open(HERE, one) == of.open(HERE, two) == TEXT
    assert sealed_with(one) == f"{algorithm} {of.current}"
    assert of.is_current(one)
    assert TEXT not in one
    assert NEW not in one


@pytest.mark.parametrize(
    "place",
    [Place("consumer", "secret", "other"), Place("consumer", "login", "desk"), Place("other", "secret", "desk")],
)
def test_in_another_place_it_cannot_be_read(place: Place) -> None:
    of = vault(NEW)
    with pytest.raises(SecretUnreadable, match="changed or moved"):
        of.open(place, of.seal(HERE, TEXT))


@pytest.mark.parametrize("algorithm", ["aes-256-gcm", "sm4-gcm"])
def test_a_changed_bit_is_found(algorithm: Sealing) -> None:
    key = b"k" * 32
    sealed = SOFTWARE.encrypt(algorithm, key, b"here", b"text")
    for at in range(len(sealed)):
        with pytest.raises(WrongKeyError):
            SOFTWARE.decrypt(algorithm, key, b"here", sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
    with pytest.raises(WrongKeyError):
        SOFTWARE.decrypt(algorithm, key, b"here", b"short")
    of = vault(NEW)
    for broken in ("sealed 1 ", "sealed 1 rot13 00000000 AAAA", f"sealed 1 aes-256-gcm {of.current} ???"):
        with pytest.raises(SecretUnreadable):
            of.open(HERE, broken)


def test_former_keys_are_read_and_not_written() -> None:
    before, both, after = vault(OLD), vault(NEW, OLD), vault(NEW)
    stored = before.seal(HERE, TEXT)
    assert both.open(HERE, stored) == TEXT
    assert not both.is_current(stored)
    assert both.current == after.current != before.current
    with pytest.raises(SecretUnreadable, match=f"key {before.current}, which is not in secrets.key"):
        after.open(HERE, stored)
    assert not vault(NEW, algorithm="sm4-gcm").is_current(after.seal(HERE, TEXT))


def test_without_a_key_it_is_stored_as_it_is() -> None:
    assert vault().seal(HERE, TEXT) == vault().open(HERE, TEXT) == TEXT
    with pytest.raises(SecretUnreadable, match="not encrypted"):
        vault(NEW).open(HERE, TEXT)
    assert vault().is_current(TEXT)
    assert not vault(NEW).is_current(TEXT)


@pytest.mark.parametrize("key", ["short", b64encode(b"x" * 16).decode(), "?" * 44])
def test_what_is_no_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="make one with") as refused:
        vault(NEW, key)
    assert key not in str(refused.value)

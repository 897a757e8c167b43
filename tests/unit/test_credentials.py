"""Secrets that nobody guesses, and what is kept of them."""

from hypothesis import given
from hypothesis import strategies as st

from devices.credentials.secrets import free_username, hashed, new_secret, read_token, shown, token_of, verified


def test_a_secret_is_long_random_and_safe_to_paste() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(bytes.fromhex(secret)) * 8 >= 160 for secret in secrets)


def test_what_is_kept_is_salted_and_tells_only_the_right_one() -> None:
    secret = new_secret()
    kept, again = hashed(secret), hashed(secret)
    assert kept != again
    assert secret.encode() not in kept
    assert verified(secret, kept)
    assert verified(secret, again)
    for wrong in ("", secret[:-1], secret + "0", secret.upper() + "x", "\ud800"):
        assert not verified(wrong, kept)
    assert not verified("", None)
    assert not verified(secret, None)
    assert not verified(secret, b"")


@given(st.integers(1, 2**62), st.text())
def test_a_token_names_its_credential(number: int, noise: str) -> None:
    secret = new_secret()
    assert read_token(token_of(number, secret)) == (number, secret)
    assert read_token(noise) is None or noise.startswith("ganzhi_")


def test_no_token_is_read_from_what_is_none() -> None:
    for text in ("", "ganzhi", "ganzhi_1", "ganzhi_1_", "ganzhi__x", "ganzhi_x_y", "ganzhi_-1_x"):
        assert read_token(text) is None, text
    assert read_token(f"ganzhi_{'9' * 30}_x") is None, "more than the database could hold"
    assert shown("password", 7, "abc") == "abc"
    assert read_token(shown("token", 7, "abc")) == (7, "abc")


def test_user_names_are_the_code_or_the_next_that_is_free() -> None:
    assert free_username("air-1", set()) == "air-1"
    assert free_username("air-1", {"air-1", "air-1~3", "air-2"}) == "air-1~2"
    assert free_username("air-1", {"air-1", "air-1~2"}) == "air-1~3"

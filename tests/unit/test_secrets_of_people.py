"""Keys, passwords, codes and attempts: what is made, what is kept, and what is refused."""

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.api_keys import digest_of, new_key
from hub.access.attempts import FREE, LONGEST_S, NAME_ROOM, Attempts
from hub.access.one_time import new_secret, new_word, step_of, word_digest
from hub.access.passwords import _HASHER, NOBODYS, refusal


def test_a_key_is_known_by_its_mark_and_its_checksum() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {(key[:3], len(key)) for key in keys} == {("gz_", 52)}
    assert len({digest_of(key) for key in keys}) == 100


@given(st.integers(0, 51), st.characters())
def test_a_key_with_one_other_character_is_not_whole(at: int, character: str) -> None:
    key = new_key()
    changed = key[:at] + character + key[at + 1 :]
    assert changed == key or digest_of(changed) is None


def test_an_unknown_name_costs_what_a_known_one_costs() -> None:
    assert not _HASHER.check_needs_rehash(NOBODYS)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "length"),
        ("x" * 201, "length"),
        ("li.wei has a long one", "name"),
        ("Password123456!", "common"),
        ("abababababab", "common"),
        ("abcdefghijkl", "common"),
        ("987654321098", "common"),
        ("qwertyuiopas", "common"),
    ],
)
def test_what_is_no_password(password: str, why: str) -> None:
    reason = refusal(password, "li.wei")
    assert reason is not None
    assert reason.key == f"refusal.password.{why}"


@pytest.mark.parametrize(
    "password", ["rain on the third pole", "雨落在第三根灯杆上天气很好", "correct-donkey-2-battery"]
)
def test_length_is_what_counts(password: str) -> None:
    assert refusal(password, "li.wei") is None


def test_a_code_is_of_its_step() -> None:
    secret, now = new_secret(), 1_800_000_000.0
    step = int(now) // 30
    for steps, right in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = pyotp.TOTP(secret).generate_otp(step + steps)
        assert step_of(secret, code, now) == (step + steps if right else None)
        assert (step_of(secret, f" {code[:3]} {code[3:]}", now) is not None) == right
    for wrong in ("", "abcdef", "12345", "１２３４５６", "é"):
        assert step_of(secret, wrong, now) is None


def test_a_recovery_code_is_the_same_however_it_is_typed() -> None:
    word = new_word()
    assert word_digest(word) == word_digest(word.replace("-", " ").upper())
    assert word_digest(word) != word_digest(new_word())


def test_one_address_is_slowed_down_and_another_is_not() -> None:
    attempts, now = Attempts(), 0.0
    waits = [attempts.of_name("li.wei", "there", now, False) for _ in range(FREE + 1)]
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE] > 0
    assert attempts.of_name("li.wei", "elsewhere", now, False) == 0
    for _ in range(30):
        now += LONGEST_S
        assert attempts.of_name("li.wei", "there", now, True) == 0, "never for longer"
    attempts.succeeded("li.wei", "there")
    assert attempts.of_name("li.wei", "there", now, False) == 0


def test_many_addresses_share_a_budget_that_known_ones_do_not_need() -> None:
    attempts = Attempts()
    waits = [attempts.of_name("li.wei", f"10.0.{n}", 0.0, False) for n in range(int(NAME_ROOM) + 1)]
    assert waits[:-1] == [0.0] * int(NAME_ROOM)
    assert waits[-1] > 0
    assert attempts.of_name("li.wei", "known", 0.0, True) == 0
    assert attempts.of_name("wang.fang", "10.0.0", 0.0, False) == 0


def test_one_address_tries_many_names_slowly() -> None:
    attempts = Attempts()
    waits = [attempts.of_address("there", 0.0) for _ in range(61)]
    assert waits[:60] == [0.0] * 60
    assert waits[60] > 0

"""Telephone numbers: what is one, how it is stored, and how much of it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.phone import masked, phone_of
from hub.words.sentence import Sentence


@pytest.mark.parametrize(
    ("written", "stored", "shown"),
    [
        ("13812345678", "+8613812345678", "138****5678"),
        ("+86 138-1234-5678", "+8613812345678", "138****5678"),
        ("0086 13812345678", "+8613812345678", "138****5678"),
        ("１３８ １２３４ ５６７８", "+8613812345678", "138****5678"),
        ("0571-87654321", "+8657187654321", "0571****4321"),
        ("(0571) 8765432", "+865718765432", "0571****432"),
        ("010 12345678", "+861012345678", "010****5678"),
        ("+86 10 12345678", "+861012345678", "010****5678"),
        ("+86 (0)571 87654321", "+8657187654321", "0571****4321"),
        ("+852 2345 6789", "+85223456789", "+85****6789"),
        ("+1 (415) 555-2671", "+14155552671", "+14****2671"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, stored: str, shown: str) -> None:
    assert (phone_of(written), masked(stored)) == (stored, shown)
    assert phone_of(stored) == stored


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("12812345678", "china"), ("1381234567", "china"), ("+86 12812345678", "china"), ("110", "china"),
        ("400-800-1234", "china"), ("87654321", "area"), ("+0123", "international"), ("+123456", "international"),
        ("0571-87654321转12", "form"), ("", "form"), ("abc", "form"), ("+", "form"), ("1" * 41, "form"),
        ("13812345678\n13812345679", "form"), ("13812345678,13812345679", "form"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_without_repeating_it(written: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 its sentence is looked at
        phone_of(written)
    [sentence] = caught.value.args
    assert isinstance(sentence, Sentence)
    assert sentence.key == f"refusal.phone.{why}"
    assert not sentence.values


@given(st.from_regex(r"\+?[0-9() .-]{1,24}", fullmatch=True))
def test_four_digits_are_never_shown(written: str) -> None:
    try:
        stored = phone_of(written)
    except ValueError:
        return
    digits = sum(each.isdigit() for each in stored.removeprefix("+86"))
    trunk = stored.startswith("+86") and masked(stored).startswith("0")
    assert sum(each.isdigit() for each in masked(stored)) - trunk <= digits - 4

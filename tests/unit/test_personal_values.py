"""Numbers that identify a person are masked in texts; numbers of things stay."""

import pytest

from devices.codecs.jsontext import quoted
from devices.personal_values import masked
from devices.privacy import is_private, mentions_private, without_private

IDENTITY = "11010519491231002X"
PERSONS = [
    IDENTITY, IDENTITY.lower(), "13800138000", "+8613800138000", "86 138 0013 8000", "138-0013-8000", "浙A12345",
    "京A·D12345", "浙a12345", "粤Z1234港", "沪A1234警",
]  # fmt: skip
THINGS = [
    "110105194912310021", "1380013800", "138001380001", "dev-13800138000", "x13800138000", "13800138000.5",
    "2026-11-28T10:00:00Z", "1760000000000", "浙江A12345", "川A1", "AA:BB:CC:13:80:01", "330106001002", "浙A123456789",
]  # fmt: skip


@pytest.mark.parametrize("value", PERSONS)
def test_a_value_that_identifies_a_person(value: str) -> None:
    for before, after in (("", ""), ("请联系 ", "。"), ('{"x": "', '"}'), ("a=", "&b=1")):
        assert masked(f"{before}{value}{after}") == (f"{before}***{after}", 1)
        assert mentions_private(f"{before}{value}{after}".encode())
        assert mentions_private(f"{before}{value}{after}".encode("gb18030"))
    assert is_private(f"call {value}")
    assert value not in quoted("x" * 30 + " " + value), "also where the quotation is cut"
    assert without_private({"a": ["x", f"at {value}"], "n": 1}) == ({"a": ["x", "at ***"], "n": 1}, 1)
    escaped = "".join(f"\\u{ord(each):04x}" if ord(each) > 127 else each for each in value)
    assert mentions_private(escaped.encode())


@pytest.mark.parametrize("value", THINGS)
def test_a_value_of_a_thing(value: str) -> None:
    assert masked(f"at {value}, now") == (f"at {value}, now", 0)
    assert not mentions_private(f'{{"x": "{value}"}}'.encode())


def test_a_bare_number_is_what_its_device_says_it_is() -> None:
    for text in ('{"pulses": 13800138000}', "[1, 13800138000 , 2]"):
        assert masked(text) == (text, 0)

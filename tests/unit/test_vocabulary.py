"""Codes become kinds of the one vocabulary."""

from devices.vocabulary import KINDS, NAMES, OTHER, kind_of


def test_each_name_leads_to_a_kind_that_is_no_person() -> None:
    assert set(NAMES.values()) == KINDS
    assert all(kind_of(name) == kind for name, kind in NAMES.items())


def test_codes_are_read_without_regard_to_case_spaces_and_hyphens() -> None:
    assert kind_of("Gas Leak") == kind_of("gas-leak") == kind_of(" GAS_LEAK ") == "gas_leak"


def test_unmapped_codes_are_other_and_protocols_bring_tables() -> None:
    assert kind_of("E-4711") == OTHER
    assert kind_of("VMD", {"vmd": "intrusion"}) == "intrusion"
    assert kind_of("smoke", {"vmd": "intrusion"}) == OTHER

"""Codes become kinds of the one vocabulary."""

import re
from pathlib import Path

from devices.vocabulary import GUARDS, KINDS, LATCHING, MOMENTARY, NAMES, OTHER, kind_of
from hub.danger import DANGER

ALERTS = Path(__file__).parents[2] / "docs" / "ALERTS.md"


def test_each_name_leads_to_a_kind_that_is_no_person() -> None:
    assert set(NAMES.values()) == KINDS
    assert all(kind_of(name) == kind for name, kind in NAMES.items())


def test_codes_are_read_without_regard_to_case_spaces_and_hyphens() -> None:
    assert kind_of("Gas Leak") == kind_of("gas-leak") == kind_of(" GAS_LEAK ") == "gas_leak"


def test_unmapped_codes_are_other_and_protocols_bring_tables() -> None:
    assert kind_of("E-4711") == OTHER
    assert kind_of("VMD", {"vmd": "intrusion"}) == "intrusion"
    assert kind_of("smoke", {"vmd": "intrusion"}) == OTHER


def test_the_page_has_the_length_of_each_kind_without_an_end() -> None:
    [table] = re.findall(r"<!-- momentary -->\n(.*?)<!-- /momentary -->", ALERTS.read_text(encoding="utf-8"), re.DOTALL)
    rows = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in table.splitlines()[2:]]
    assert rows == [(kind, f"{length // 1_000_000} s") for kind, length in sorted(MOMENTARY.items())]


def test_what_somebody_must_hear_of_is_never_inhibited() -> None:
    assert LATCHING <= DANGER <= KINDS
    assert {
        *("offline", "fault", "power_loss", "video_loss", "video_quality", "occlusion"),
        *("object_left", "object_removed", "door_open"),
        *GUARDS,
    } == KINDS - DANGER, "a new kind that is a danger stands in DANGER, and in the constraint danger_is_never_inhibited"

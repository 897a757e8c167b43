"""Codes that no shipped table knows: named by what operators say, else kept as they are and told."""

from devices.code_mapping import Unknown, name_codes, take_in_quotes
from devices.codecs.code_table import NO_CODES, table_of
from devices.codecs.decoded import Coded, Decoded, EventDraft, InQuotes

PRODUCT = table_of(
    {
        "metrics": {"w99999": {"metric": "odour", "unit": "1", "scale": 1}},
        "states": {
            "Alarm=1": {"kind": "smoke", "state": "active"},
            "Alarm=7": {"kind": "other", "code": "normal", "ends": ["smoke", "muted"]},
            "component.9": {"kind": "tamper", "state": "active"},
        },
    }
)


def message() -> Decoded:
    decoded = Decoded()
    decoded.metrics, decoded.ts, decoded.values = ["w99999_avg", "cod", "Alarm"], [1, 2, 3], [125.0, 4.0, 1.0]
    decoded.quality = [8, 0, 0]
    decoded.events = [EventDraft("fire"), EventDraft("other", 5, attributes={"code": "component.9", "text": "3F"})]
    codes = decoded.unmapped("x")
    codes.metrics = {"w99999_avg": Coded("w99999", "_avg"), "Alarm": Coded("Alarm")}
    codes.states = {1: "component.9"}
    return decoded


def test_what_is_not_known_is_kept_and_told() -> None:
    decoded = message()
    assert name_codes(decoded, [NO_CODES]) == [
        Unknown("x", "state", "component.9", "3F"),
        Unknown("x", "metric", "w99999", "125"),
        Unknown("x", "metric", "Alarm", "1"),
    ]
    assert decoded.metrics == ["w99999_avg", "cod", "Alarm"]
    assert [draft.kind for draft in decoded.events] == ["fire", "other"]


def test_what_an_operator_names_has_its_name_and_unit() -> None:
    decoded = message()
    assert name_codes(decoded, [NO_CODES, PRODUCT]) == []
    assert (decoded.metrics, decoded.values, decoded.quality) == (["odour_avg", "cod"], [12.5, 4.0], [8, 0])
    assert decoded.units == {"odour_avg": "1"}
    assert [(draft.kind, draft.state, draft.ts) for draft in decoded.events] == [
        ("fire", None, None), ("tamper", "active", 5), ("smoke", "active", 3)
    ]  # fmt: skip
    assert decoded.events[1].attributes == {"code": "component.9", "text": "3F"}


def test_a_state_ends_others_and_one_that_is_not_known_is_told() -> None:
    decoded = message()
    decoded.values[2] = 7.0
    name_codes(decoded, [PRODUCT])
    assert [(draft.kind, draft.state) for draft in decoded.events[2:]] == [
        ("other", None), ("smoke", "inactive"), ("muted", "inactive")
    ]  # fmt: skip
    decoded = message()
    decoded.values[2] = 9.0
    assert name_codes(decoded, [PRODUCT]) == [Unknown("x", "state", "Alarm=9", "9")]
    assert decoded.events[-1].attributes == {"code": "Alarm=9"}
    assert "Alarm" not in decoded.metrics


def test_the_first_table_goes_before_the_second() -> None:
    decoded = message()
    own = table_of({"metrics": {"w99999": {"metric": "smell"}}})
    name_codes(decoded, [own, PRODUCT])
    assert decoded.metrics[0] == "smell_avg"


def test_a_number_in_quotes_is_a_reading_where_its_name_is_known_and_else_a_text() -> None:
    decoded = message()
    assert decoded.codes is not None
    for name, value in (("level", 23.5), ("ICCID", 8.9e19), ("Alarm", 7.0)):
        decoded.note_unused(name)
        decoded.codes.in_quotes.append(InQuotes(name, 9, value))
    decoded.note_unused("version")
    take_in_quotes(decoded, [NO_CODES, PRODUCT], {"level": 0})
    assert (decoded.metrics[3:], decoded.values[3:]) == (["level", "Alarm"], [23.5, 7.0])
    assert (decoded.quality, decoded.unused) == ([8, 0, 0, 0, 0], ("ICCID", "version"))
    name_codes(decoded, [PRODUCT])
    assert [(draft.kind, draft.state, draft.ts) for draft in decoded.events[-2:]] == [
        ("smoke", "inactive", 9), ("muted", "inactive", 9)
    ]  # fmt: skip

import pytest

from devices.unit_conversion import SAME, between, conversion
from devices.units import METRIC, PLAIN, unit_meant
from hub.errors import DecodeError
from tests.support.chinese import check_chinese


@pytest.mark.parametrize(
    ("unit", "wanted", "value", "converted"),
    [
        ("m", "cm", 0.57, 57.0),
        ("cm", "m", 35.0, 0.35),
        ("[degF]", "Cel", 212.0, 100.0),
        ("K", "Cel", 296.95, 23.8),
        ("Cel", "K", 20.0, 293.15),
        ("Cel", "[degF]", 37.0, 98.6),
        ("K/h", "Cel/h", 3.0, 3.0),
        ("m/s", "km/h", 10.0, 36.0),
        ("[mi_i]/h", "km/h", 60.0, 96.56064),
        ("mm/h", "m/s", 3600.0, 0.001),
        ("hPa", "kPa", 1013.25, 101.325),
        ("bar", "Pa", 1.0, 100_000.0),
        ("mm[H2O]", "Pa", 1.0, 9.80665),
        ("kW.h", "MJ", 1.0, 3.6),
        ("ug/m3", "mg/L", 35.0, 3.5e-05),
        ("mg/m3", "ug/m3", 0.035, 35.0),
        ("L/min", "m3/h", 10.0, 0.6),
        ("J/(kg.K)", "J/(g.K)", 4.0, 0.004),
        ("1", "%", 0.45, 45.0),
        ("[ppm]", "%", 400.0, 0.04),
        ("uS/cm", "mS/cm", 500.0, 0.5),
        ("/min", "Hz", 60.0, 1.0),
        ("deg", "rad", 180.0, 3.14159265358979),
        ("By", "bit", 1.0, 8.0),
        ("KiBy", "By", 1.0, 1024.0),
        ("dB", "dB[SPL]", 60.0, 60.0),
        ("B[SPL]", "dB[SPL]", 6.0, 60.0),
        ("B", "dB[SPL]", 6.0, 60.0),
        ("mCel", "Cel", 45_000.0, 45.0),
        ("Cel", "mCel", 45.0, 45_000.0),
        ("kCel", "[degF]", 0.1, 212.0),
        ("Cel{air}", "[degF]{air}", 100.0, 212.0),
        ("10.Cel", "K", 2.0, 293.15),
        ("Cel/10", "Cel", 235.0, 23.5),
        ("/Cel", "/K", 5.0, 5.0),
        ("mCel/h", "K/h", 500.0, 0.5),
        ("V.A", "kV.A", 500.0, 0.5),
        ("kV.A{reactive}", "V.A{reactive}", 0.5, 500.0),
        ("kBq/m3", "Ci/m3", 3.7e7, 1.0),
        ("REM", "mSv", 1.0, 10.0),
    ],
)
def test_what_measures_the_same_is_converted(unit: str, wanted: str, value: float, converted: float) -> None:
    there, back = between("a", unit, wanted), between("a", wanted, unit)
    assert there.of(value) == converted
    assert back.of(converted) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        ("m", "s"),
        ("m", "m2"),
        ("C", "Cel"),
        ("mol/L", "mg/L"),
        ("[ppm]", "mg/m3"),
        ("dB[SPL]", "dB{mW}"),
        ("%{LEL}", "1"),
        ("{NTU}", "%"),
        ("[pH]", "1"),
        ("V", "A"),
        ("%", "%{LEL}"),
        ("%{vol}", "%{LEL}"),
        ("%{vol}", "%"),
        ("{NTU}", "1"),
        ("/h", "{vehicle}/h"),
        ("V.A", "W"),
        ("A.kV", "kW"),
        ("kV.A.h", "kW.h"),
        ("V.A{reactive}", "W"),
        ("V.A{reactive}", "V.A"),
        ("Sv", "Gy"),
        ("Bq", "Hz"),
        ("banana", "m"),
        ("m", "banana"),
    ],
)
def test_what_measures_something_else_is_not(unit: str, wanted: str) -> None:
    assert conversion(unit, wanted) is None
    with pytest.raises(DecodeError) as refused:
        between("depth", unit, wanted)
    assert (refused.value.reason, f"send {wanted!r}" in refused.value.detail) == ("unit_mismatch", True)
    check_chinese(refused.value.detail)


def test_each_atom_is_the_same_as_itself_and_a_thousandth_of_a_thousand() -> None:
    for atom in (METRIC | PLAIN) - {"Cel", "[degF]", "[degRe]"}:
        assert conversion(f"{atom}.1", atom) == SAME, atom
        prefixed = conversion(f"k{atom}", atom) if atom in METRIC else conversion(f"1000.{atom}", atom)
        assert prefixed is not None, atom
        assert prefixed.of(2.0) == 2000.0, atom


@pytest.mark.parametrize(
    ("text", "meant"),
    [("cm", "cm"), ("\u2103", "Cel"), ("%RH", "%"), ("metre", "m"), ("mm/hr", "mm/h"), ("banana", None), ("C", None),
     ("RH", "%"), ("kt", "[kn_i]"), ("mph", "[mi_i]/h"), ("kB", "kBy"), ("kbps", "kbit/s"), ("%vol", "%{vol}")],
)  # fmt: skip
def test_a_spelling_is_known_or_not_but_never_guessed(text: str, meant: str | None) -> None:
    assert unit_meant(text) == meant


def test_a_unit_that_is_another_one_is_named() -> None:
    with pytest.raises(DecodeError, match=r"'F' is another unit in UCUM: send \[degF\]") as refused:
        between("temperature", "F", "Cel")
    check_chinese(refused.value.detail)
    assert conversion("F", "uF") is not None

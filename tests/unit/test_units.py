import random

import pytest

from devices.unit_aliases import COMMON, FACTORS, HABITS
from devices.units import EXAMPLES, unit_problem

RIGHT = """
m m2 m-1 /min /h 1 100 10* 10*3/uL 10^-3 % ug/m3 kg.m.s-2 ug/(m2.s) (m) /(m.s) mm[Hg] m[H2O] [in_i'Hg] dB[SPL] uSv/h
%{LEL} {NTU} {count}/h mm{gauge} L/(100.km) MBy Kibit/s dam hPa kW.h a_j wk deg '' [degF] [pH] [CFU]/L mg/l daPa"""

WRONG = {
    "°C": "Cel", "℃": "Cel", "degC": "Cel", "摄氏度": "Cel", "μg/m³": "ug/m3", "µg/m³": "ug/m3", "ug/m^3": "ug/m3",
    "ug/Nm3": "ug/m3",
    "mm/hr": "mm/h", "毫米/小时": "mm/h", "ppm": "[ppm]", "dB(A)": "dB[SPL]", "%RH": "%", "kWh": "kW.h",
    "m³/h": "m3/h", "μS/cm": "uS/cm", "lux": "lx", "KPA": "kPa",
    "Mpa": "MPa", "sec": "s", "NTU": "{NTU}", "rpm": "/min",
    "个": "1", "": "1", "W/m²": "W/m2", "ug/m3 ": "ug/m3", "m//s": "m/s", "K/Min": "K/min", "m**2": "m2", "度": "deg",
}  # fmt: skip


def test_units_of_ucum_are_right() -> None:
    wrong = {unit: problem for unit in (*RIGHT.split(), *COMMON) if (problem := unit_problem(unit)) is not None}
    assert not wrong


@pytest.mark.parametrize(("written", "meant"), WRONG.items())
def test_a_customary_unit_is_refused_with_the_right_one(written: str, meant: str) -> None:
    assert unit_problem(written) == f"'{written}' is no unit in UCUM: write {meant}"


@pytest.mark.parametrize(("written", "meant"), [("C", "Cel"), ("pH", "[pH]"), ("ft", "[ft_i]")])
def test_a_unit_that_hardly_is_meant_is_refused(written: str, meant: str) -> None:
    assert f"write {meant} for" in (unit_problem(written) or "")


@pytest.mark.parametrize(
    "text", ["foo", "m.", "(m", "m)", "()", "2m", "m{", "{a}{b}", "m(s)", "m0", "k", "kk", "a b", "kmm", "%%", "m" * 40]
)
def test_what_is_no_unit_is_refused(text: str) -> None:
    assert unit_problem(text) is not None


def test_what_is_offered_is_a_unit() -> None:
    assert {unit: unit_problem(unit) for unit in {*HABITS.values(), *FACTORS.values()} if unit_problem(unit)} == {}


def test_any_text_has_an_answer() -> None:
    rng = random.Random(1)
    pieces = [*"msg°C/.(){}[]^²3μk%个é\x00\x01\x02\u202e", "10*", "-1", "ppm"]
    for _ in range(3000):
        text = "".join(rng.choices(pieces, k=rng.randrange(12)))
        problem = unit_problem(text)
        if problem is not None and "is no unit" in problem and not problem.endswith(EXAMPLES):
            assert unit_problem(problem.rpartition(": write ")[2]) is None, text

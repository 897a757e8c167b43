"""Conversion between units of UCUM that measure the same: m to cm, [degF] to Cel, W.h to kJ. Pure."""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from devices.unit_aliases import LOOKALIKES
from devices.units import METRIC, PLAIN, is_unit
from hub.errors import DecodeError
from hub.words.sentence import Sentence

_DEFINED = """
A = C/s; N = 1000 g.m/s2; Hz = /s; Pa = N/m2; J = N.m; W = J/s; V = W/A; F = C/V; Ohm = V/A; S = A/V; mho = S; Wb = V.s
T = Wb/m2; H = Wb/A; sr = rad2; lm = cd.sr; lx = lm/m2; Bq = /s; Gy = m2/s2; Sv = m2/s2; kat = mol/s; U = 1/60 umol/s
L = 1/1000 m3; l = L; st = m3; ar = 100 m2; t = 1000000 g; bar = 100000 Pa; atm = 101325 Pa; cal = 4.184 J
eV = 0.0000000000000000001602176634 J; cal_th = 4.184 J; cal_IT = 4.1868 J; By = 8 bit; dyn = 1/100000 N; P = 0.1 Pa.s
erg = 1/10000000 J; St = 1/10000 m2/s; G = 1/10000 T; Mx = 1/100000000 Wb; Gal = 0.01 m/s2; Ci = 37000000000 Bq
RAD = 0.01 Gy; REM = 0.01 Sv; ph = 10000 lx; sb = 10000 cd/m2; gf = 0.00980665 N; Ky = /cm
min = 60 s; h = 3600 s; d = 86400 s; wk = 604800 s; a = 31557600 s; a_j = a; mo = 2629800 s; mo_j = mo
deg = 0.017453292519943295 rad; gon = 0.9 deg; ' = 1/60 deg; '' = 1/3600 deg; [pi] = 3.141592653589793
% = 0.01; [ppth] = 0.001; [ppm] = 0.000001; [ppb] = 0.000000001; [pptr] = 0.000000000001; 10* = 10; 10^ = 10
[in_i] = 0.0254 m; [ft_i] = 0.3048 m; [yd_i] = 0.9144 m; [mi_i] = 1609.344 m; [nmi_i] = 1852 m; [kn_i] = 1852 m/h
[sin_i] = [in_i]2; [sft_i] = [ft_i]2; [cin_i] = [in_i]3; [cft_i] = [ft_i]3; [gal_us] = 0.003785411784 m3
[qt_us] = 1/4 [gal_us]; [pt_us] = 1/8 [gal_us]; [foz_us] = 1/128 [gal_us]; [bbl_us] = 42 [gal_us]
[gal_br] = 0.00454609 m3; [lb_av] = 453.59237 g; [oz_av] = 1/16 [lb_av]; [gr] = 0.06479891 g
[lbf_av] = 4.4482216152605 N; [psi] = [lbf_av]/[in_i]2; [Btu] = 1055.05585262 J; [Btu_IT] = [Btu]
[HP] = 745.69987158227 W
m[H2O] = 9806.65 Pa; m[Hg] = 133322 Pa; [in_i'H2O] = 0.0254 m[H2O]; [in_i'Hg] = 0.0254 m[Hg]; [g] = 9.80665 m/s2
[degR] = 5/9 K; Cel = K; [degF] = 5/9 K; [degRe] = 5/4 K
"""
_QUANTITIES = {"Bq": "decays", "Gy": "absorbed", "Sv": "equivalent"}
"""Of units that are equal in dimension to others, and measure something else: a dose is no square of a speed."""
_VOLT_AMPERE = re.compile(r"(?<![^./(])[kMmu]?(?:V\.[kMmu]?A|A\.[kMmu]?V)(?![^./)])")
"""Apparent power, which is not active power; reactive power has its own note."""
_DEFINITIONS: Mapping[str, str] = dict(
    each.strip().split(" = ") for line in _DEFINED.strip().splitlines() for each in line.split(";")
)
"""By atom: a number, a term, or both; an atom that is not here is a base, or measures what nothing else does."""
_ZEROS = {"Cel": Fraction("273.15"), "[degF]": Fraction("459.67") * 5 / 9, "[degRe]": Fraction("273.15")}
"""Where scales of temperature begin, in K."""
_PREFIXES: Mapping[str, Fraction] = {
    **{name: Fraction(10) ** power for name, power in zip("QRYZEPTGMk", range(30, 0, -3), strict=True)},
    **{name: Fraction(1, 10**power) for name, power in zip("munpfazyrq", range(3, 31, 3), strict=True)},
    **dict(zip(("h", "da", "d", "c"), map(Fraction, ("100", "10", "1/10", "1/100")), strict=True)),
    **{name: Fraction(1024) ** power for power, name in enumerate(("Ki", "Mi", "Gi", "Ti"), 1)},
}
_PART = re.compile(r"\{[^}]*\}|[()./]|[^{}()./]+")
_POWER = re.compile(r"[+-]?[0-9]{1,2}$")
_REFERENCE = re.compile(r"(.*B)\[(.+)\]")
_EXACT = 2**53


class _Measure(NamedTuple):
    factor: Fraction
    powers: Mapping[str, int]
    """Of base units."""
    notes: frozenset[str] = frozenset()
    """What it is of: {LEL}, the reference of a level in decibels."""
    zero: Fraction = Fraction(0)
    """Where its scale begins, in base units: 273.15 K for Cel, also for mCel; 0 for Cel/h, a difference."""


class Conversion(NamedTuple):
    """From one unit to another: times `numerator`, by `denominator`, plus `offset`."""

    numerator: float
    denominator: float
    offset: float = 0.0

    def of(self, value: float) -> float:
        """A value in the other unit, to the digits that it is good for: 0.57 m are 57 cm, not 56.99999999999999."""
        found = value * self.numerator / self.denominator + self.offset
        return float(f"{found:.12g}" if self.offset else f"{found:.15g}")


SAME = Conversion(1.0, 1.0)


def between(metric: str, unit: str, wanted: str) -> Conversion:
    """As `conversion`, for a metric; DecodeError unit_mismatch where there is none."""
    found = conversion(unit, wanted)
    likely = LOOKALIKES.get(unit)
    if found is None and likely is not None and conversion(likely, wanted) is not None:
        raise DecodeError("unit_mismatch", Sentence("refusal.unit.other", unit=repr(unit), right=likely))
    if found is None:
        named = {"metric": repr(metric), "unit": repr(unit), "wanted": repr(wanted)}
        raise DecodeError("unit_mismatch", Sentence("refusal.unit.mismatch", **named))
    return found


@lru_cache(maxsize=4096)
def conversion(unit: str, wanted: str) -> Conversion | None:
    """How values in a unit become values in another one; SAME where they are the same, None where they cannot.

    Both are units in UCUM. What they are of ({LEL}, {vol}) is the same; only a level in decibels may leave it out.
    """
    if unit == wanted:
        return SAME
    if not is_unit(unit) or not is_unit(wanted):
        return None
    one, other = _measured(unit), _measured(wanted)
    is_level_alone = one.powers == {"B": 1} and not (one.notes and other.notes)
    if one.powers != other.powers or not (one.notes == other.notes or is_level_alone):
        return None
    scale, offset = one.factor / other.factor, (one.zero - other.zero) / other.factor
    if scale == 1 and offset == 0:
        return SAME
    if max(scale.numerator, scale.denominator) > _EXACT:
        return Conversion(float(scale), 1.0, float(offset))
    return Conversion(float(scale.numerator), float(scale.denominator), float(offset))


def _measured(unit: str) -> _Measure:
    found = _measure(unit)
    apparent = not found.notes and _VOLT_AMPERE.search(unit) is not None
    return found._replace(notes=frozenset({"apparent"})) if apparent else found


@lru_cache(maxsize=4096)
def _measure(term: str) -> _Measure:
    """Of a term of UCUM, read from the left to the right."""
    stack: list[tuple[_Measure, int]] = []
    found, sign = _Measure(Fraction(1), {}), 1
    for part in _PART.findall(term):
        if part == "(":
            stack.append((found, sign))
            found, sign = _Measure(Fraction(1), {}), 1
        elif part == ")":
            inner, (found, sign) = found, stack.pop()
            found, sign = _times(found, inner, sign), 1
        elif part in "./":
            sign = 1 if part == "." else -1
        else:
            found, sign = _times(found, _component(part), sign), sign if part[0] == "{" else 1
    return found


def _times(one: _Measure, other: _Measure, power: int) -> _Measure:
    powers = dict(one.powers)
    for base, count in other.powers.items():
        powers[base] = powers.get(base, 0) + power * count
    left = {base: count for base, count in powers.items() if count}
    zero = one.zero if not other.powers else other.zero if power == 1 and not one.powers else Fraction(0)
    return _Measure(one.factor * other.factor**power, left, one.notes | other.notes, zero)


def _component(text: str) -> _Measure:
    """Of a number, an annotation, or an atom with prefix and exponent."""
    if text[0] == "{":
        return _Measure(Fraction(1), {}, frozenset({text[1:-1]}))
    if text.isdigit():
        return _Measure(Fraction(int(text)), {})
    power = None if text in PLAIN else _POWER.search(text)
    name, count = (text, 1) if power is None else (text[: power.start()], int(power[0]))
    atom = _atom(name)
    if count == 1:
        return atom
    return _Measure(atom.factor**count, {base: each * count for base, each in atom.powers.items()}, atom.notes)


def _atom(name: str) -> _Measure:
    if (level := _REFERENCE.fullmatch(name)) is not None:
        return _atom(level[1])._replace(notes=frozenset({level[2]}))
    if name in METRIC or name in PLAIN:
        return _defined(name)
    prefix = next(each for each in _PREFIXES if name.startswith(each) and name.removeprefix(each) in METRIC)
    plain = _defined(name.removeprefix(prefix))
    return plain._replace(factor=_PREFIXES[prefix] * plain.factor)


def _defined(name: str) -> _Measure:
    found = _dimension(name)
    notes = found.notes | {_QUANTITIES[name]} if name in _QUANTITIES else found.notes
    return found._replace(notes=notes, zero=_ZEROS.get(name, Fraction(0)))


def _dimension(name: str) -> _Measure:
    number, _, term = _DEFINITIONS.get(name, name).rpartition(" ")
    if term == name:
        return _Measure(Fraction(1), {name: 1})
    if re.fullmatch(r"[0-9./]+", term):  # a number alone
        return _Measure(Fraction(term), {})
    return _times(_measure(term), _Measure(Fraction(number or 1), {}), 1)

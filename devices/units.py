"""Units of measure in UCUM (the Unified Code for Units of Measure), case sensitive: is it one, and if not, which."""

import re
from difflib import get_close_matches
from functools import lru_cache

from devices.unit_aliases import COMMON, FACTORS, HABITS, MISLEADING

MAX_UNIT = 32
"""Characters of a unit."""
MAX_DEPTH = 8
"""Pairs of parentheses."""
EXAMPLES = "ug/m3, Cel, %, mm/h, V, or 1 for a plain number"

PREFIXES = (*"QRYZEPTGMkhdcmunpfazyrq", "da", "Ki", "Mi", "Gi", "Ti")
_METRIC = """
m s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L ar t u eV pc bar cal kat U R RAD REM
eq osm st B Np By bit Bd dyn erg P St Mx G Oe Gb sb ph Gal Ky Ci gf cal_th cal_IT tex mho
m[H2O] m[Hg] B[SPL] B[V] B[mV] B[uV] B[W] B[kW] [iU] [IU] [arb'U]"""
_PLAIN = """
10* 10^ % [pi] [ppth] [ppm] [ppb] [pptr] gon deg ' '' min h d wk mo a a_t a_j a_g mo_s mo_j mo_g AU atm Lmb
[in_i] [ft_i] [yd_i] [mi_i] [nmi_i] [kn_i] [mi_us] [ft_us] [in_us] [acr_us] [sin_i] [sft_i] [cin_i] [cft_i]
[gal_us] [qt_us] [pt_us] [foz_us] [bbl_us] [gal_br] [lb_av] [oz_av] [gr] [lbf_av] [psi] [degF] [degR] [degRe]
[Btu] [Btu_IT] [Btu_th] [HP] [in_i'H2O] [in_i'Hg] [pH] [CFU] [PFU] [mesh_i] [g] [c] [h] [k] [e] [ly] [S] [MET] bit_s"""
METRIC = frozenset(_METRIC.split())
"""Atoms that take a prefix."""
PLAIN = frozenset(_PLAIN.split())
"""Atoms that take none."""

_ANNOTATION = re.compile(r"\{[!-z|~]*\}")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_GROUP, _NOTE = "\x01", "\x02"
"""What stands for a pair of parentheses with a right term in it, and for an annotation."""
_POWER = re.compile(r"[+-]?\d{1,2}$")
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


@lru_cache(maxsize=4096)
def unit_problem(text: str) -> str | None:
    """What is wrong with a unit and which would be right, in a sentence; None for a unit in UCUM.

    >>> unit_problem("μg/m³")
    "'μg/m³' is no unit in UCUM: write ug/m3"
    """
    if len(text) > MAX_UNIT:
        return f"a unit has at most {MAX_UNIT} characters"
    if (meant := MISLEADING.get(text)) is not None:
        return f"'{text}' {meant}"
    if is_unit(text):
        meant = HABITS.get(text, text)
        return None if meant == text else f"'{text}' is another unit in UCUM: write {meant}"
    right = nearest_unit(text)
    return f"'{text}' is no unit in UCUM: write {right or EXAMPLES}"


@lru_cache(maxsize=4096)
def unit_meant(text: str) -> str | None:
    """The unit in UCUM that a text is, or is another spelling of; None where it could only be guessed."""
    if (habit := HABITS.get(text)) is not None:
        return habit
    if len(text) > MAX_UNIT or text in MISLEADING:
        return None
    if is_unit(text):
        return text
    plain = _plain(text)
    for guess in (HABITS.get(plain), HABITS.get(plain.lower()), _rebuilt(plain)):
        if guess is not None and guess not in MISLEADING and is_unit(guess):
            return guess
    return None


def nearest_unit(text: str) -> str | None:
    """The unit in UCUM that somebody who writes this most likely means; None when nothing is near."""
    if (meant := unit_meant(text)) is not None:
        return meant
    plain = _plain(text)
    if others := of_other_case(plain):
        return others[0]
    by_case = {unit.lower(): unit for unit in COMMON}
    near = get_close_matches(plain.lower(), by_case, n=1, cutoff=0.75)
    return by_case[near[0]] if near else None


def of_other_case(text: str) -> list[str]:
    """The common units that a text is but for upper and lower case."""
    return [unit for unit in COMMON if unit.lower() == text.lower()]


def _plain(text: str) -> str:
    """In ASCII as far as it goes, without blanks: what a keyboard with other habits writes."""
    text = "".join(text.translate(_SUPERSCRIPT).split())
    for found, meant in (("℃", "Cel"), ("°C", "Cel"), ("℉", "[degF]"), ("°F", "[degF]"), ("μ", "u"), ("µ", "u"),
                         ("Ω", "Ohm"), ("Ω", "Ohm"), ("·", "."), ("⋅", "."), ("×", "."), ("²", "2"), ("³", "3"),
                         ("㎡", "m2"), ("㎥", "m3"), ("㎎", "mg"), ("㎏", "kg"), ("％", "%"), ("／", "/"), ("﹪", "%"),
                         ("‰", "[ppth]"), ("°", "deg"), ("**", ""), ("每", "/")):  # fmt: skip
        text = text.replace(found, meant)
    return re.sub(r"(?<=[A-Za-z\]])\^(?=[-+]?\d)", "", text)


def _rebuilt(plain: str) -> str:
    """Each factor put right by itself: "ug/Nm3" is "ug" over "m3"."""
    parts = re.split(r"([./*])", plain)
    return "".join([_factor(part) if part not in "./*" else "." if part == "*" else part for part in parts])


def _factor(part: str) -> str:
    name, power = re.fullmatch(r"(.*?)([-+]?\d*)", part, re.DOTALL).groups()  # type: ignore[union-attr]
    if part and is_unit(part):
        return part
    lower = name.lower()
    meant = FACTORS.get(name) or FACTORS.get(lower) or HABITS.get(name)
    return (meant or (lower if is_unit(lower) else name)) + power


def is_unit(text: str) -> bool:
    """Whether a text is a term of UCUM; its parentheses are read from the innermost on."""
    if _GROUP in text or _NOTE in text:
        return False
    text = _ANNOTATION.sub(_NOTE, text)
    for _ in range(MAX_DEPTH):
        inner = _INNERMOST.search(text)
        if inner is None:
            return _is_term(text)
        if not _is_term(inner[1]):
            return False
        text = text[: inner.start()] + _GROUP + text[inner.end() :]
    return _is_term(text)


def _is_term(text: str) -> bool:
    """Whether factors stand between . and /, of which a / may come first."""
    return all(_is_component(part) for part in re.split("[./]", text.removeprefix("/")))


def _is_component(part: str) -> bool:
    """A unit, a number or a group; an annotation may follow it, or stand alone."""
    name = part.removesuffix(_NOTE)
    return part == _NOTE or name == _GROUP or re.fullmatch("[0-9]+", name) is not None or _is_atom(name)


def _is_atom(name: str) -> bool:
    """Whether it is a unit, perhaps with a prefix and an exponent."""
    power = None if name in PLAIN else _POWER.search(name)
    if power is not None:
        name = name[: power.start()]
    if power is not None and int(power[0]) == 0:
        return False
    return name in METRIC or name in PLAIN or any(name.removeprefix(each) in METRIC for each in PREFIXES)

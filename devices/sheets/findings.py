"""Messages for rows rejected by the registry; lookup results are passed in. Pure.

`found` is a row of the table device_mistake: `line, code, column, kind, about` (the value) and `detail`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from devices.library.profiles import library
from devices.lifecycle import possible
from devices.sheets.mistakes import Grade, Mistake, short
from devices.similar import likest

Found = Mapping[str, Any]


def impossible_step(found: Found) -> Mistake:
    """An invalid state transition."""
    wrong = f"a step from {found['detail']} to {found['about']} is not possible"
    return _mistake(found, wrong, possible(found["code"], found["detail"]))


def unchecked_division(found: Found) -> Mistake:
    """Warning: a division that cannot be verified because nothing is loaded for it."""
    wrong = f"nothing is loaded by which the division {found['about']} could be checked"
    return _mistake(found, wrong, "look whether it is right, or load its county: hub regions load", "warning")


def case_only(found: Found) -> Mistake:
    """Warning: a code that differs by case only from a registered one, or from one of the sheet."""
    other = f"and '{found['detail']}' is {'in this sheet, too' if found['kind'] == 'twin' else 'registered'}"
    wrong = f"'{found['about']}' is new, {other}: they differ by upper and lower case only"
    return _mistake(found, wrong, "they are two devices: look which of them is on the device", "warning")


def taken(found: Found) -> Mistake:
    """A code that is taken by a device that the caller may not see."""
    return _mistake(found, f"the code '{found['about']}' cannot be had", "give the device another code")


def outside(found: Found) -> Mistake:
    """A device that would lie outside of what the caller was granted."""
    place = f"organisation {found['detail'] or '-'}, division {found['about']}"
    right = "write an organisation and a division of yours, or ask the security administrator for a grant"
    return _mistake(found, f"it would lie outside of what you were granted: {place}", right)


def template_example(found: Found) -> Mistake:
    """The example row of the template, which would change a registered device."""
    wrong = f"this is the example of the template, and would change the registered device '{found['about']}'"
    return _mistake(found, wrong, "delete the line, or give it the code of your device")


def ended_division(found: Found, names: Mapping[str, str]) -> Mistake:
    """A division that has ended; `names` are its successors by code."""
    told = " or ".join(f"{code} {names.get(code, '')}".strip() for code in (found["detail"] or "").split())
    right = f"since then it is {told}" if told else "write the code of the division that is there today"
    return _mistake(found, f"the division {found['about']} has ended", right)


def unknown(found: Found, right: str) -> Mistake:
    """An unknown name."""
    noun = {"parent": "device", "region": "division", "organisation": "organisation"}.get(found["column"], "profile")
    about = found["about"] if noun == "division" else f"'{short(found['about'])}'"
    return _mistake(found, f"there is no {noun} {about}", right)


def profile_meant(about: str, codes: Sequence[str]) -> str:
    """Suggestion for an unknown profile."""
    if about in library():
        return f"install it from the library: hub profiles install {about}"
    if near := get_close_matches(about, codes, n=3, cutoff=0.5):
        return f"did you mean {' or '.join(near)}?"
    shown = ", ".join(codes[:10])
    return f"make the profile first, or take one of {shown}" if shown else "make the profile first: there is none"


def parent_meant(about: str, codes: Iterable[str]) -> str:
    """Suggestion for an unknown parent; `codes` are existing variants."""
    near = likest(about, list(codes), 3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{hint}A parent is on a line of this sheet or registered already"


def division_meant(about: str, names: Mapping[str, str]) -> str:
    """Suggestion for an unknown division; `names` are its neighbours by code."""
    if near := get_close_matches(about, names, n=3, cutoff=0.8):
        return f"did you mean {' or '.join(f'{code} {names[code]}' for code in near)}?"
    return "look it up with: hub regions list, or load the newest divisions: hub regions load"


def new_organisation(line: int, code: str, known: Sequence[str]) -> Mistake | None:
    """Warning about a new organisation that resembles an existing one."""
    near = get_close_matches(code, known, n=1, cutoff=0.8)
    if not near:
        return None
    wrong = f"'{code}' is a new organisation"
    return Mistake(line, "", "organisation", wrong, f"did you mean {near[0]}?", code, "warning")


def circle(line: int, code: str, parent: str) -> Mistake:
    """A parent cycle."""
    wrong = f"'{code}' would hang on itself by way of '{parent}'"
    return Mistake(line, code, "parent", wrong, "name another parent, or none", parent)


def orphan(line: int, code: str | None, parent: str, parent_line: int) -> Mistake:
    """A device whose parent's row is skipped."""
    wrong = f"its parent '{short(parent)}', on line {parent_line}, is skipped"
    return Mistake(line, code or "", "parent", wrong, f"put line {parent_line} right", parent)


def stranded(line: int, code: str | None, address: str, other_line: int) -> Mistake:
    """A device whose address waits for a row that is skipped: one that has it, or the DTU of its line."""
    wrong = f"line {other_line}, on which '{short(address)}' depends, is skipped"
    return Mistake(line, code or "", "addresses", wrong, f"put line {other_line} right", address)


def _owned(found: Found) -> Mistake:
    if not found["detail"]:
        return _mistake(found, f"'{found['about']}' is another device's", "look whether it is written right")
    right = f"take it from there first, on a line of this sheet or with: hub devices addresses remove {found['detail']}"
    return _mistake(found, f"'{found['about']}' is that of the device {found['detail']}", right)


def _repeated(found: Found) -> Mistake:
    wrong = f"'{found['about']}' is on line {found['detail']} already"
    return _mistake(found, wrong, "an address is of one device: leave it where it belongs")


def _no_line(found: Found) -> Mistake:
    dtu = found["about"].partition("=")[2].rpartition("/")[0]
    wrong = f"there is no DTU '{short(dtu)}' on whose line '{short(found['about'])}' would be"
    return _mistake(found, wrong, "register the DTU, here or before, or correct what is before the slash")


ADDRESSES: Mapping[str, Callable[[Found], Mistake]] = {"owned": _owned, "repeated": _repeated, "no line": _no_line}
"""By kind: what only the registry can tell of addresses."""


def _mistake(found: Found, wrong: str, right: str, grade: Grade = "error") -> Mistake:
    return Mistake(found["line"], found["code"] or "", found["column"], wrong, right, short(found["about"]), grade)

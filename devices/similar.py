"""Similar names: suggestions for mistyped metric names and device codes."""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from string import ascii_letters, digits

from devices.topics import CODE

_CODE_LETTERS = ascii_letters + digits + "._:-"
_LONG = 24
"""Characters from which on a code is only varied by the letters in it and by digits: bounds the look-ups."""
_LOOKALIKES = str.maketrans({"o": "0", "l": "1", "i": "1"})
_CLOSE = 0.6
"""The share of common characters from which on two names count as close."""


def plain(name: str) -> str:
    """Normalise a name: PM2.5, pm2_5 and pm25 are equal."""
    return re.sub(r"[\W_]+", "", name.lower())


def nearest(name: str, known: Mapping[str, str | None], most: int = 3) -> list[str]:
    """Known names similar to `name`, best match first; `known` maps names to display names."""
    wanted = plain(name)
    if not wanted:
        return []
    scores = {
        each: max(_likeness(wanted, plain(each)), _likeness(wanted, plain(shown or "")))
        for each, shown in known.items()
    }
    close = sorted((each for each, score in scores.items() if score >= _CLOSE), key=lambda each: (-scores[each], each))
    if close and scores[close[0]] == 1.0:
        return [each for each in close if scores[each] == 1.0][:most]
    return close[:most]


def _likeness(wanted: str, other: str) -> float:
    if wanted == other:
        return 1.0
    shorter, longer = sorted((wanted, other), key=len)
    if len(shorter) >= 3 and shorter in longer:  # temp and temperature
        return 0.9
    return SequenceMatcher(None, wanted, other).ratio()


def variants(code: str) -> list[str]:
    """All codes at edit distance one from `code`: at most 1,700 for a typical code."""
    letters = _CODE_LETTERS if len(code) <= _LONG else "".join(sorted({*code, *digits}))
    splits = [(code[:cut], code[cut:]) for cut in range(len(code) + 1)]
    found = {code.lower(), code.upper(), *(code.replace(a, b) for a in "._:-" for b in ("-", "_", "."))}
    found |= {head + tail[1:] for head, tail in splits if tail}
    found |= {head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1}
    found |= {head + letter + tail[1:] for head, tail in splits if tail for letter in letters}
    found |= {head + letter + tail for head, tail in splits for letter in letters}
    found.discard(code)
    return sorted(each for each in found if CODE.fullmatch(each))


def like(code: str, other: str) -> bool:
    """Whether two different codes are similar enough to be typos of each other."""
    if code == other:
        return False
    a, b = plain(code), plain(other)
    if a.translate(_LOOKALIKES) == b.translate(_LOOKALIKES):
        return True
    return _slips(code, other) <= (2 if min(len(code), len(other)) >= 8 else 1)


def likest(code: str, others: Iterable[str], most: int = 5) -> list[str]:
    """Those of `others` similar to `code`, best match first."""
    found = sorted((_slips(code, other), other) for other in {*others} if like(code, other))
    return [other for _, other in found[:most]]


def _slips(a: str, b: str) -> int:
    """Edit distance with transpositions, capped at 3."""
    if abs(len(a) - len(b)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return min(row[-1], 3)

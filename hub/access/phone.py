"""Telephone numbers of people: mainland mobiles and landlines as people write them, others after E.164. Pure."""

import re
import unicodedata

from hub.words.sentence import Sentence

LONGEST = 40
HIDDEN = "****"
_WRITTEN = re.compile(r"\+?[0-9][0-9 ().-]*|\([0-9][0-9 ().-]*")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_AREA = re.compile(r"0(?:10|2[0-9]|[3-9]\d\d)")
_LANDLINE = re.compile(r"(?:0(?:10|2[0-9])\d{8}|0[3-9]\d\d\d{7,8})")
_INTERNATIONAL = re.compile(r"[1-9]\d{6,14}")
_CHINA = "86"


def phone_of(text: str) -> str:
    """A number as it is stored, "+8613812345678". ValueError with a Sentence, which tells nothing of the number."""
    given = unicodedata.normalize("NFKC", text).strip()
    if len(given) > LONGEST or not _WRITTEN.fullmatch(given):
        raise ValueError(Sentence("refusal.phone.form"))
    digits = re.sub(r"\D", "", given)
    if not given.startswith("+") and not digits.startswith("00"):
        return f"+{_CHINA}{_national(digits)}"
    digits = digits.removeprefix("00") if not given.startswith("+") else digits
    if digits.startswith(_CHINA):
        trunk = digits.removeprefix(_CHINA)
        return f"+{_CHINA}{_national(trunk if trunk.startswith(('0', '1')) and len(trunk) > 10 else '0' + trunk)}"
    if not _INTERNATIONAL.fullmatch(digits):
        raise ValueError(Sentence("refusal.phone.international"))
    return f"+{digits}"


def _national(digits: str) -> str:
    """A mainland number without the 0 before its area code."""
    if _MOBILE.fullmatch(digits):
        return digits
    if _LANDLINE.fullmatch(digits):
        return digits[1:]
    if re.fullmatch(r"[2-8]\d{6,7}", digits):
        raise ValueError(Sentence("refusal.phone.area"))
    raise ValueError(Sentence("refusal.phone.china"))


def masked(phone: str) -> str:
    """A stored number as it is shown: at least four digits are hidden, "138****5678", "0571****4321", "+44****4321"."""
    national = phone.removeprefix(f"+{_CHINA}")
    if national == phone:
        shown, rest = phone[:3], phone[3:]
    elif _MOBILE.fullmatch(national):
        shown, rest = national[:3], national[3:]
    else:
        area = _AREA.match("0" + national)
        shown = area[0] if area else "0"
        rest = national[len(shown) - 1 :]
    return f"{shown}{HIDDEN}{rest[4:][-4:]}"

"""Fields that all codecs read alike: times, levels, divisions, identifiers, texts."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hub.warnings.message import MAX_DIVISIONS, MAX_TEXT, MAX_WORD, Level, Message, Remark, WarningRefused
from hub.words.sentence import Sentence

BEIJING = timezone(timedelta(hours=8))
JAPAN = timezone(timedelta(hours=9))
AHEAD = timedelta(hours=24)
"""How far a message may be sent in the future: beyond it a clock is wrong, and an update would hide what is real."""
LONGEST = timedelta(days=366)
"""How long after it was sent a warning may begin or end: what is later is no time, and no end."""
_LEVELS: Mapping[str, Level] = {
    "红": "red", "橙": "orange", "黄": "yellow", "蓝": "blue",
    "red": "red", "orange": "orange", "yellow": "yellow", "blue": "blue",
    "extreme": "red", "severe": "orange", "moderate": "yellow", "minor": "blue",
}  # fmt: skip
_LEVEL = re.compile(
    r"([红橙黄蓝])色|^([红橙黄蓝])$|\b(red|orange|yellow|blue|extreme|severe|moderate|minor)\b", re.IGNORECASE
)
"""Not the bare character within a text: 黄山 is a place."""
_TIME = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
_COMMON = re.compile(r"(\d{6})\d{8}_\d{14}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_IN_IDENTIFIER = re.compile(r"[\s,<&\x00-\x1f]+")
_SIGNIFICANT = (0, 2, 4, 6, 9, 12)


class Remarks:
    """Collects what was odd."""

    def __init__(self) -> None:
        self._found = set[Remark]()

    def add(self, remark: Remark) -> None:
        self._found.add(remark)

    def sorted(self) -> tuple[Remark, ...]:
        return tuple(sorted(self._found))


def text_of(value: Any, limit: int = MAX_WORD) -> str:
    """A text or number as a text of so many characters at most, without control characters; "" for all else."""
    if isinstance(value, str):
        return _CONTROL.sub("", value[: 2 * limit]).strip()[:limit]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def long_text(value: Any) -> str:
    """A headline, description or instruction."""
    return text_of(value, MAX_TEXT)


def identifier_of(value: Any) -> str:
    """An identifier; WarningRefused for one that is missing, too long, or holds what no identifier may."""
    text = value.strip() if isinstance(value, str) else text_of(value)
    if not text:
        raise WarningRefused(Sentence("warning.refused.no_identifier"))
    if len(text) > MAX_WORD or _IN_IDENTIFIER.search(text) or _CONTROL.search(text):
        raise WarningRefused(Sentence("warning.refused.identifier", identifier=repr(text[:40]), most=MAX_WORD))
    return text


def time_of(value: Any, remarks: Remarks, zone: timezone = BEIJING) -> datetime | None:
    """A time in UTC; without a zone of its own it is of `zone`, which is remarked. None for what is no time."""
    text = text_of(value)
    if not text:
        return None
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if (stated := found[7]) is None:
            remarks.add("zone_assumed")
        elif stated == "Z":
            at = at.replace(tzinfo=UTC)
        else:
            minutes = int(stated[1:3]) * 60 + int(stated[-2:])
            at = at.replace(tzinfo=timezone(timedelta(minutes=-minutes if stated[0] == "-" else minutes)))
        at = at.astimezone(UTC)
        if not 1970 <= at.year <= 2199:
            raise ValueError(text)
        return at
    except (ValueError, OverflowError):
        remarks.add("time_unread")
        return None


def sent_of(value: Any, received: datetime, remarks: Remarks, zone: timezone = BEIJING) -> datetime:
    """When a message was sent; WarningRefused for none, and for one in the future."""
    sent = time_of(value, remarks, zone)
    if sent is None:
        raise WarningRefused(Sentence("warning.refused.no_time", time=text_of(value) or "-"))
    if sent > received + AHEAD:
        raise WarningRefused(Sentence("warning.refused.future", time=sent.isoformat()))
    return sent


def level_of(*stated: Any) -> tuple[Level | None, str]:
    """The level by the first text that names a colour or a severity, and that text; else None and the first text.

    A text that names several means the last one: 橙色降级为黄色.
    """
    texts = [text for each in stated if (text := text_of(each))]
    for text in texts:
        if found := list(_LEVEL.finditer(text)):
            return _LEVELS[next(filter(None, found[-1].groups())).lower()], text
    return None, texts[0] if texts else ""


def divisions_of(codes: Iterable[str], remarks: Remarks) -> tuple[str, ...]:
    """Significant digits of division codes, sorted, without repeats; what is no code is left out, and remarked."""
    found = set[str]()
    for code in codes:
        if len(digits := code.strip()) in (6, 9, 12) and digits.isascii() and digits.isdigit():
            found.add(significant(digits))
        elif digits:
            remarks.add("division_unknown_form")
        if len(found) > MAX_DIVISIONS:
            raise WarningRefused(Sentence("warning.refused.divisions", most=MAX_DIVISIONS))
    return tuple(sorted(found))


def significant(code: str) -> str:
    """The first 2, 4, 6, 9 or 12 digits of a code: those after which only zeros come; "" for the whole country."""
    return next(code[:digits] for digits in _SIGNIFICANT if not code[digits:].strip("0"))


def of_sender(identifier: str, sender_code: str) -> str | None:
    """The division of a sender, of the common identifier or of its code; None when neither tells."""
    if found := _COMMON.fullmatch(identifier):
        return significant(found[1])
    if len(sender_code) == 14 and sender_code.isascii() and sender_code.isdigit():
        return significant(sender_code[:6])
    return None


def number_of(value: Any, least: float, most: float) -> float | None:
    """A finite number in a range, also one that is written as text; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and least <= number <= most else None


def finished(message: Message, remarks: Remarks, made_up: bool = False) -> Message:
    """A message with what follows from its fields: the sender's division where no area is stated, and its remarks.

    `made_up`: its end is not the source's own. An end before the beginning is no end, and no time is
    more than LONGEST after it was sent.
    """
    update: dict[str, Any] = {}
    times = {"onset": message.onset, "effective": message.effective, "expires": message.expires}
    if late := {name: None for name, at in times.items() if at is not None and at > message.sent + LONGEST}:
        remarks.add("time_unread")
        message = message.model_copy(update=late)
    begin = message.onset or message.effective or message.sent
    if message.expires is not None and not made_up and message.expires <= begin:
        remarks.add("end_before_begin")
        update["expires"] = None
    if not (message.divisions or message.polygons or message.circles):
        division = of_sender(message.identifier, message.sender_code)
        if division is not None:
            update["divisions"] = (division,)
        elif message.type != "cancel":
            remarks.add("no_area")
    if message.type != "cancel":
        if message.kind == "other":
            remarks.add("kind_unknown")
        if message.level is None:
            remarks.add("level_unknown")
    return message.model_copy(update={**update, "remarks": remarks.sorted()})

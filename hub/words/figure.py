"""Figures as people read them: shares, durations, and large numbers that have to be short."""

from decimal import ROUND_HALF_UP, Decimal

from hub.words import Lang, text

DIGITS, MOST_DIGITS = 2, 12
"""Of a percentage behind its point."""


def percentage(numerator: float, denominator: float) -> str:
    """A share, as `99.96%`: rounded half up, but never to 100 or 0 where it is neither; `–` of nothing."""
    if not denominator:
        return "–"
    share = Decimal(str(numerator)) * 100 / Decimal(str(denominator))
    told = share
    for digits in range(DIGITS, MOST_DIGITS):
        told = share.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        if told == share or told not in (0, 100):
            break
    return f"{told:f}%"


def duration(seconds: float | None, lang: Lang) -> str:
    """Hours and minutes; `–` of none."""
    if seconds is None:
        return "–"
    minutes = round(seconds / 60)
    if minutes < 60:
        return text("figure.minutes", lang, minutes=minutes)
    return text("figure.hours", lang, hours=f"{minutes // 60:,}", minutes=minutes % 60)


def lasting(seconds: float, lang: Lang) -> str:
    """The two largest units of a time, from seconds to days: `6 h`, `1 h 30 min`."""
    parts: list[str] = []
    rest = round(seconds) if seconds >= 1 else seconds
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1)):
        if unit == "days" and rest < 2 * size:  # 36 h is read more easily than a day and 12 h
            continue
        count, rest = divmod(rest, size) if size > 1 else (rest, 0)
        if count or (unit == "seconds" and not parts):
            parts.append(text(f"span.{unit}", lang, n=f"{count:g}"))
        elif parts:
            break
    return " ".join(parts[:2])


def short(number: int, lang: Lang) -> str:
    """At most five characters up to ten million: where the exact number stands elsewhere."""
    if number < 10_000:
        return str(number)
    unit, sign = (10_000, "万") if lang == "zh" else (1_000, "k")
    told = number / unit
    return f"{told:.1f}{sign}" if told < 100 else f"{told:.0f}{sign}"

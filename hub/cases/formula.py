"""The formula of an indicator, as people read it."""

from hub.cases.indicators import Indicator
from hub.words import Lang, text


def formula(indicator: Indicator, lang: Lang) -> str:
    """In words: numerator ÷ denominator."""
    above = _in_words(indicator.numerator, lang)
    if indicator.denominator is None:
        return above
    return f"{_grouped(above)} ÷ {_grouped(_in_words(indicator.denominator, lang))}"


def _in_words(expression: str, lang: Lang) -> str:
    return " ".join(
        word if word in ("+", "-") else text(f"indicator.count.{word}", lang) for word in expression.split()
    )


def _grouped(words: str) -> str:
    return f"({words})" if " + " in words or " - " in words else words

"""The formula of an indicator, as people read it."""

from collections.abc import Callable

from hub.cases.indicators import Indicator
from hub.words import Lang, text

NameOf = Callable[[str, Lang], str]
"""What a count is called."""


def count_name(count: str, lang: Lang) -> str:
    """Of cases."""
    return text(f"indicator.count.{count}", lang)


def formula(indicator: Indicator, lang: Lang, name_of: NameOf = count_name) -> str:
    """In words: numerator ÷ denominator."""
    above = _in_words(indicator.numerator, lang, name_of)
    if indicator.denominator is None:
        return above
    return f"{_grouped(above)} ÷ {_grouped(_in_words(indicator.denominator, lang, name_of))}"


def _in_words(expression: str, lang: Lang, name_of: NameOf) -> str:
    return " ".join(word if word in ("+", "-") else name_of(word, lang) for word in expression.split())


def _grouped(words: str) -> str:
    return f"({words})" if " + " in words or " - " in words else words

"""Sentences of the catalogue that remember what they were made of, so that they can be told in either language.

A `Sentence` is its English text: what treats it as a string goes on unchanged. Where a text leaves the process,
`written` gives what `stored` makes a sentence of again.
"""

from string import Formatter
from typing import Any

from hub.words import Lang, catalogue

Words = dict[str, Any]
"""A sentence as JSON: {"key": text, "values": {name: text, number or another sentence}}."""


class Sentence(str):
    """The English text of a key, with its values; each is a string, a number or a sentence itself."""

    __slots__ = ("key", "values")
    key: str
    values: dict[str, Any]

    def __new__(cls, key: str, /, **values: object) -> "Sentence":
        """KeyError when there is no such key or a value is missing."""
        self = str.__new__(cls, _ENGLISH[key] % values)
        self.key, self.values = key, values
        return self

    @staticmethod
    def of(text: str, key: str, values: dict[str, Any]) -> "Sentence":
        """One with the English text that it had before."""
        self = str.__new__(Sentence, text)
        self.key, self.values = key, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence.of, (str(self), self.key, self.values)

    def told(self, lang: Lang) -> str:
        """The sentence in a language; its English text when the catalogue has changed since it was stored."""
        if lang == "en":
            return str(self)
        try:
            return self._in(lang)
        except (KeyError, ValueError):
            return str(self)

    def _in(self, lang: Lang) -> str:
        values = {
            name: value._in(lang) if isinstance(value, Sentence) else value for name, value in self.values.items()
        }
        return catalogue()[self.key][lang].format_map(values)


class _English(dict[str, str]):
    """English texts by key with placeholders of the % operator, which fills them in twice as fast as `format`."""

    def __missing__(self, key: str) -> str:
        parts = Formatter().parse(catalogue()[key]["en"])
        text = "".join([plain.replace("%", "%%") + (f"%({name})s" if name else "") for plain, name, _, _ in parts])
        self[key] = text
        return text


_ENGLISH = _English()


def told(value: Any, lang: Lang) -> Any:
    """A sentence in a language; anything else as it is."""
    return value.told(lang) if isinstance(value, Sentence) else value


def written(text: str) -> Words | None:
    """A sentence as JSON, for `stored`; None for other text."""
    if not isinstance(text, Sentence):
        return None
    return {"key": text.key, "values": {name: written(value) or value for name, value in text.values.items()}}


def stored(text: str, words: object) -> str:
    """The sentence that was written with this English text; the text as it is where `words` are not those of one."""
    match words:
        case {"key": str(key), "values": dict(values)}:
            return Sentence.of(text, key, {name: _value(value) for name, value in values.items()})
    return text


def _value(value: Any) -> Any:
    return stored("", value) if isinstance(value, dict) else value

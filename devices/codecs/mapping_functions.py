"""Functions available to mapping expressions: those of JMESPath plus a few that device payloads need."""

from typing import Any

from jmespath import functions

from hub.words.sentence import Sentence

MAX_TEXT = 65_536
"""Characters of a text that a function may make."""
_ANY = 100


class TooLarge(Exception):
    """A function would produce too long a string"""


class Functions(functions.Functions):
    """The functions of JMESPath, and add, multiply, object, replace and split."""

    @functions.signature({"types": ["number"]}, {"types": ["number"]})
    def _func_add(self, one: float, other: float) -> float:
        """add(temperature, `-273.15`)"""
        return _small(one) + _small(other)

    @functions.signature({"types": ["number"]}, {"types": ["number"]})
    def _func_multiply(self, one: float, other: float) -> float:
        """multiply(seconds, `1000`)"""
        return _small(one) * _small(other)

    @functions.signature({"types": ["array"]}, {"types": ["array"]})
    def _func_object(self, names: list[str | None], values: list[Any]) -> dict[str, Any]:
        """object(data[].name, data[].value): what comes as pairs, by name; null has its place in either list."""
        if len(names) != len(values):
            raise ValueError(Sentence("refusal.mapping.object_lengths", names=len(names), values=len(values)))
        if any(not isinstance(name, str | None) for name in names):
            raise ValueError(Sentence("refusal.mapping.object_names"))
        return {name: value for name, value in zip(names, values, strict=True) if name is not None}

    @functions.signature({"types": ["string"]}, {"types": ["string"]}, {"types": ["string"]})
    def _func_replace(self, text: str, old: str, new: str) -> str:
        """replace(time, '/', '-')"""
        if not old:
            raise ValueError(Sentence("refusal.mapping.replace_nothing"))
        if len(text) + text.count(old) * len(new) > MAX_TEXT:
            raise TooLarge
        return text.replace(old, new)

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, text: str, separator: str) -> list[str]:
        """split(line, ',')[0]"""
        if not separator:
            raise ValueError(Sentence("refusal.mapping.split_nothing"))
        if text.count(separator) > MAX_TEXT // 64:
            raise TooLarge
        return text.split(separator)

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, texts: list[str]) -> str:
        if len(separator) * len(texts) + sum([len(text) for text in texts]) > MAX_TEXT:
            raise TooLarge
        return separator.join(texts)


def _small(number: float) -> float:
    """Convert large integers to float so that products stay bounded; OverflowError beyond float range."""
    return float(number) if isinstance(number, int) and number.bit_length() > 64 else number


def _signatures() -> dict[str, tuple[int, int]]:
    found = {}
    for name, entry in Functions.FUNCTION_TABLE.items():
        signature = entry["signature"]
        variadic = bool(signature) and bool(signature[-1].get("variadic"))
        found[name] = len(signature), _ANY if variadic else len(signature)
    return found


SIGNATURES: dict[str, tuple[int, int]] = _signatures()
"""By name: how many arguments it takes, at least and at most."""

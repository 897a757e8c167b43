"""Whether a text is Chinese: what is English in it beside names and what it quotes."""

import re

from hub.words.sentence import Sentence

_QUOTED = re.compile(
    r"""“[^”]*”|"[^"]*"|'(?:[^'\\]|\\.)*'|\{[^一-鿿]*\}|\[[^一-鿿]*\]"""
    r"|[\w.<>-]*/[!-~]*|\w+\(\)|[\w.:+-]*[0-9_][\w.:+-]*",
    re.ASCII,
)
"""Quotes, JSON, paths, calls, and what has a digit in it."""
_WORD = re.compile(r"\b[A-Za-z]{2,}\b")
_NAMES = frozenset(
    {"ts", "values", "kind", "state", "level", "attributes", "image", "id", "bn", "bv", "bt", "bver", "vb", "vs", "vd"}
    | {
        "JSON",
        "ISO",
        "UTF",
        "GBK",
        "SenML",
        "UCUM",
        "JPEG",
        "KiB",
        "PUT",
        "NaN",
        "Infinity",
        "null",
        "true",
        "false",
        "udfff",
        "CBOR",
        *("Protocol", "Buffers"),
        *("XML", "DOCTYPE", "GB", "ISAPI", "ONVIF", "MQTT"),
        *("The", "Things", "Stack"),
        *("XML", "SIP"),
    }
)
"""Of fields, formats and values that JSON spells so."""


def english_in(told: str) -> list[str]:
    """English words of a Chinese text that are neither quoted nor names."""
    return [word for word in _WORD.findall(_QUOTED.sub(" ", told)) if word not in _NAMES]


def check_chinese(text: str) -> None:
    """A text of the catalogue whose Chinese is Chinese."""
    assert isinstance(text, Sentence), f"of no key: {text}"
    told = text.told("zh")
    assert re.search("[一-鿿]", told), told
    assert told != text
    assert english_in(told) == [], told

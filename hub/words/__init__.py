"""Texts for people, in English and Chinese: one catalogue for diagnosis, refusals, alerts, sheets and the page.

The JSON files beside this hold `{"key": {"en": "...", "zh": "..."}}`; both languages of a key have the same named
placeholders. A key is written where it is used, so that a search for it finds both.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = ("en", "zh")


@cache
def catalogue() -> Mapping[str, Mapping[Lang, str]]:
    """Every text by key and language; ValueError when two files have the same key."""
    found: dict[str, Mapping[Lang, str]] = {}
    for file in files("hub.words").iterdir():
        if file.name.endswith(".json"):
            texts = json.loads(file.read_text(encoding="utf-8"))
            if twice := found.keys() & texts.keys():
                raise ValueError(f"{file.name}: these keys are in another file too: {', '.join(sorted(twice))}")
            found |= texts
    return found


def text(key: str, lang: Lang, /, **values: object) -> str:
    """The text of a key, its placeholders filled in; KeyError when there is none or a value is missing."""
    return catalogue()[key][lang].format(**values)


def optional(key: str, lang: Lang, /, **values: object) -> str:
    """As `text`; empty for a key that is not in the catalogue."""
    return text(key, lang, **values) if key in catalogue() else ""


def below(*prefixes: str) -> dict[Lang, dict[str, str]]:
    """By language: the texts whose keys begin with a prefix, unfilled, by key."""
    return {lang: {key: both[lang] for key, both in catalogue().items() if key.startswith(prefixes)} for lang in LANGS}


def asked_first(accept_language: str | None) -> Lang | None:
    """The language that an Accept-Language header asks for first; None when it asks for none of ours."""
    wanted: list[tuple[float, Lang]] = []
    for part in (accept_language or "").lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        for lang in LANGS:
            if tag == lang or tag.startswith(f"{lang}-"):
                share = float(quality) if quality.replace(".", "", 1).isdigit() else 1.0
                wanted.append((-share, lang))
    return min(wanted, key=lambda each: each[0])[1] if wanted else None


def preferred(accept_language: str | None) -> Lang:
    """The language that an Accept-Language header asks for first; English when it asks for none of ours."""
    return asked_first(accept_language) or "en"

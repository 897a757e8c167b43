"""The language of an answer: that of the query's `lang`, else what Accept-Language asks for first, else English."""

from typing import Annotated, Any

from fastapi import Depends, Header, Query

from hub.words import Lang, asked_first, preferred
from hub.words.sentence import stored, told


def _spoken(
    lang: Annotated[Lang | None, Query(description="else as Accept-Language says")] = None,
    accept_language: Annotated[str | None, Header(max_length=400)] = None,
) -> Lang:
    return lang or preferred(accept_language)


Spoken = Annotated[Lang, Depends(_spoken)]


def _asked(
    lang: Annotated[Lang | None, Query(description="else as Accept-Language says")] = None,
    accept_language: Annotated[str | None, Header(max_length=400)] = None,
) -> Lang | None:
    return lang or asked_first(accept_language)


Asked = Annotated[Lang | None, Depends(_asked)]
"""Of titles, which are stored in words. None: neither names a language of ours, and they are told as stored."""


def letter_in(lang: Lang, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a dead letter with `detail` in a language; one of an earlier version as it was stored."""
    words = row.pop("detail_words")
    return {**row, "detail": told(stored(row["detail"], words), lang)}


def failure_in(lang: Lang, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a delivery with `last_error` in a language; one of an earlier version as it was stored."""
    error, words = row["last_error"], row.pop("last_error_words")
    return {**row, "last_error": None if error is None else told(stored(error, words), lang)}


def note_in(lang: Lang, row: dict[str, Any]) -> dict[str, Any]:
    """A row of an alert's change with `note` in a language where the hub wrote it; people's notes as they are."""
    note, words = row["note"], row.pop("note_words")
    return {**row, "note": None if note is None else told(stored(note, words), lang)}

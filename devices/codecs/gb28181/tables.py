"""What alarms and states of GB/T 28181 mean: data in codes.json, with its clauses."""

from collections.abc import Mapping
from functools import cache

from devices.codecs.code_table import Meant, shipped
from devices.vocabulary import OTHER, PROMPT

TEXT, CHANNEL = "text.", "channel."
WITH_TEXT = ("5", "7")
"""Methods for which vendors say in words what the standard has no type for."""


@cache
def texts() -> Mapping[str, Meant]:
    """By words in lower case, in the order of the file: what may be danger comes first."""
    states = shipped(__package__).states
    return {code.removeprefix(TEXT).lower(): each for code, each in states.items() if code.startswith(TEXT)}


def channel_state(event: str) -> Meant | None:
    """Of ON, OFF, VLOST, DEFECT, ADD, DEL or UPDATE; None: it is no event."""
    return shipped(__package__).states.get(CHANNEL + event.upper())


def alarm(method: str, type_: str, text: str) -> tuple[Meant | None, str]:
    """What an alarm means, and its code; None: no table knows it.

    A type of the standard counts before words, in which there are names of places; but what has no kind of its own in
    the vocabulary may be told by the words to be danger.
    """
    states, code = shipped(__package__).states, f"{method}.{type_}" if type_ else method
    meant = states.get(code)
    if method in WITH_TEXT and (meant is None or meant.kind == OTHER):
        said = in_words(text)
        if said is not None and (meant is None or said.kind in PROMPT):
            return said, code
    return (meant or (None if method in WITH_TEXT else states.get(method))), code


def in_words(text: str) -> Meant | None:
    """What a description says; None where none of the words is in it."""
    lowered = text.lower()
    return next((meant for words, meant in texts().items() if words in lowered), None)

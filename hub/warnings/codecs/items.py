"""A list of warnings in JSON: one bad item does not keep the others out."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.warnings.message import MAX_ITEMS, Message, Report, WarningRefused
from hub.words.sentence import Sentence

Item = Mapping[str, Any]


def report_of(items: Any, pointer: str, state: bool, message_of: Callable[[Item], Message]) -> Report:
    """Of a JSON array at a pointer; WarningRefused where it is none, or too long."""
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise WarningRefused(Sentence("warning.refused.no_list", pointer=pointer))
    if len(items) > MAX_ITEMS:
        raise WarningRefused(Sentence("warning.refused.items", most=MAX_ITEMS))
    found, bad = dict[str, Message](), list[tuple[str, str]]()
    for number, item in enumerate(items):
        try:
            if not isinstance(item, Mapping):
                raise WarningRefused(Sentence("warning.refused.no_object"))
            message = message_of(item)
        except WarningRefused as error:
            bad.append((f"{pointer}/{number}", error.sentence))
        else:
            known = found.get(message.identifier)
            if known is None or _counts(known) <= _counts(message):
                found[message.identifier] = message
    return Report(messages=tuple(found.values()), refused=tuple(bad), state=state and not bad)


def _counts(message: Message) -> tuple[bool, int, datetime]:
    """Of one warning in a list the greatest counts: a cancel is final."""
    return message.type == "cancel", message.report, message.sent


def part(value: Any, name: str) -> Any:
    """A member of an object; None where there is none, or no object."""
    return value.get(name) if isinstance(value, Mapping) else None

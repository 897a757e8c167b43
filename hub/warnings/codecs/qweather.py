"""QWeather's /weatheralert/v1/current/{lat}/{lon}: what is in force at a place, and what is missing has ended."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.warnings.codecs.items import Item, part, report_of
from hub.warnings.codecs.plain import as_json
from hub.warnings.fields import Remarks, finished, identifier_of, level_of, long_text, sent_of, text_of, time_of
from hub.warnings.kinds import kind_of
from hub.warnings.message import MAX_REFERENCES, Message, MessageType, Report, Texts, WarningRefused
from hub.words.sentence import Sentence

_TYPES: dict[str, MessageType] = {"alert": "alert", "update": "update", "cancel": "cancel"}


def decode(body: bytes, received: datetime) -> Report:
    """WarningRefused for what is no such answer, and for one that says it failed."""
    given = as_json(body, Remarks())
    if (error := part(given, "error")) is not None:
        raise WarningRefused(
            Sentence("warning.refused.failed", code=text_of(part(error, "title") or part(error, "status"), 80))
        )
    return report_of(part(given, "alerts"), "/alerts", True, lambda item: _message(item, received))


def _message(item: Item, received: datetime) -> Message:
    remarks = Remarks()
    stated = text_of(part(item.get("messageType"), "code") or item.get("msgType") or "alert").lower()
    type_ = _TYPES.get(stated)
    if type_ is None:
        raise WarningRefused(Sentence("warning.refused.type", type=stated[:40]))
    event_type = item.get("eventType")
    event = text_of(part(event_type, "name") or item.get("event"))
    code = text_of(part(event_type, "code")) or next(_codes(item.get("eventCodes")), "")
    headline = long_text(item.get("headline"))
    level, level_stated = level_of(part(item.get("color"), "code"), item.get("severity"), headline)
    texts = Texts(
        headline=headline,
        description=long_text(item.get("description")),
        instruction=long_text(item.get("instruction")),
    )
    references = _references(part(item.get("messageType"), "supersedes") or item.get("relatedAlertIds") or ())
    if type_ == "cancel" and not references:
        raise WarningRefused(Sentence("warning.refused.cancels_nothing"))
    message = Message(
        identifier=_identifier(item.get("id")),
        type=type_,
        sent=sent_of(item.get("issuedTime"), received, remarks),
        sender=_office(text_of(item.get("senderName"))),
        kind=kind_of(code, [event, headline]),
        event_code=code,
        event=event,
        level=level,
        level_stated=level_stated,
        onset=time_of(item.get("onsetTime"), remarks),
        effective=time_of(item.get("effectiveTime"), remarks),
        expires=time_of(item.get("expireTime"), remarks),
        texts={} if texts == Texts() else {"zh": texts},
        references=references,
    )
    return finished(message, remarks)


def _identifier(value: Any) -> str:
    """The common one as it is; a number of its own, of digits alone, says whose it is."""
    identifier = identifier_of(value)
    return f"qweather:{identifier}" if identifier.isdigit() else identifier


def _references(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise WarningRefused(Sentence("warning.refused.references_form"))
    if len(given) > MAX_REFERENCES:
        raise WarningRefused(Sentence("warning.refused.references", most=MAX_REFERENCES))
    return tuple(dict.fromkeys(_identifier(each) for each in given))


def _codes(given: Any) -> Iterator[str]:
    for each in given if isinstance(given, list) else ():
        if code := text_of(part(each, "value")):
            yield code


def _office(name: str) -> str:
    """A sender's name when it is an office's, for it may be a person's, which is not kept."""
    return name if name.endswith(("台", "局", "中心", "站", "部", "厅", "委", "办", "所", "府")) else ""

"""CAP 1.2 (OASIS, and the profile of the CMA), and the XML of the national platform (12379), which is CAP without its
namespace, with fields of its own."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.warnings.codecs.markup import Element, tree
from hub.warnings.codecs.plain import as_text
from hub.warnings.fields import (
    Remarks,
    divisions_of,
    finished,
    identifier_of,
    level_of,
    long_text,
    number_of,
    sent_of,
    text_of,
    time_of,
)
from hub.warnings.kinds import kind_of
from hub.warnings.message import (
    MAX_POINTS,
    MAX_REFERENCES,
    MAX_SHAPES,
    Circle,
    Lang,
    Message,
    MessageType,
    Report,
    Status,
    Texts,
    WarningRefused,
)
from hub.words.sentence import Sentence

_STATUS: dict[str, Status] = {
    "actual": "actual", "exercise": "exercise", "test": "test", "system": "test", "draft": "test",
}  # fmt: skip
_TYPES: dict[str, MessageType] = {"alert": "alert", "update": "update", "cancel": "cancel"}
_NO_WARNING = ("ack", "error")
_MAX_KM = 20_040.0
"""Half of the way around the earth."""


def decode(body: bytes, received: datetime) -> Report:
    """One message; WarningRefused when it cannot be used. An acknowledgement holds no warning."""
    remarks = Remarks()
    root = tree(as_text(body, remarks))
    if root.name != "alert":
        raise WarningRefused(Sentence("warning.refused.root", name=text_of(root.name, 40)))
    stated = root.first("msgType").lower()
    if stated in _NO_WARNING:
        return Report()
    type_ = _TYPES.get(stated)
    if type_ is None:
        raise WarningRefused(Sentence("warning.refused.type", type=text_of(stated, 40) or "-"))
    status = _STATUS.get(root.first("status").lower() or "actual")
    if status is None:
        raise WarningRefused(Sentence("warning.refused.status", status=text_of(root.first("status"), 40)))
    infos = _by_language(root)
    info = infos.get("zh") or infos.get("en") or next(iter(infos.values()), Element("info"))
    texts = {lang: _texts(each) for lang, each in infos.items()}
    code, event = _event(info)
    level, level_stated = level_of(*_severities(info))
    headlines = [each.headline for each in texts.values()]
    polygons, circles = _shapes(info)
    message = Message(
        identifier=identifier_of(root.first("identifier")),
        status=status,
        type=type_,
        sent=sent_of(root.first("sent") or root.first("sendTime"), received, remarks),
        sender=text_of(root.first("sender")),
        sender_code=text_of(root.first("senderCode")),
        kind=kind_of(code, [event, *headlines]),
        event_code=code,
        event=event,
        level=level,
        level_stated=level_stated,
        onset=time_of(info.first("onset"), remarks),
        effective=time_of(info.first("effective"), remarks),
        expires=time_of(info.first("expires"), remarks),
        texts={lang: each for lang, each in texts.items() if each != Texts()},
        area=text_of("、".join(dict.fromkeys(filter(None, (a.first("areaDesc") for a in info.all("area")))))),
        divisions=divisions_of(_geocodes(info), remarks),
        polygons=polygons,
        circles=circles,
        references=_references(root.first("references")),
    )
    if type_ == "cancel" and not message.references:
        raise WarningRefused(Sentence("warning.refused.cancels_nothing"))
    return Report(messages=(finished(message, remarks),))


def _by_language(root: Element) -> dict[Lang, Element]:
    """The first info of each language that is kept; one without a language is Chinese here, and so is another's."""
    found: dict[Lang, Element] = {}
    for info in root.all("info"):
        lang: Lang = "en" if info.first("language").lower().startswith("en") else "zh"
        found.setdefault(lang, info)
    return found


def _texts(info: Element) -> Texts:
    return Texts(
        headline=long_text(info.first("headline")),
        description=long_text(info.first("description")),
        instruction=long_text(info.first("instruction")),
    )


def _event(info: Element) -> tuple[str, str]:
    """Code and name; 12379 has the code in eventType, CAP in eventCode, and some in event."""
    code = info.first("eventType") or next((each.first("value") for each in info.all("eventCode")), "")
    event = info.first("event")
    if not code and re.fullmatch(r"[0-9A-Z]{5}", event):
        code, event = event, ""
    return text_of(code), text_of(event)


def _severities(info: Element) -> Iterator[str]:
    """Where a level may stand: a colour among the parameters beats a severity, which beats the headline."""
    for parameter in info.all("parameter"):
        name = parameter.first("valueName").lower()
        if "color" in name or "colour" in name or "awareness_level" in name or "颜色" in name:
            yield parameter.first("value")
    yield info.first("severity")
    yield info.first("headline")


def _geocodes(info: Element) -> Iterator[str]:
    for area in info.all("area"):
        for geocode in area.all("geocode"):
            yield from re.split(r"[,，;\s]+", geocode.first("value") or geocode.text)


def _shapes(info: Element) -> tuple[tuple[tuple[tuple[float, float], ...], ...], tuple[Circle, ...]]:
    polygons, circles, points = list[tuple[tuple[float, float], ...]](), list[Circle](), 0
    for area in info.all("area"):
        for polygon in area.all("polygon"):
            if polygon.text:
                ring = _ring(polygon.text, MAX_POINTS - points)
                points += len(ring)
                polygons.append(ring)
        circles += [_circle(circle.text) for circle in area.all("circle") if circle.text]
        if len(polygons) > MAX_SHAPES or len(circles) > MAX_SHAPES:
            raise WarningRefused(Sentence("warning.refused.shapes", most=MAX_SHAPES))
    return tuple(polygons), tuple(circles)


def _ring(text: str, most: int) -> tuple[tuple[float, float], ...]:
    pairs = text.split(None, most + 1)
    if len(pairs) > most:
        raise WarningRefused(Sentence("warning.refused.points", most=MAX_POINTS))
    ring = tuple(_point(pair) for pair in pairs)
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise WarningRefused(Sentence("warning.refused.ring"))
    return ring


def _point(pair: str) -> tuple[float, float]:
    """(longitude, latitude) of CAP's latitude,longitude."""
    lat, _, lon = pair.partition(",")
    numbers: tuple[Any, Any] = number_of(lon, -180, 180), number_of(lat, -90, 90)
    if None in numbers:
        raise WarningRefused(Sentence("warning.refused.point", point=text_of(pair, 60)))
    return numbers


def _circle(text: str) -> Circle:
    pair, _, radius = text.partition(" ")
    lon, lat = _point(pair)
    km = number_of(radius.strip(), 0, _MAX_KM)
    if km is None:
        raise WarningRefused(Sentence("warning.refused.circle", circle=text_of(text, 60)))
    return Circle(lon=lon, lat=lat, km=km)


def _references(text: str) -> tuple[str, ...]:
    """Identifiers of `sender,identifier,sent` (CAP), or bare ones with spaces or commas between (12379)."""
    found = dict[str, None]()
    for reference in text.split():
        parts = [part for part in reference.split(",") if part]
        is_cap = len(parts) == 3 and ("T" in parts[2] or ":" in parts[2])
        for identifier in parts[1:2] if is_cap else parts:
            found[identifier_of(identifier)] = None
        if len(found) > MAX_REFERENCES:
            raise WarningRefused(Sentence("warning.refused.references", most=MAX_REFERENCES))
    return tuple(found)

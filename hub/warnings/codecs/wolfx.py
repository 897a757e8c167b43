"""Earthquake early warnings as Wolfx passes them on: sc_eew and others in Beijing time, jma_eew in that of Japan.

A third party's copy: never above orange. One event is one warning; a higher report number replaces what was said.
"""

from datetime import datetime, timedelta
from typing import Any

from hub.warnings.codecs.items import Item, part, report_of
from hub.warnings.codecs.plain import as_json
from hub.warnings.fields import (
    BEIJING,
    JAPAN,
    Remarks,
    finished,
    identifier_of,
    number_of,
    text_of,
    time_of,
)
from hub.warnings.message import Circle, Level, Message, Quake, Report, Texts, WarningRefused
from hub.words.sentence import Sentence

FORMS = ("sc_eew", "fj_eew", "cenc_eew", "cwa_eew", "jma_eew")
LASTS = timedelta(minutes=10)
"""From a report on: the waves are over by then."""
_NO_NEWS = ("heartbeat", "pong")
_MAX_REPORT = 10_000


def decode(body: bytes, received: datetime) -> Report:
    """One message, several in an array, or none of a heartbeat; WarningRefused for what is something else."""
    given = as_json(body, Remarks())
    if isinstance(given, list):
        news = [item for item in given if part(item, "type") not in _NO_NEWS]
        return report_of(news, "", False, lambda item: _message(item, received))
    if not isinstance(given, dict):
        raise WarningRefused(Sentence("warning.refused.no_object"))
    if given.get("type") in _NO_NEWS:
        return Report()
    return Report(messages=(_message(given, received),))


def _message(item: Item, received: datetime) -> Message:
    form = text_of(item.get("type"), 40)
    if form not in FORMS:
        raise WarningRefused(Sentence("warning.refused.quake_form", form=form or "-", forms=", ".join(FORMS)))
    remarks = Remarks()
    remarks.add("third_party")
    identifier = f"{form}:{identifier_of(item.get('EventID'))}"
    zone = JAPAN if form == "jma_eew" else BEIJING
    stated = (item.get(name) for name in ("ReportTime", "AnnouncedTime", "OriginTime"))
    told = next((at for each in stated if (at := time_of(each, remarks, zone)) is not None), None)
    if told is None:
        remarks.add("time_assumed")
    sent = told or received
    if sent > received + timedelta(hours=24):
        raise WarningRefused(Sentence("warning.refused.future", time=sent.isoformat()))
    report = number_of(item.get("ReportNum", item.get("Serial")), 0, _MAX_REPORT)
    cancelled = item.get("isCancel") is True
    quake = Quake(
        origin=time_of(item.get("OriginTime"), remarks, zone),
        magnitude=number_of(item.get("Magnitude", item.get("Magunitude")), -2, 11),
        depth_km=number_of(item.get("Depth"), 0, 1000),
        intensity=text_of(item.get("MaxIntensity"), 20) or None,
        lon=number_of(item.get("Longitude"), -180, 180),
        lat=number_of(item.get("Latitude"), -90, 90),
        final=item.get("isFinal") is True,
    )
    place = text_of(item.get("HypoCenter") or item.get("Hypocenter"))
    message = Message(
        identifier=identifier,
        status="exercise" if item.get("isTraining") is True else "actual",
        type="cancel" if cancelled else "alert" if report in (None, 0, 1) else "update",
        sent=sent,
        report=int(report or 0),
        sender=form,
        kind="earthquake",
        event="地震预警",
        level=None if cancelled else _level(quake),
        level_stated="" if quake.magnitude is None else f"M{quake.magnitude:g}",
        onset=quake.origin,
        expires=sent + LASTS,
        texts={} if cancelled and not place else _texts(place, quake),
        area=place,
        circles=_circles(quake),
        quake=None if quake == Quake() else quake,
        references=(identifier,) if cancelled else (),
    )
    return finished(message, remarks, made_up=True)


def _level(quake: Quake) -> Level:
    """By the magnitude; never red, for a third party's word alone sets off no siren."""
    magnitude = quake.magnitude or 0.0
    return "orange" if magnitude >= 6 else "yellow" if magnitude >= 5 else "blue"


def _texts(place: str, quake: Quake) -> dict[Any, Texts]:
    size = "" if quake.magnitude is None else f"{quake.magnitude:g}"
    return {
        "zh": Texts(headline=f"地震预警（第三方转发）：{place}{f' {size} 级' if size else ''}"),
        "en": Texts(headline=f"Earthquake early warning (third party): {place}{f', M {size}' if size else ''}"),
    }


def _circles(quake: Quake) -> tuple[Circle, ...]:
    if quake.lon is None or quake.lat is None:
        return ()
    return (Circle(lon=quake.lon, lat=quake.lat, km=felt_km(quake.magnitude or 5.0)),)


def felt_km(magnitude: float) -> float:
    """How far an intensity of III reaches, by the attenuation that is usual for eastern China; 20 to 1,000 km."""
    return min(max(float(10 ** ((5.019 + 1.446 * magnitude - 3.0) / 4.136)) - 24.0, 20.0), 1000.0)

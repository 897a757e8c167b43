"""The forms of warnings, by name and by content type."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import get_args

from hub.alert_settings import WarningFormat
from hub.warnings.codecs import cap, nmc, qweather, wolfx
from hub.warnings.message import Report, WarningRefused
from hub.words.sentence import Sentence

Format = WarningFormat
FORMATS: tuple[Format, ...] = get_args(Format)


_CODECS: Mapping[Format, Callable[[bytes, datetime], Report]] = {
    "cap": cap.decode,
    "12379": cap.decode,
    "nmc": nmc.decode,
    "qweather": qweather.decode,
    "wolfx": wolfx.decode,
}


def decode(body: bytes, format_: Format, received: datetime) -> Report:
    """What a document holds; WarningRefused, which says what is wrong."""
    return _CODECS[format_](body, received)


def guessed(body: bytes, content_type: str) -> Format:
    """The form where none is named: XML is one, and JSON says what it is by its members."""
    begin = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.startswith(b"<") or ("xml" in content_type and not begin.startswith((b"{", b"["))):
        return "cap" if b"emergency:cap" in begin else "12379"
    if b'"type"' in begin and (b"_eew" in begin or b"heartbeat" in begin):
        return "wolfx"
    if b'"alerts"' in begin or b'"metadata"' in begin:
        return "qweather"
    if b'"data"' in begin:
        return "nmc"
    raise WarningRefused(Sentence("warning.refused.format", formats=", ".join(FORMATS)))

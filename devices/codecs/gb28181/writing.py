"""Writes bodies of MANSCDP: what the hub asks, tells and answers, and what a camera sends. Pure."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from hub.xml import xml_text

CONTENT_TYPE = "Application/MANSCDP+xml"
GB2312 = "GB2312"
"""Of a camera of 2016: it takes no other declaration; what is not in it is written as GB18030, which contains it."""

Fields = Mapping[str, "str | int | Fields"]


def body(kind: str, command: str, number: int | str, device: str, fields: Fields | None = None) -> bytes:
    """A body: `<kind><CmdType/><SN/><DeviceID/>` and further elements, which may hold others."""
    return document(kind, {"CmdType": command, "SN": number, "DeviceID": device, **(fields or {})})


def document(kind: str, fields: Fields, rest: bytes = b"", charset: str = GB2312) -> bytes:
    """A body with its elements, and behind them what is written already."""
    head = f'<?xml version="1.0" encoding="{charset}"?>\r\n<{kind}>\r\n'.encode()
    return head + elements(fields) + rest + f"</{kind}>\r\n".encode()


def elements(fields: Fields) -> bytes:
    """Elements as GB18030."""
    return _elements(fields).encode("gb18030", "replace")


def query(command: str, number: int, device: str) -> bytes:
    """Catalog, DeviceInfo or DeviceStatus."""
    return body("Query", command, number, device)


def control(number: int, device: str, order: Fields) -> bytes:
    """A DeviceControl, such as {"GuardCmd": "SetGuard"} or {"AlarmCmd": "ResetAlarm"}."""
    return body("Control", "DeviceControl", number, device, order)


def subscription(command: str, number: int, device: str) -> bytes:
    """Of Alarm: all priorities and methods, from now on; of Catalog."""
    alarm = {"StartAlarmPriority": "0", "EndAlarmPriority": "0", "AlarmMethod": "0"}
    return body("Query", command, number, device, alarm if command == "Alarm" else None)


def confirmation(number: str, device: str, result: str = "OK") -> bytes:
    """The answer to an alarm, once it is stored."""
    return body("Response", "Alarm", number, device, {"Result": result})


def _elements(fields: Fields) -> str:
    told = []
    for name, value in fields.items():
        inner = f"\r\n{_elements(value)}" if isinstance(value, Mapping) else escape(xml_text(value))
        told.append(f"<{name}>{inner}</{name}>\r\n")
    return "".join(told)

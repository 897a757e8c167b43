"""Captures of what a station sends: a file of JSON lines, and what each piece in it is. Pure.

The first line is `{"ganzhi": "capture", "version": 1, ...}`; each other one is a piece: `{"at": seconds, "conn": n,
"from": "station" | "server", "hex": ..., "is": ...}`, or `{"at", "conn", "event": "open" | "close"}`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Literal, NamedTuple

from devices.codecs.crc16 import crc16
from devices.codecs.modbus.answers import rtu_data, tcp_data
from devices.codecs.modbus.registers import COILS, REGISTERS
from devices.codecs.modbus.requests import EXCEPTION
from devices.diagnosis.frame_check import Report, check
from devices.diagnosis.frame_forms import FRAMES
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

Side = Literal["station", "server"]
HEAD = {"ganzhi": "capture", "version": 1}
LONGEST_LINE = 1 << 20
_SURE = 8
"""Likeness from which on a form is taken for certain: it begins with the bytes of its protocol."""
_READS, _WRITES = (*COILS, *REGISTERS), (5, 6, 16)


class CaptureError(Exception):
    """The file is no capture"""


@dataclass(slots=True, frozen=True)
class Piece:
    """What one side sent at one time, or that a connection opened or closed."""

    at: float
    """Seconds since the beginning."""
    connection: int
    side: Side | None = None
    octets: bytes = b""
    event: Literal["open", "close"] | None = None


def line_of(piece: Piece, named: Iterable[str] = ()) -> str:
    """A piece as a line of a file, without its end."""
    told: dict[str, object] = {"at": round(piece.at, 4), "conn": piece.connection}
    if piece.event is not None:
        return json.dumps({**told, "event": piece.event})
    return json.dumps(
        {**told, "from": piece.side, "hex": piece.octets.hex(), "is": "; ".join(named)}, ensure_ascii=False
    )


def is_capture(text: bytes) -> bool:
    """Whether these bytes begin as a capture does."""
    return text[:400].lstrip(b"\xef\xbb\xbf \n").startswith(b'{"ganzhi": "capture"')


def pieces(lines: Iterable[str]) -> Iterator[Piece]:
    """The pieces of a file, line by line; CaptureError names the line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            if number == 1 and told.get("ganzhi") == "capture":
                continue
            octets, event = bytes.fromhex(told.get("hex", "")), told.get("event")
            side, at, connection = told.get("from"), float(told["at"]), int(told["conn"])
            if event not in (None, "open", "close") or (event is None and side not in ("station", "server")):
                raise ValueError("neither a piece nor the beginning or end of a connection")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CaptureError(f"line {number}: {error}") from error
        yield Piece(at, connection, side, octets, event)


class _Asked(NamedTuple):
    slave: int
    function: int
    size: int


class Namer:
    """Says of each piece of one connection what it is; it remembers what was asked, and what came again and again."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._seen: dict[bytes, int] = {}
        self._asked: _Asked | None = None

    def name(self, side: Side, octets: bytes, now: Micros) -> list[str]:
        """What a piece is, in sentences of the catalogue; never empty."""
        times = self._seen[octets] = self._seen.get(octets, 0) + 1
        if len(self._seen) > 1_000:
            self._seen.clear()
        return self._named(side, octets, now, times)

    def _named(self, side: Side, octets: bytes, now: Micros, times: int) -> list[str]:
        modbus = self._modbus(side, octets)
        if modbus is not None:
            return [modbus]
        text = octets.decode("ascii").strip() if octets.isascii() else ""
        if side == "station" and (text.isdigit() or text[:-1].isdigit()) and len(text) in (15, 20):
            key = "capture.imei" if len(text) == 15 else "capture.iccid"
            return [Sentence("capture.again", times=times, what=_told(key, text))] if times > 1 else [_told(key, text)]
        form = max(FRAMES, key=lambda name: FRAMES[name].likeness(octets, None))
        if FRAMES[form].likeness(octets, None) >= _SURE:
            return _of_report(check(octets, form, now, self._zone))
        if text and text.isprintable() and len(octets) <= 512:
            if times > 1:
                return [Sentence("capture.again", times=times, what=_told("capture.text", text))]
            return [_told("capture.text", text)]
        return [Sentence("capture.unknown", bytes=len(octets))]

    def _modbus(self, side: Side, octets: bytes) -> str | None:
        """What it is in Modbus; None when no length and checksum of it fits."""
        for tcp in (False, True):
            body = _body(octets, tcp)
            if body is None:
                continue
            if side == "server" and len(body) >= 6 and body[1] in (*_READS, *_WRITES):
                return self._request(body, tcp)
            try:
                function, data = (tcp_data if tcp else rtu_data)(octets)
            except DecodeError:
                if side == "station" and body[1] in _WRITES and len(body) == 6:
                    return Sentence("capture.modbus.wrote", slave=body[0], at=int.from_bytes(body[2:4], "big"))
                continue
            return self._answer(body[0], function, data)
        return None

    def _request(self, body: bytes, tcp: bool) -> str:
        slave, function, at, number = (
            body[0],
            body[1],
            int.from_bytes(body[2:4], "big"),
            int.from_bytes(body[4:6], "big"),
        )
        if function in _WRITES:
            self._asked = None
            return Sentence("capture.modbus.writes", slave=slave, function=function, at=at)
        self._asked = _Asked(slave, function, (number + 7) // 8 if function in COILS else 2 * number)
        form = "modbus-tcp" if tcp else "modbus-rtu"
        values = {"form": form, "slave": slave, "function": function, "first": at, "last": at + number - 1}
        return Sentence("capture.modbus.asks", **values)

    def _answer(self, slave: int, function: int, data: bytes) -> str:
        asked, self._asked = self._asked, None
        if function & EXCEPTION:
            return Sentence("capture.modbus.refuses", slave=slave, function=function & ~EXCEPTION, code=data[0])
        told = Sentence("capture.modbus.answers", slave=slave, function=function, bytes=len(data), data=_hex(data))
        if asked is not None and (slave, function, len(data)) != asked:
            return Sentence("capture.modbus.unasked", what=told)
        return told


def _body(octets: bytes, tcp: bool) -> bytes | None:
    """Slave, function and what follows, where length or checksum fits."""
    if tcp:
        right = len(octets) > 8 and octets[2:4] == b"\0\0" and int.from_bytes(octets[4:6], "big") == len(octets) - 6
        return octets[6:] if right else None
    right = 5 <= len(octets) <= 260 and crc16(octets[:-2]).to_bytes(2, "little") == octets[-2:]
    return octets[:-2] if right else None


def _of_report(report: Report) -> list[str]:
    """What a frame of a protocol with a mark of its own holds, or what is wrong with it."""
    if report.flaws:
        flaw = report.flaws[0]
        place = flaw.at if isinstance(flaw.at, int) else 0
        return [Sentence("capture.flaw", form=report.form, at=place, problem=flaw.detail)]
    metrics = ", ".join(dict.fromkeys(each.metric for each in report.readings))[:200] or "-"
    kinds = ", ".join(dict.fromkeys(event.kind for event in report.events))[:200] or "-"
    return [Sentence("capture.frame", form=report.form, metrics=metrics, events=kinds)]


def _told(key: str, text: str) -> str:
    values = {"text": repr(text[:80])}
    match key:
        case "capture.imei":
            return Sentence("capture.imei", **values)
        case "capture.iccid":
            return Sentence("capture.iccid", **values)
        case _:
            return Sentence("capture.text", **values)


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()[:60]

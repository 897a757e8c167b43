"""SL 651 as a dialect: stations of hydrology (devices/codecs/sl651). Pure.

What was stored is confirmed with the centre's time: by EOT, after which the station may hang up, or by ESC where more
is to follow. What is wrong is not answered, as the standard has it: the station sends it twice again.
"""

from zoneinfo import ZoneInfo

from devices.codecs.crc16 import crc16
from devices.codecs.sl651.packet import ETB, ETX, HEAD, LONGEST, STX, SYN, checked, confirmation, read
from hub.errors import DecodeError
from hub.models import DeadLetter, Micros, from_micros
from ingest.session.dialect import NOT_TAKEN, Cut, Frame

BEIJING = ZoneInfo("Asia/Shanghai")
"""Of the time that a confirmation tells: stations have no other zone."""
_LENGTH_AT, _START_AT, _BODY_AT, _AFTER = 11, 13, 14, 3
_LENGTH, _NUMBERS = 0x0FFF, 3
_ASKED = range(0x37, 0x52)
"""Functions that a centre begins: what a station sends by them is an answer."""


class Sl651:
    """See Dialect."""

    name = "sl651"
    longest = _BODY_AT + _NUMBERS + _LENGTH + _AFTER

    def frames(self, buffer: bytes) -> Cut:
        """By the length; where no end of a text is there, up to the next 7E 7E."""
        found: list[bytes] = []
        at = skipped = 0
        while True:
            begin = buffer.find(HEAD, at)
            if begin < 0:
                keep = int(buffer.endswith(HEAD[:1]) and len(buffer) > at)
                return Cut(found, buffer[len(buffer) - keep :], skipped + len(buffer) - keep - at)
            skipped += begin - at
            end = _end(buffer, begin)
            if end is None:
                return Cut(found, buffer[begin:], skipped)
            found.append(buffer[begin:end])
            at = end

    def read(self, octets: bytes) -> Frame:
        """Station, password and, of an answer, its function."""
        checked(octets)
        answers = f"{octets[10]:02X}" if octets[10] in _ASKED else ""
        return Frame(octets, octets[3:8].hex().upper(), octets[8:10].hex().upper(), answers)

    def joined(self, parts: dict[str, list[bytes]], frame: Frame) -> bytes | None:
        """All packets of a message (M3); where one is missing those that came, so that a letter tells it."""
        octets = frame.octets
        _, total, number = checked(octets)
        key = f"{frame.station}:{octets[10]:02X}"
        before = parts.pop(key, [])
        if total <= 1 or number == 1:
            before = []
        elif number == len(before) and before[-1] == octets:  # sent again
            parts[key] = before
            return None
        packets = [*before, octets]
        if total <= 1 or number == total or number != len(packets) or sum(map(len, packets)) > LONGEST:
            return b"".join(packets)
        parts.clear()
        parts[key] = packets
        return None

    def reply(self, payload: bytes, letter: DeadLetter | None, now: Micros) -> bytes | None:
        """M2. Of several packets the last is confirmed as one alone is."""
        if letter is not None and letter.reason in NOT_TAKEN:
            return None
        try:
            message = read(payload)._replace(packets=1)
        except DecodeError:
            return None
        return confirmation(message, bytes.fromhex(from_micros(now).astimezone(BEIJING).strftime("%y%m%d%H%M%S")))


def _end(buffer: bytes, begin: int) -> int | None:
    """Where the packet ends that begins there; None while it is not whole."""
    if len(buffer) < begin + _BODY_AT + _AFTER:
        return None
    length = int.from_bytes(buffer[begin + _LENGTH_AT : begin + _LENGTH_AT + 2], "big") & _LENGTH
    start = buffer[begin + _START_AT]
    if start in (STX, SYN):
        ends = [begin + _BODY_AT + length + more + _AFTER for more in ((0, _NUMBERS) if start == SYN else (0,))]
        for end in ends:
            if len(buffer) >= end and _is_good(buffer[begin:end]):
                return end
        if len(buffer) < ends[-1]:
            return None
        if buffer[ends[0] - _AFTER] in (ETX, ETB):
            return ends[0]
    following = buffer.find(HEAD, begin + len(HEAD))
    return following if following >= 0 else len(buffer)


def _is_good(packet: bytes) -> bool:
    return packet[-_AFTER] in (ETX, ETB) and crc16(packet[:-2]) == int.from_bytes(packet[-2:], "big")

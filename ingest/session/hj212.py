"""HJ 212 as a dialect: stations of environmental monitoring (devices/codecs/hj212). Pure.

What was stored is answered by 9014 (a heartbeat by 9013). What was not taken is answered by 9011 with QnRtn, which no
station takes for a confirmation; after a wrong checksum it is not answered at all, as the standard has it.
"""

from devices.codecs.hj212.crc import LONGEST
from devices.codecs.hj212.frame import AFTER, BEFORE, END, HEAD, Message, read
from devices.codecs.hj212.order import style
from devices.codecs.hj212.reply import refusal, reply
from hub.errors import DecodeError
from hub.models import DeadLetter, Micros
from ingest.session.dialect import NOT_TAKEN, Cut, Frame

_RETURNS = {"wrong_password": 3, "unknown_device": 4, "inactive_device": 2, "bad_type": 5}
"""QnRtn by reason."""
_ANSWERS = ("9011", "9012")
_PARTS, _PART_BYTES = 64, 64 << 10
"""Packets of a message, and bytes of those of a connection, that are kept for those that follow."""
_LINE = b"\r\n"
"""Between packets, also where the station writes none, or the network brings it later."""


class Hj212:
    """See Dialect."""

    name = "hj212"
    longest = BEFORE + LONGEST + AFTER + 2

    def frames(self, buffer: bytes) -> Cut:
        """By the length; one that does not lead to the end of a segment ends before the next line or frame."""
        found: list[bytes] = []
        at = skipped = 0
        while True:
            begin = buffer.find(HEAD, at)
            if begin < 0:
                keep = int(buffer.endswith(b"#") and len(buffer) > at)
                rest = buffer[len(buffer) - keep :]
                return Cut(found, rest, skipped + len(buffer[at : len(buffer) - keep].strip(b"\r\n")))
            skipped += len(buffer[at:begin].strip(b"\r\n"))
            end = _end(buffer, begin)
            if end is None:
                return Cut(found, buffer[begin:], skipped)
            found.append(buffer[begin:end])
            at = end

    def read(self, octets: bytes) -> Frame:
        """MN and PW; QN of an answer; system and edition."""
        message = read(octets)
        fields = message.fields
        answers = fields.get("QN", "") if fields.get("CN") in _ANSWERS else ""
        return Frame(octets, fields.get("MN", ""), fields.get("PW"), answers, style(fields))

    def joined(self, parts: dict[str, list[bytes]], frame: Frame) -> bytes | None:
        """Each packet of a divided message is a message; one that lacks the time has those before it with it."""
        message = read(frame.octets)
        if "PNUM" not in message.fields:
            return frame.octets
        key = f"{frame.station};{message.fields.get('QN')};{message.fields.get('CN')}"
        before = parts.get(key, [])
        if message.fields.get("PNO") in ("1", None) or len(before) >= _PARTS:
            before = []
        _keep(parts, frame.station, key, [*before, frame.octets.rstrip(_LINE) + _LINE])
        if b"DataTime=" in message.data or not before:
            return frame.octets
        return b"".join([*before, frame.octets])

    def reply(self, payload: bytes, letter: DeadLetter | None, now: Micros) -> bytes | None:
        """9014 or 9013 once it is stored, 9011 where it is not; of several packets it is that of the last."""
        try:
            message = read(_last(payload))
        except DecodeError:
            return None
        if letter is None or letter.reason not in NOT_TAKEN:
            return reply(message)
        return self._refused(message, letter.reason)

    def _refused(self, message: Message, reason: str) -> bytes | None:
        return refusal(message, _RETURNS[reason]) if reason in _RETURNS else None


def _keep(parts: dict[str, list[bytes]], station: str, key: str, packets: list[bytes]) -> None:
    """Keep the packets of a message, instead of those of its station's last one; of all messages the newest."""
    for other in [each for each in parts if each.startswith(f"{station};")]:
        del parts[other]
    parts[key] = packets
    size = sum(len(packet) for message in parts.values() for packet in message)
    while size > _PART_BYTES:
        size -= sum(map(len, parts.pop(next(iter(parts)))))


def _last(payload: bytes) -> bytes:
    """The last of several packets."""
    begin = payload.rfind(b"\n" + HEAD)
    return payload[begin + 1 :] if begin >= 0 else payload


def _end(buffer: bytes, begin: int) -> int | None:
    """Where the frame ends that begins there; None while it is not whole."""
    digits = buffer[begin + 2 : begin + BEFORE]
    if len(digits) == 4 and digits.isdigit():
        end = begin + BEFORE + int(digits) + AFTER
        if buffer[end - AFTER - len(END) : end - AFTER] == END and len(buffer) >= end:
            line = buffer[end : end + 2]
            return end + (2 if line == b"\r\n" else int(line[:1] in (b"\r", b"\n")))
    elif len(digits) < 4 and (not digits or digits.isdigit()):
        return None
    following = [place for place in (buffer.find(b"\n", begin) + 1, buffer.find(HEAD, begin + 2)) if place > 0]
    return min(following) if following else None

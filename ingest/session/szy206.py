"""SZY 206 as a dialect: stations of water resources (devices/codecs/szy206). Pure."""

from devices.codecs.szy206 import MARK, TAIL, checked, reply
from hub.errors import DecodeError
from hub.models import DeadLetter, Micros
from ingest.session.dialect import NOT_TAKEN, Cut, Frame

_BEFORE, _AFTER = 3, 2
_LEAST = 7


class Szy206:
    """See Dialect."""

    name = "szy206"
    longest = _BEFORE + 255 + _AFTER

    def frames(self, buffer: bytes) -> Cut:
        """By the length between two 68; what has no second one, or no 16 at its end, is none."""
        found: list[bytes] = []
        at = skipped = 0
        while True:
            begin = buffer.find(MARK, at)
            if begin < 0:
                return Cut(found, b"", skipped + len(buffer) - at)
            skipped += begin - at
            if len(buffer) < begin + _BEFORE:
                return Cut(found, buffer[begin:], skipped)
            end = begin + _BEFORE + buffer[begin + 1] + _AFTER
            if buffer[begin + 2 : begin + 3] != MARK or buffer[begin + 1] < _LEAST:
                at = begin + 1
                skipped += 1
            elif len(buffer) < end:
                return Cut(found, buffer[begin:], skipped)
            else:
                if buffer[end - 1 : end] != TAIL:
                    following = buffer.find(MARK, begin + _BEFORE)
                    end = following if following >= 0 else end
                found.append(buffer[begin:end])
                at = end

    def read(self, octets: bytes) -> Frame:
        """Division and terminal are the station; its function, of an answer."""
        checked(octets)
        return Frame(octets, octets[4:9].hex().upper())

    def joined(self, parts: dict[str, list[bytes]], frame: Frame) -> bytes | None:
        """Each frame is a message."""
        return frame.octets

    def reply(self, payload: bytes, letter: DeadLetter | None, now: Micros) -> bytes | None:
        """The confirmation of a report, and of a link; nothing for what was not taken."""
        if letter is not None and letter.reason in NOT_TAKEN:
            return None
        try:
            return reply(payload)
        except DecodeError:
            return None

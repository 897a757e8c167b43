"""GB/T 26875.3 as a dialect: user transmission devices of fire alarm systems (devices/codecs/gb26875). Pure.

What was stored is confirmed (3), what was not taken is denied (6), also where only its checksum is wrong: the sender
waits 10 s for either and sends again, three times.
"""

from devices.codecs.gb26875.frame import ANSWER, BEFORE, CONFIRM, DENY, HEAD, LONGEST, TAIL, denial, read, reply
from hub.errors import DecodeError
from hub.models import DeadLetter, Micros
from ingest.session.dialect import NOT_TAKEN, Cut, Frame

_AFTER = 3
_LENGTH_AT = 24


class Gb26875:
    """See Dialect."""

    name = "gb26875"
    longest = BEFORE + LONGEST + _AFTER

    def frames(self, buffer: bytes) -> Cut:
        """By the length; where 23 23 is not there, up to the next 40 40."""
        found: list[bytes] = []
        at = skipped = 0
        while True:
            begin = buffer.find(HEAD, at)
            if begin < 0:
                keep = int(buffer.endswith(HEAD[:1]) and len(buffer) > at)
                return Cut(found, buffer[len(buffer) - keep :], skipped + len(buffer) - keep - at)
            skipped += begin - at
            if len(buffer) < begin + BEFORE + _AFTER:
                return Cut(found, buffer[begin:], skipped)
            length = int.from_bytes(buffer[begin + _LENGTH_AT : begin + _LENGTH_AT + 2], "little")
            end = begin + BEFORE + length + _AFTER
            if length <= LONGEST and len(buffer) < end:
                return Cut(found, buffer[begin:], skipped)
            if length > LONGEST or buffer[end - 2 : end] != TAIL:
                following = buffer.find(HEAD, begin + len(HEAD))
                end = following if following >= 0 else min(end, len(buffer))
            found.append(buffer[begin:end])
            at = end

    def read(self, octets: bytes) -> Frame:
        """The address of the sender; the serial number of an answer."""
        message = read(octets)
        is_answer = message.command in (CONFIRM, ANSWER, DENY)
        return Frame(octets, message.station or "", None, str(message.serial) if is_answer else "")

    def joined(self, parts: dict[str, list[bytes]], frame: Frame) -> bytes | None:
        """Each frame is a message."""
        return frame.octets

    def reply(self, payload: bytes, letter: DeadLetter | None, now: Micros) -> bytes | None:
        """Confirmation or denial."""
        if letter is not None and letter.reason in NOT_TAKEN:
            return denial(payload)
        try:
            return reply(payload)
        except DecodeError:
            return None

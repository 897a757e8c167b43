"""Requests to slaves on a line, and the answers that fit them: Modbus RTU, Modbus TCP, CJ/T 188. Pure."""

from dataclasses import dataclass
from typing import Literal

from devices.codecs.cjt188 import HEAD, TAIL
from devices.codecs.crc16 import crc16
from devices.codecs.modbus.registers import COILS

Framing = Literal["modbus-rtu", "modbus-tcp", "cjt188"]
EXCEPTION = 0x80
MAX_REGISTERS, MAX_COILS = 125, 2_000
"""That one request reads at most (Modbus Application Protocol V1.1b3, 6.1 and 6.3)."""
_MBAP, _CRC, _ERROR = 7, 2, 2
_METER_READ, _METER_WRITE, _METER_REFUSES = 0x01, 0x04, 0xC0
_CURRENT = b"\x90\x1f"
"""The identifier of the current data, as most meters take it."""
_CURRENT_LENGTH, _REFUSAL_LENGTH = 22, 3


@dataclass(slots=True, frozen=True)
class Request:
    """A request as it is sent, and what its answer must look like."""

    octets: bytes
    framing: Framing
    head: bytes
    """What the answer of Modbus begins with, without its length: slave and function; of a meter its address and SER."""
    sizes: tuple[int, ...]
    """Lengths that the answer may have."""
    starts: tuple[bytes, ...]
    """What it begins with then, as far as it is known: where it may stand in a stream is found by that."""
    data: bytes | None = None
    """What stands behind slave and function in the answer: a byte count, or all of a write, which is echoed."""

    def fits(self, frame: bytes) -> bool:
        """Whether these bytes are the answer: slave, function, length and checksum are right, also of an exception."""
        if self.framing == "cjt188":
            return self._fits_meter(frame)
        if self.framing == "modbus-tcp":
            header = self.octets[:4] + (len(frame) - 6).to_bytes(2, "big")
            return frame.startswith(header) and self._fits_body(frame[6:])
        body, told = frame[:-_CRC], frame[-_CRC:]
        return self._fits_body(body) and crc16(body).to_bytes(2, "little") == told

    def _fits_body(self, body: bytes) -> bool:
        if body[:1] != self.head[:1]:
            return False
        if body[1] == self.head[1] | EXCEPTION:
            return len(body) == _ERROR + 1
        return body[1] == self.head[1] and len(body) > _ERROR + 1 and body.startswith(self.data or b"", _ERROR)

    def _fits_meter(self, frame: bytes) -> bool:
        if frame[:1] != HEAD or frame[-1:] != TAIL or frame[2:9] != self.head[:7]:
            return False
        control = self.octets[9] | EXCEPTION
        right = frame[9] == control or frame[9] == control | _METER_REFUSES
        return right and frame[10] + 13 == len(frame) and sum(frame[:-2]) & 0xFF == frame[-2]

    def may_be_taken_for(self, other: "Request") -> bool:
        """Whether the answer of this one would fit the other, too, though they ask for something else."""
        same = self.framing == other.framing == "modbus-rtu" and self.head == other.head and self.data == other.data
        return same and self.octets != other.octets


def read(framing: Framing, slave: int, function: int, address: int, count: int, transaction: int = 0) -> Request:
    """Ask a slave for registers or coils from an address on, which counts from 0."""
    body = bytes((slave, function)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
    size = (count + 7) // 8 if function in COILS else 2 * count
    return _request(framing, body, 3 + size, bytes((size,)), transaction)


def write(framing: Framing, slave: int, function: int, address: int, data: bytes, transaction: int = 0) -> Request:
    """Write a coil (5, data FF00 or 0000), a register (6) or several (16)."""
    body = bytes((slave, function)) + address.to_bytes(2, "big")
    if function == 16:
        body += (len(data) // 2).to_bytes(2, "big")
        echoed = body[2:]
        body += bytes((len(data),)) + data
    else:
        body += data
        echoed = body[2:]
    return _request(framing, body, 2 + len(echoed), echoed, transaction)


def _request(framing: Framing, body: bytes, size: int, data: bytes, transaction: int) -> Request:
    """`size`: bytes of the answer from the slave's address on, without a checksum."""
    sizes = size, _ERROR + 1
    starts = body[:2] + data, bytes((body[0], body[1] | EXCEPTION))
    if framing == "modbus-tcp":
        octets = (transaction & 0xFFFF).to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(2, "big") + body
        lengths = tuple(_MBAP - 1 + each for each in sizes)
        return Request(octets, framing, body[:2], lengths, (octets[:4],) * 2, data)
    octets = body + crc16(body).to_bytes(2, "little")
    return Request(octets, framing, body[:2], tuple(each + _CRC for each in sizes), starts, data)


def read_meter(address: str, serial: int = 0, kind: int = 0x10) -> Request:
    """Ask a meter for its current data; `address` has 14 digits, the upper ones first."""
    told = bytes.fromhex(address)[::-1]
    body = HEAD + bytes((kind,)) + told + bytes((_METER_READ, 3)) + _CURRENT + bytes((serial & 0xFF,))
    octets = body + bytes((sum(body) & 0xFF,)) + TAIL
    return Request(octets, "cjt188", told, (13 + _CURRENT_LENGTH, 13 + _REFUSAL_LENGTH), (HEAD, HEAD))


def exception_of(request: Request, answer: bytes) -> int | None:
    """The code of the exception that an answer is; None of any other. 0 of a meter, which gives none."""
    if request.framing == "cjt188":
        return 0 if answer[9] & 0x40 else None
    at = _MBAP if request.framing == "modbus-tcp" else 1
    return answer[at + 1] if answer[at] & EXCEPTION else None

"""Frames of stations that dial in, by protocol: any number of different ones, and what each is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devices.codecs.crc16 import crc16
from devices.codecs.hj212.frame import written
from devices.codecs.szy206 import crc
from ingest.session.dialect import Dialect
from ingest.session.gb26875 import Gb26875
from ingest.session.hj212 import Hj212
from ingest.session.sl651 import Sl651
from ingest.session.szy206 import Szy206

MN = "010000A8900016F000169DC0"


@dataclass(frozen=True)
class StationFrames:
    """Frames of one protocol."""

    dialect: Dialect
    station: str
    frame: Callable[[int], bytes]
    """A report, another for each number up to 99."""
    answer: Callable[[int], bytes]
    """How the answer to it begins."""
    length: int
    """Bytes of an answer."""
    on_bad_sum: bool = False
    """Whether a frame with a wrong checksum is answered."""

    def bad(self, number: int) -> bytes:
        """A frame in which a byte of the content is another."""
        good = self.frame(number)
        at = len(good) - 12
        return good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]


def hj212(number: int, mn: str = MN, password: str = "123456", extra: str = "") -> bytes:  # noqa: S107 of the standard
    """Real-time data of a station (2011), of which a reply is wanted."""
    data = f"DataTime=202607010830{number % 60:02d};w01018-Rtd={number}.5,w01018-Flag=N{extra}"
    head = f"QN=202607010830{number % 60:02d}{number:03d};ST=32;CN=2011;PW={password};MN={mn};Flag=5"
    return written(f"{head};CP=&&{data}&&".encode())


def hj212_answer(number: int, mn: str = MN, password: str = "123456", command: str = "9014", data: str = "") -> bytes:  # noqa: S107
    """What such a frame is answered."""
    head = f"QN=202607010830{number % 60:02d}{number:03d};ST=91;CN={command};PW={password};MN={mn};Flag=4"
    return written(f"{head};CP=&&{data}&&".encode())


def hj212_control(qn: str, command: str, data: str, password: str = "123456") -> bytes:  # noqa: S107
    """What a station answers to a command: 9011 or 9012."""
    return written(f"QN={qn};ST=91;CN={command};PW={password};MN={MN};Flag=4;CP=&&{data}&&".encode())


_FIRE = bytes.fromhex(
    "404000000101180d11160a140000000000000605040302013000020201010300d90006000200a3c1c7f8a3b1b2e3dfc8b2b8d7dfc0c8"
    "000000000000000000000000000000301213010814"
)
_TO, _FROM = _FIRE[12:18], _FIRE[18:24]


def gb26875(number: int, station: bytes = b"\x01\x02\x03\x04\x05\x06") -> bytes:
    """A component that tells of a fire, by a station of this address, lower byte first."""
    told = _FIRE[:2] + number.to_bytes(2, "little") + _FIRE[4:12] + station + _FROM + _FIRE[24:]
    return told + bytes([sum(told[2:]) & 0xFF]) + b"##"


def gb26875_answer(number: int, command: int = 3) -> bytes:
    """Confirmation or denial."""
    told = _FIRE[:2] + number.to_bytes(2, "little") + _FIRE[4:12] + _FROM + b"\x01\x02\x03\x04\x05\x06" + b"\0\0"
    told += bytes([command])
    return told + bytes([sum(told[2:]) & 0xFF]) + b"##"


def sl651(number: int) -> bytes:
    """A timed report of rain and level."""
    head = f"{number:04X}170718110016F1F1001122334448F0F01707181100"
    body = bytes.fromhex(f"{head}2019000040261900004039230000{number:02d}4938121099")
    told = bytes.fromhex("7E7E05001122334403E832") + len(body).to_bytes(2, "big") + b"\x02" + body + b"\x03"
    return told + crc16(told).to_bytes(2, "big")


def szy206(number: int) -> bytes:
    """A report of flow."""
    told = bytes.fromhex(f"B35303810D00C0{number % 100:02d}59000000826110000001106000004508090A")
    return b"\x68" + bytes([len(told)]) + b"\x68" + told + bytes([crc(told)]) + b"\x16"


_CONFIRMED = bytes.fromhex("680868335303810D00C0003E16")
FRAMES: Mapping[str, StationFrames] = {
    "hj212": StationFrames(Hj212(), MN, hj212, hj212_answer, len(hj212_answer(0))),
    "gb26875": StationFrames(Gb26875(), "060504030201", gb26875, gb26875_answer, 30, on_bad_sum=True),
    "sl651": StationFrames(
        Sl651(), "0011223344", sl651, lambda number: bytes.fromhex(f"7E7E00112233440503E832800802{number:04X}"), 25
    ),
    "szy206": StationFrames(Szy206(), "5303810D00", szy206, lambda number: _CONFIRMED, len(_CONFIRMED)),
}

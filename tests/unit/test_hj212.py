"""HJ 212: its checksum against the standard's own procedure, and what a station is answered."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.decoded import Decoded
from devices.codecs.hj212.crc import crc
from devices.codecs.hj212.frame import read, written
from devices.codecs.hj212.plain import Plans
from devices.codecs.hj212.readings import decode
from devices.codecs.hj212.reply import reply
from hub.errors import DecodeError
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_hj212 import INTERVAL, MN, WATER, frame
from tests.support.fuzz_structure import inputs


def _by_the_standard(segment: bytes) -> int:
    """HJ 212-2017, appendix A, step by step."""
    register = 0xFFFF
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


@given(
    st.binary(min_size=1, max_size=300)
    | st.integers(300, 9_999).map(lambda size: bytes(n * size % 251 for n in range(size)))
)
def test_the_checksum_is_that_of_the_standard(segment: bytes) -> None:
    assert crc(segment) == _by_the_standard(segment)


def test_the_checksums_of_known_frames() -> None:
    assert crc(INTERVAL[6:-6]) == 0x1C80
    assert crc(WATER[6:-6]) == 0x4680
    assert written(WATER[6:-6]) == WATER


@pytest.mark.parametrize(
    ("command", "flag", "answer"),
    [
        ("2011", "5", "9014"), ("2061", "5", "9014"), ("3020", "7", "9014"), ("9015", "9", "9013"),
        ("2011", "4", None), ("2011", "", None), ("2011", "x", None), ("2011", "99999", None), ("9014", "5", None),
    ],
)  # fmt: skip
def test_who_wants_a_reply_gets_it(command: str, flag: str, answer: str | None) -> None:
    head = f"QN=20160801085857223;ST=32;CN=%s;PW=123456;MN={MN};Flag={flag};"
    told = reply(read(frame("DataTime=20160801085857", command, head)))
    if answer is None:
        assert told is None
        return
    assert told is not None
    fields = read(told).fields
    wanted = {"QN": "20160801085857223", "ST": "91", "CN": answer, "PW": "123456", "MN": MN}
    assert fields == wanted | {"Flag": str(int(flag) // 4 * 4)}
    assert reply(read(told)) is None, "a reply is not answered"


PARTS = """w01001-Rtd=7.5 w01001-Flag=N w01001-Flag=M DataTime=20160801085857 w01018-Rtd= a=1 w01018-Rtd=1_0
w01018-Rtd=inf w01018-Rtd=~7 w01018-Rtd;7 w01018-Rtd w01018-Rtd=+.5 w01018-Rtd=1-2 w01018-Rtd=N w01018-Rtd=1e3
w01001-Avg=1 =3 w01018-SampleTime=20160801085700 w01018-Rtd=1=2 w01018-Rtd=999999999999999999999999999999999""".split()  # noqa: SIM905 one a word


def test_what_is_read_at_once_is_what_is_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made, chance = inputs("hj212", Random(7)), Random(8)
    ends = ("", ";", ",", ";;")
    told = [";".join(chance.choices(PARTS, k=chance.randint(1, 5))) + chance.choice(ends) for _ in range(3_000)]
    frames = [next(made) for _ in range(1_000)] + [
        frame(each.replace(";w01001-F", ",w01001-F").replace("~", " ")) for each in told
    ]
    at_once = [_outcome(each) for each in frames]
    monkeypatch.setattr(Plans, "read", lambda self, data: None)
    one_by_one = [_outcome(each) for each in frames]
    assert at_once == one_by_one
    assert sum(isinstance(each, list) for each in at_once) > 1_000


def _outcome(payload: bytes) -> object:
    try:
        decoded = decode(payload, RECEIVED, ZONE)
    except DecodeError as error:
        return str(error.detail), error.at
    return [getattr(decoded, name) for name in Decoded.__slots__]

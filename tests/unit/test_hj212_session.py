"""What is particular to HJ 212 as a dialect: divided messages, lengths that lie, and what is not a confirmation."""

from datetime import UTC

import pytest

from devices.codecs.hj212.frame import written
from devices.codecs.hj212.readings import decode
from devices.letters import letter_of
from ingest.session.hj212 import Hj212
from tests.support.origins import raw_of
from tests.support.station_frames import MN, hj212, hj212_answer

HJ212 = Hj212()


def packet(number: int, of: int, data: str) -> bytes:
    head = f"QN=20260701083000001;ST=32;CN=2011;PW=123456;MN={MN};Flag=7;PNUM={of};PNO={number}"
    return written(f"{head};CP=&&{data}&&".encode())


def test_a_packet_without_a_time_has_the_one_of_the_first() -> None:
    parts: dict[str, list[bytes]] = {}
    first = packet(1, 3, "DataTime=20260701083000;w01018-Rtd=1")
    second, third = packet(2, 3, "w01019-Rtd=2"), packet(3, 3, "w01020-Rtd=3")
    payloads = [HJ212.joined(parts, HJ212.read(each)) for each in (first, second, third)]
    assert payloads == [first, first + second, first + second + third], "each is committed, and answered, by itself"
    decoded = decode(payloads[2] or b"", 1_800_000_000_000_000, UTC)
    assert (decoded.values, len({*decoded.ts}), decoded.timeless) == ([1, 2, 3], 1, False)
    assert HJ212.reply(payloads[2] or b"", None, 0) == written(
        f"QN=20260701083000001;ST=91;CN=9014;PW=123456;MN={MN};Flag=4;CP=&&&&".encode()
    )


@pytest.mark.parametrize("line", [b"", b"\r", b"\n"])
def test_packets_are_joined_however_their_lines_end(line: bytes) -> None:
    parts: dict[str, list[bytes]] = {}
    told = [packet(1, 2, "DataTime=20260701083000;w01018-Rtd=1"), packet(2, 2, "w01019-Rtd=2")]
    first, second = (each.rstrip() + line for each in told)
    HJ212.joined(parts, HJ212.read(first))
    payload = HJ212.joined(parts, HJ212.read(second)) or b""
    assert decode(payload, 1_800_000_000_000_000, UTC).values == [1, 2]
    assert HJ212.reply(payload, None, 0)


def test_stations_of_one_connection_have_their_own_packets() -> None:
    parts: dict[str, list[bytes]] = {}
    first, second = packet(1, 2, "DataTime=20260701083000;w01018-Rtd=1"), packet(2, 2, "w01019-Rtd=2")
    other = MN[:-1] + "Z"
    long = packet(1, 2, "DataTime=20260701083000" + ";w01018-Rtd=1" * 200)[6:-6]
    for each in (first, *(written(long.replace(MN.encode(), b"%d" % n)) for n in range(50))):
        HJ212.joined(parts, HJ212.read(each))
        assert HJ212.joined(parts, HJ212.read(written(second[6:-6].replace(MN.encode(), other.encode()))))
    assert sum(len(packet) for message in parts.values() for packet in message) <= 64 << 10
    HJ212.joined(parts, HJ212.read(first))
    HJ212.joined(parts, HJ212.read(written(first[6:-6].replace(MN.encode(), other.encode()))))
    assert HJ212.joined(parts, HJ212.read(second)) == first + second


def test_a_packet_of_another_message_has_nothing_before_it() -> None:
    parts: dict[str, list[bytes]] = {}
    HJ212.joined(parts, HJ212.read(packet(1, 2, "DataTime=20260701083000;w01018-Rtd=1")))
    assert HJ212.joined(parts, HJ212.read(hj212(9))) == hj212(9)
    alone = packet(1, 2, "w01019-Rtd=2")
    assert HJ212.joined(parts, HJ212.read(alone)) == alone


@pytest.mark.parametrize("told", [b"##0020", b"##0900", b"##00x0", b"##9999"])
def test_a_length_that_lies_costs_its_own_frame_only(told: bytes) -> None:
    wrong = told + hj212(1)[6:]
    cut = HJ212.frames(wrong + hj212(2) + hj212(3))
    assert [each.rstrip() for each in cut.frames] == [wrong.rstrip(), hj212(2).rstrip(), hj212(3).rstrip()]


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("unknown_device", hj212_answer(1, command="9011", data="QnRtn=4")),
        ("wrong_password", hj212_answer(1, command="9011", data="QnRtn=3")),
        ("bad_checksum", None),
        ("future_time", hj212_answer(1)),
    ],
)
def test_what_was_not_taken_is_not_confirmed(reason: str, answer: bytes | None) -> None:
    letter = letter_of(raw_of("tcp", f"hj212/{MN}", hj212(1), 1), reason, "")
    assert HJ212.reply(hj212(1), letter, 0) == answer

"""What is particular to SL 651 as a dialect: messages of several packets."""

from ingest.session.sl651 import Sl651
from tests.support.frames_sl651 import PARTS, packet

SL651 = Sl651()
FIRST, SECOND = packet(PARTS[0], "36", "002001", "17"), packet(PARTS[1], "36", "002002")


def test_packets_are_one_message_once_the_last_is_there() -> None:
    parts: dict[str, list[bytes]] = {}
    assert SL651.frames(FIRST + SECOND).frames == [FIRST, SECOND]
    assert SL651.joined(parts, SL651.read(FIRST)) is None
    assert SL651.joined(parts, SL651.read(FIRST)) is None, "sent again"
    assert SL651.joined(parts, SL651.read(SECOND)) == FIRST + SECOND
    answer = SL651.reply(FIRST + SECOND, None, 1_800_000_000_000_000)
    assert answer is not None
    assert answer.hex().upper().startswith("7E7E00112233440503E83680080200341"[:32])
    assert not parts


def test_a_packet_that_is_missing_is_told_of_what_came() -> None:
    parts: dict[str, list[bytes]] = {}
    assert SL651.joined(parts, SL651.read(SECOND)) == SECOND
    assert SL651.reply(SECOND, None, 0) is None

"""RTP packets become coded pictures."""

import random

import pytest

from ingest.video.rtp import BadStreamError, Depacketizer, TooLargeError, Unit, packet_of
from simulator.cameras.rtsp import Clip, clip, packets


def _units(shown: Clip, sent: list[bytes]) -> list[Unit]:
    depacketizer = Depacketizer("h264" if shown.encoding == "h264" else "hevc", shown.sets)
    return [unit for told in sent for unit in depacketizer.take(packet_of(told))]


def _sent(shown: Clip) -> list[bytes]:
    sent = list[bytes]()
    for number, picture in enumerate(shown.pictures):
        sent += packets(shown.encoding, picture, 65_530 + len(sent) & 0xFFFF, number * 9_000)
    return sent


@pytest.mark.parametrize("name", ["street.h264", "street.h265", "black.h264"])
def test_each_picture_comes_out_as_it_was_coded(name: str) -> None:
    shown = clip(name)
    units = _units(shown, _sent(shown))
    assert [unit.is_key for unit in units] == [number % 10 == 0 for number in range(40)]
    assert [unit.data for unit in units] == [b"".join(b"\0\0\0\1" + nal for nal in each) for each in shown.pictures]
    assert units[0].size in ((640, 368), (640, 360))


def test_after_a_loss_pictures_are_dropped_up_to_the_next_key_picture() -> None:
    shown = clip("street.h264")
    sent = _sent(shown)
    at = next(number for number, told in enumerate(sent) if packet_of(told).timestamp == 3 * 9_000)
    units = _units(shown, sent[:at] + sent[at + 1 :])
    assert [unit.is_key for unit in units[:4]] == [True, False, False, True]
    assert len(units) == 40 - 7


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded() -> None:
    shown = clip("huge.h264")
    with pytest.raises(TooLargeError, match="7680 x 4320"):
        _units(shown, packets("h264", shown.pictures[0], 0, 0))


def test_a_picture_without_an_end_is_refused() -> None:
    depacketizer = Depacketizer("h264")
    part = b"\x80\x60" + b"\x00\x01" + bytes(8) + b"\x7c\x85" + bytes(60_000)

    def send() -> None:
        for number in range(1, 1_000):
            again = part[:2] + number.to_bytes(2, "big") + part[4:]
            list(depacketizer.take(packet_of(again if number == 1 else again.replace(b"\x7c\x85", b"\x7c\x05"))))

    with pytest.raises(BadStreamError):
        send()


def test_nonsense_raises_nothing_else() -> None:
    source, good = random.Random(3), _sent(clip("street.h265"))[:30]
    for _ in range(300):
        depacketizer = Depacketizer("hevc" if source.random() < 0.5 else "h264")
        try:
            for told in good[:8]:
                damaged = bytearray(told[: source.randrange(len(told))])
                if len(damaged) > 13:
                    damaged[12 + source.randrange(2)] = source.randrange(256)
                list(depacketizer.take(packet_of(bytes(damaged))))
        except BadStreamError:
            continue

"""RTP packets become coded pictures."""

import random
import re

import pytest

from ingest.video import rtp
from ingest.video.rtp import BadStreamError, Depacketizer, StrangeError, TooLargeError, Unit, packet_of
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


def test_a_size_that_is_taken_back_behind_its_slice_is_refused_before_it_is_decoded() -> None:
    huge = clip("huge.h264")
    small = [nal for nal in clip("street.h264").sets if nal[0] & 0x1F == 7]
    with pytest.raises(TooLargeError, match="7680 x 4320"):
        _units(huge, packets("h264", (*huge.pictures[0], *small), 0, 0))


def test_what_adds_to_a_picture_in_another_layer_is_left_out() -> None:
    shown = clip("street.h265")
    sets = [bytes([nal[0], nal[1] | 8]) + nal[2:] for nal in shown.sets]
    (unit,) = _units(shown, packets("h265", (*sets, *shown.pictures[0]), 0, 0))
    assert (unit.size, unit.data) == ((640, 360), b"".join(b"\0\0\0\1" + nal for nal in shown.pictures[0]))


def test_a_stream_of_h265_that_changes_its_size_is_told_where_it_does() -> None:
    shown = clip("street.h265")
    sps = next(nal for nal in shown.sets if nal[0] >> 1 == 33)
    told = "".join(f"{octet:08b}" for octet in sps.replace(b"\0\0\3", b"\0\0"))
    smaller = told.replace(_number(640) + _number(360), _number(320) + _number(184))
    assert smaller != told
    plain = int(smaller[: len(smaller) // 8 * 8], 2).to_bytes(len(smaller) // 8, "big")
    plain = re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", plain)
    other = Clip("h265", (tuple(plain if nal == sps else nal for nal in shown.pictures[0]),))
    depacketizer, sizes = Depacketizer("hevc", shown.sets), []
    for number, each in enumerate((shown, other, shown)):
        sent = packets("h265", each.pictures[0], 100 * number, 9_000 * number)
        sizes += [unit.size for told in sent for unit in depacketizer.take(packet_of(told))]
    assert sizes == [(640, 360), (320, 184), (640, 360)]


@pytest.mark.parametrize("name", ["street.h264", "street.h265"])
def test_what_hides_in_a_unit_is_a_unit_to_a_decoder_and_is_judged_as_one(name: str) -> None:
    shown, huge = clip(name), clip("huge.h264")
    hidden = b"".join(b"\0\0\1" + nal for nal in huge.pictures[0])
    if name == "street.h264":
        with pytest.raises(TooLargeError, match="7680 x 4320"):
            _units(shown, packets("h264", (*shown.pictures[0][:2], b"\x06\x05" + hidden, shown.pictures[0][-1]), 0, 0))
    all_in_one = b"\0\0\0\1".join(shown.pictures[0])  # as some cameras send a key picture
    (unit,) = _units(shown, packets(shown.encoding, (all_in_one,), 0, 0))
    assert (unit.is_key, unit.data) == (True, b"".join(b"\0\0\0\1" + nal for nal in shown.pictures[0]))


@pytest.mark.parametrize("payload", [b"\x7c\x05ab", b"\x06\x05" + b"\0\0\1\x06" * 5_000, b"\x18" + b"\0\1\x06" * 3_000])
def test_a_picture_of_countless_small_parts_is_refused(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtp, "MAX_UNIT", 256 << 10)
    depacketizer, began = Depacketizer("h264"), b"\x80\x60" + bytes(10) + b"\x7c\x85ab"
    list(depacketizer.take(packet_of(began)))
    packet = packet_of(b"\x80\x60" + bytes(10) + payload)
    sent = iter(range(1, 200_000))

    def send() -> None:
        for number in sent:
            list(depacketizer.take(packet._replace(sequence=number & 0xFFFF)))

    with pytest.raises(BadStreamError):
        send()
    assert next(sent) * len(payload) < 64 << 10


def _set(shown: Clip, kind: int) -> bytes:
    return next(nal for nal in shown.sets if nal[0] & 0x1F == kind)


@pytest.mark.parametrize(
    ("chroma", "depth", "wide", "told"),
    [(2, 0, 40, "4:2:2"), (3, 0, 40, "4:4:4"), (1, 4, 40, "12 bits"), (1, 0, 513, "8208 x 368"), (1, 0, 40, "")],
)
def test_a_strange_picture_is_refused_with_why_before_it_is_decoded(
    chroma: int, depth: int, wide: int, told: str
) -> None:
    bits = f"{122:08b}{0:08b}{40:08b}" + "".join(map(_number, (0, chroma))) + ("0" if chroma == 3 else "")
    bits += "".join(map(_number, (depth, 0))) + "00" + "".join(map(_number, (0, 2, 1))) + "0"
    bits += "".join(map(_number, (wide - 1, 22))) + "11"
    bits += "1" + "0" * (-(len(bits) + 1) % 8)
    strange = b"\x67" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    shown = clip("street.h264")
    sent = packets("h264", (strange, *shown.pictures[0][1:]), 0, 0)
    if told:
        with pytest.raises((StrangeError, TooLargeError), match=told):
            _units(shown, sent)
    else:
        assert _units(shown, sent)[0].size == (640, 368)


def _number(value: int) -> str:
    """Exp-Golomb."""
    return f"{value + 1:b}".zfill(2 * (value + 1).bit_length() - 1)


def test_all_sets_of_a_description_stand_before_a_key_picture_that_has_none() -> None:
    shown = clip("street.h264")
    others = [b"\x68" + int((_number(number) + "1").ljust(24, "0"), 2).to_bytes(3, "big") for number in (1, 5)]
    bare = tuple(nal for nal in shown.pictures[0] if nal not in shown.sets)
    depacketizer = Depacketizer("h264", [*shown.sets, *others])
    (unit,) = (unit for told in packets("h264", bare, 0, 0) for unit in depacketizer.take(packet_of(told)))
    wanted = [_set(shown, 7), _set(shown, 8), *others, *bare]
    assert unit.data == b"".join(b"\0\0\0\1" + nal for nal in wanted)


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

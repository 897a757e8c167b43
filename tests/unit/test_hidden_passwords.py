"""Frames of stations are shown without their passwords, however they are written, broken and cut."""

import time

import pytest

from devices.codecs.hj212.frame import read, written
from devices.diagnosis.frame_check import flaw_of
from devices.diagnosis.trace import text_of
from hub.errors import DecodeError
from tests.support.station_frames import hj212, sl651

PASSWORD = "Own7Secret"
FIRST = written(f"PW={PASSWORD};QN=20260101000000000;ST=32;CN=2011;MN=A;CP=&&a=1&&".encode())
BLANKS = written(f"QN=20260101000000000;ST=32; PW = {PASSWORD};MN=A;CN=2011;CP=&&a=1&&".encode())
SL651 = bytes.fromhex("7E7E0100123456781234320008020001260101000000")
"""All of its bytes are UTF-8."""


def pieces(text: str) -> list[str]:
    """All runs of three characters."""
    return [text[at : at + 3] for at in range(len(text) - 2)]


@pytest.mark.parametrize("frame", [FIRST, BLANKS])
def test_these_frames_show_it_as_the_hub_reads_them(frame: bytes) -> None:
    assert read(frame).fields["PW"] == PASSWORD


@pytest.mark.parametrize(
    "payload",
    [
        hj212(1, password=PASSWORD),
        FIRST,
        BLANKS,
        b"\r\n" + FIRST,
        hj212(1, password=PASSWORD) + FIRST,
        BLANKS[6:],
        FIRST[1:],
        FIRST[4:],
        hj212(1, password=PASSWORD)[20:],
        b"##0101QN=1;PW=" + PASSWORD.encode(),
        b"##0101QN=1;PW=" + PASSWORD.encode() + b";MN=\xff\xfe",
    ],
)
def test_a_pw_of_hj_212_is_not_shown(payload: bytes) -> None:
    for limit in (20, 60, 300, 2000):
        shown, encoding = text_of(payload, limit)
        octets = shown.encode() if encoding == "utf-8" else bytes.fromhex(shown)
        assert PASSWORD[:3].encode() not in octets, shown
    for at in (6, 30, 50):
        place = flaw_of(payload, "hj212", "bad_frame", "", at).place
        assert place is not None
        assert not set(pieces(PASSWORD)) & set(pieces(place.excerpt)), place.excerpt


@pytest.mark.parametrize(
    "part", ["PW=Own7密Secret", "pw = Own7\xff密Secret", "ST=32,PW=Own7密Secret", "\x01PW=Own7Secret"]
)
def test_a_refused_field_of_hj_212_tells_no_password(part: str) -> None:
    """One with letters that no field has is refused, and the refusal names it."""
    with pytest.raises(DecodeError) as refused:
        read(written(f"QN=20260101000000000;ST=32;CN=2011;{part};MN=A;CP=&&a=1&&".encode()))
    assert "***" in str(refused.value.detail)
    assert not set(pieces(PASSWORD)) & set(pieces(str(refused.value.detail)))


def test_the_rest_is_shown() -> None:
    frame = hj212(1, password=PASSWORD)
    assert text_of(frame, 2000)[0] == frame.decode().replace(PASSWORD, "***")
    assert text_of(b'{"note": "PW=7"}', 2000) == ('{"note": "PW=7"}', "utf-8")
    assert text_of("温度".encode() * 9, 10) == ("温度温", "utf-8")


@pytest.mark.parametrize(
    ("payload", "password"),
    [(sl651(1), "03 e8"), (SL651, "12 34"), (b"\r\n" + SL651, "12 34"), (SL651[:10], "12 34"), (SL651[:9], "12")],
)
def test_the_password_of_sl_651_is_not_shown(payload: bytes, password: str) -> None:
    before = payload[: payload.find(b"~~") + 8].hex(" ")
    shown, encoding = text_of(payload, 256)
    stars = "** **"[: len(password)]
    assert (encoding, shown.replace(f"{before} {stars}", f"{before} {password}", 1)) == ("hex", payload.hex(" "))
    place = flaw_of(payload, "sl651", "bad_frame", "", 9).place
    assert place is not None
    assert f"{before} {password[:2]}" not in place.excerpt
    assert f"{before} 2a" in place.excerpt


def test_each_packet_of_a_message_shows_it_and_none_is_shown() -> None:
    assert "03 e8" not in text_of(sl651(1) + sl651(2), 2000)[0]


@pytest.mark.parametrize("octets", [b" ", b";", b"#", b"; ", b"0", b"~", b";PW "])
def test_long_nonsense_takes_no_longer_than_it_is_long(octets: bytes) -> None:
    began = time.process_time()
    text_of(octets * 20_000, 2000)
    assert time.process_time() - began < 0.5

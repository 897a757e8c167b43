"""Multipart streams of cameras, cut anywhere."""

import pytest

from devices.codecs.isapi.multipart import MAX_PART, Splitter, boundary_of, split
from tests.support.frames_cameras import JPEG, alert, multipart

FIRST, SECOND = alert("fielddetection"), alert("videoloss", "inactive", count=0)
BODIES = [FIRST.strip(), JPEG.strip(b"\r\n"), SECOND.strip()]
PARTS = (("application/xml; charset=UTF-8", FIRST), ("image/jpeg", JPEG), ("text/xml", SECOND))


@pytest.mark.parametrize(
    ("told", "boundary"),
    [
        ("multipart/mixed; boundary=<frontier>", "<frontier>"),
        ('multipart/mixed; boundary="a b"; x=1', "a b"),
        ("multipart/x-mixed-replace;boundary=--myboundary", "--myboundary"),
        ("application/xml", ""),
    ],
)
def test_the_boundary_is_taken_as_it_is_told(told: str, boundary: str) -> None:
    assert boundary_of(told) == boundary


@pytest.mark.parametrize("size", [1, 7, 1024, 1 << 20])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize(
    ("wire", "told"), [("<frontier>", "<frontier>"), ("x", "--x"), ("--x", "--x"), ("MIME_boundary", "")]
)
def test_parts_are_whole_however_they_are_cut(size: int, end: str, length: bool, wire: str, told: str) -> None:
    stream = multipart(wire, *PARTS, end=end, length=length)
    splitter = Splitter(told)
    found = [part for at in range(0, len(stream), size) for part in splitter.feed(stream[at : at + size])]
    assert [part.body.strip() for part in found] == [body.strip() for body in BODIES]
    assert [part.is_picture for part in found] == [False, True, False]


@pytest.mark.parametrize("length", [True, False])
def test_a_document_waits_for_no_boundary(length: bool) -> None:
    stream = multipart("b", PARTS[0], length=length)
    without = stream[: stream.rfind(b"--b")]
    assert [part.body.strip() for part in Splitter("b").feed(without)] == [FIRST.strip()]


@pytest.mark.parametrize("wrong", [-40, -1, 40])
def test_a_wrong_length_of_a_document_harms_nothing(wrong: int) -> None:
    right = f"Content-Length: {len(FIRST)}\r\n".encode()
    stream = multipart("b", *PARTS).replace(right, f"Content-Length: {len(FIRST) + wrong}\r\n".encode(), 1)
    assert [part.body.strip() for part in split(stream, "b")] == [body.strip() for body in BODIES]


def test_what_is_too_large_is_passed_over_and_fills_no_memory() -> None:
    splitter = Splitter("b")
    found = splitter.feed(b"--b\r\nContent-Type: image/jpeg\r\n\r\n")
    for _ in range(2 * MAX_PART // (1 << 20)):
        found += splitter.feed(b"x" * (1 << 20))
        assert len(splitter._buffer) <= MAX_PART + (1 << 20)
    found += splitter.feed(b"\r\n" + multipart("b", PARTS[0]))
    assert [part.body.strip() for part in found] == [FIRST.strip()]
    assert splitter.passed_over == 1


@pytest.mark.parametrize("endless", [b"--b\r\nX: ", b"--b", b"", b"--b\r\n\r\n<a>"])
def test_nothing_that_never_ends_fills_the_memory(endless: bytes) -> None:
    splitter = Splitter("b")
    splitter.feed(endless)
    for _ in range(80):
        splitter.feed(b"y" * (1 << 16))
    assert len(splitter._buffer) <= MAX_PART + (1 << 16)

"""Sizes and kinds of coded pictures."""

import random

import pytest

from ingest.video.parameter_sets import BadSetError, is_needed, shape_of, type_of
from simulator.cameras.rtsp import clip


@pytest.mark.parametrize(
    ("name", "encoding", "size"),
    [
        ("street.h264", "h264", (640, 368)),  # in blocks of 16: 360 after the crop
        ("street.h265", "hevc", (640, 360)),
        ("huge.h264", "h264", (7680, 4320)),
    ],
)
def test_the_size_is_read_from_what_encoders_write(name: str, encoding: str, size: tuple[int, int]) -> None:
    told = [nal for nal in clip(name).sets if type_of(encoding, nal) in (7, 33)]  # type: ignore[arg-type]
    assert [shape_of(encoding, nal)[1:3] for nal in told] == [size]  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "encoding"), [("street.h264", "h264"), ("street.h265", "hevc")])
def test_a_damaged_set_is_refused_and_nothing_else(name: str, encoding: str) -> None:
    source = random.Random(7)
    told = next(nal for nal in clip(name).sets if type_of(encoding, nal) in (7, 33))  # type: ignore[arg-type]
    with pytest.raises(BadSetError):
        shape_of(encoding, told[:5])  # type: ignore[arg-type]
    for _ in range(200):
        damaged = bytearray(told[: source.randrange(len(told) + 1)])
        for _ in range(3):
            if damaged:
                damaged[source.randrange(len(damaged))] = source.randrange(256)
        try:
            shape_of(encoding, bytes(damaged))  # type: ignore[arg-type]
        except BadSetError:
            continue


def test_pictures_that_no_other_refers_to_are_known() -> None:
    assert is_needed("h264", b"\x41")
    assert not is_needed("h264", b"\x01")
    assert is_needed("hevc", b"\x02\x01")
    assert not is_needed("hevc", b"\x00\x01")

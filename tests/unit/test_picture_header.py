"""The header of a picture is read before anything is decoded: size, kind, whether it is whole."""

import struct

import pytest

from ingest.pictures.header import MAX_SCANS, RefusedPicture, Size, read_header


def jpeg(width: int, height: int, *, kind: int = 0xC0, bits: int = 8, scans: int = 1, middle: bytes = b"") -> bytes:
    """The frame of a JPEG, with data that nobody decodes."""
    frame = struct.pack(">BBHBHHB", 0xFF, kind, 17, bits, height, width, 3) + b"\x01\x22\0\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x0c\x03\x01\0\x02\x11\x03\x11\0\x3f\0" + b"data\xff\x00\xff\xd0data"
    return b"\xff\xd8" + b"\xff\xe0\x00\x04AB" + middle + frame + scan * scans + b"\xff\xd9"


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of such chunks; nobody looks at their sums."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I4s", len(data), kind) + data + b"sums" for kind, data in chunks
    )


HEAD = (b"IHDR", struct.pack(">IIBBBBB", 640, 480, 16, 2, 0, 0, 0))
WHOLE = png(HEAD, (b"IDAT", b"x"), (b"IEND", b""))
EXIF = b"\xff\xe1" + struct.pack(">H", 2 + 40) + jpeg(160, 120)[:40]


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        (jpeg(1920, 1080), (1920, 1080, True)),
        (jpeg(1920, 1080, kind=0xC2, scans=10), (1920, 1080, True)),
        (jpeg(1920, 1080, middle=EXIF), (1920, 1080, True)),
        (WHOLE, (640, 480, False)),
    ],
)
def test_a_picture_tells_its_size(picture: bytes, size: tuple[int, int, bool]) -> None:
    assert read_header(picture) == Size(*size, len(picture))


@pytest.mark.parametrize("picture", [jpeg(640, 480), WHOLE])
def test_what_follows_a_picture_is_not_of_it(picture: bytes) -> None:
    assert read_header(picture + b"PK\x03\x04 another file \xff\xd8\xff").end == len(picture)


@pytest.mark.parametrize("picture", [jpeg(640, 480, middle=EXIF), WHOLE])
def test_a_picture_that_is_cut_anywhere_is_refused(picture: bytes) -> None:
    for end in range(len(picture)):
        with pytest.raises(RefusedPicture):
            read_header(picture[:end])


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"", "empty"),
        (b"GIF89a" + WHOLE, "not_jpeg_or_png"),
        (b"RIFF\0\0\0\0WEBP", "not_jpeg_or_png"),
        (jpeg(30_000, 30_000), "too_many_pixels"),
        (jpeg(16_000, 16_000), "too_many_pixels"),
        (jpeg(60_000, 16), "too_many_pixels"),
        (png((b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)), *[(b"IDAT", b"x")] * 2, (b"IEND", b"")),
         "too_many_pixels"),
        (jpeg(8, 4_000), "too_small"),
        (jpeg(640, 0), "jpeg_kind"),
        (jpeg(640, 480, bits=12), "jpeg_kind"),
        (jpeg(640, 480, kind=0xC9), "jpeg_kind"),
        (jpeg(640, 480, kind=0xC3), "jpeg_kind"),
        (jpeg(640, 480, middle=jpeg(64, 48)[2:-2]), "jpeg_kind"),
        (jpeg(640, 480, scans=MAX_SCANS + 1), "too_many_segments"),
        (png(HEAD, (b"acTL", b"12345678"), (b"IDAT", b"x"), (b"IEND", b"")), "animated"),
        (png(HEAD, HEAD, (b"IEND", b"")), "damaged"),
        (png(HEAD, (b"IEND", b"")), "truncated"),
        (png(HEAD, *[(b"tEXt", b"")] * 5_000), "too_many_segments"),
    ],
)  # fmt: skip
def test_what_cannot_be_decoded_safely_is_refused(picture: bytes, reason: str) -> None:
    with pytest.raises(RefusedPicture) as refused:
        read_header(picture)
    assert refused.value.reason == reason

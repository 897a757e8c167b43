"""What is kept of a picture or paper, and what is not taken."""

import struct
import zlib

import pytest

from api.attachments import cleaned


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


JFIF, TABLES = segment(0xE0, b"JFIF\0rest"), segment(0xDB, bytes(65))
SCAN = segment(0xDA, b"\1\1\0") + b"\x12\xff\0\x34" + b"\xff\xd9"
JPEG = b"\xff\xd8" + JFIF + TABLES + SCAN
PNG = b"\x89PNG\r\n\x1a\n"
HEAD, PIXELS, END = chunk(b"IHDR", bytes(13)), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")


def test_of_a_jpeg_the_picture_is_kept_and_what_the_camera_wrote_is_not() -> None:
    told = segment(0xE1, b"Exif\0\0GPS 30.2N 120.1E") + segment(0xED, b"IPTC by Wang") + segment(0xFE, b"a comment")
    assert cleaned("image/jpeg", b"\xff\xd8" + JFIF + told + b"\xff" + TABLES + SCAN) == JPEG


def test_between_scans_and_behind_the_picture_nothing_is_kept_either() -> None:
    second = segment(0xDA, b"\1\1\0") + b"\x12\xff\xd0\x34\xff\0"
    told = segment(0xE1, b"Exif between scans")
    whole = b"\xff\xd8" + JFIF + second + TABLES + second + b"\xff\xd9"
    appended = b"\xff\xd8" + segment(0xE1, b"Exif of a thumbnail") + SCAN
    assert cleaned("image/jpeg", b"\xff\xd8" + JFIF + second + told + TABLES + second + b"\xff\xd9" + appended) == whole


def test_of_a_png_too() -> None:
    told = chunk(b"eXIf", b"GPS") + chunk(b"tEXt", b"Author\0Wang") + chunk(b"iTXt", b"XMP") + chunk(b"tIME", bytes(7))
    assert cleaned("image/png", PNG + HEAD + told + PIXELS + END + b"and more behind it") == PNG + HEAD + PIXELS + END


@pytest.mark.parametrize(("media_type", "content"), [("application/pdf", b"%PDF-1.7\n"), ("text/plain", "烟".encode())])
def test_papers_stay_as_they_are(media_type: str, content: bytes) -> None:
    assert cleaned(media_type, content) == content


@pytest.mark.parametrize(
    ("media_type", "content", "why"),
    [
        ("image/jpeg", b"", "empty"),
        ("image/jpeg", PNG, "no JPEG"),
        ("image/jpeg", JPEG[:8], "cut off"),
        ("image/jpeg", b"\xff\xd8\xff\xe1\0\0", "cut off"),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 50, "cut off"),
        ("image/png", JPEG, "no PNG"),
        ("image/png", PNG + HEAD + PIXELS, "cut off"),
        ("image/png", PNG + struct.pack(">I", 0xFFFFFFFF) + b"IDATrest", "cut off"),
        ("image/png", PNG + chunk(b"IHDR", struct.pack(">II", 50_001, 1_000) + b"12345") + END, "50001 by 1000 pixels"),
        ("image/jpeg", b"\xff\xd8" + segment(0xC2, b"\x08\xff\xff\xff\xfe" + bytes(4)) + SCAN, "65534 by 65535 pixels"),
        ("application/pdf", b"<html>", "no PDF"),
        ("text/plain", b"\xff\xfe", "UTF-8"),
        ("text/html", b"<html>", "text/html"),
        ("image/svg+xml", b"<svg/>", "image/svg+xml"),
        ("", b"x", "none"),
    ],
)
def test_what_is_not_taken_is_refused_with_the_reason(media_type: str, content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("+", r"\+")):
        cleaned(media_type, content)


def test_of_a_picture_as_large_as_a_camera_takes_them_all_is_kept() -> None:
    sof = segment(0xC0, b"\x08" + struct.pack(">HH", 6_000, 8_000) + bytes(4))
    whole = b"\xff\xd8" + JFIF + sof + TABLES + SCAN
    assert cleaned("image/jpeg", whole) == whole


def test_further_pictures_and_profiles_of_a_png_are_left_out() -> None:
    frames = chunk(b"acTL", bytes(8)) + chunk(b"fcTL", bytes(26)) + chunk(b"fdAT", b"frame") + chunk(b"iCCP", b"z")
    assert cleaned("image/png", PNG + HEAD + frames + PIXELS + END) == PNG + HEAD + PIXELS + END

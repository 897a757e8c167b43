"""Pictures and papers that people add to alerts and cases: what is taken, and what is left out of it. Pure."""

import re
import struct
from collections.abc import Iterator

from hub.words.sentence import Sentence

KINDS = ("image/jpeg", "image/png", "application/pdf", "text/plain")
MAX_BYTES = 5_000_000
MAX_PER_ALERT = 20

_PNG = b"\x89PNG\r\n\x1a\n"
_PLACE_OR_PERSON = {b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME"}
_UNPACKED = {b"iCCP", b"acTL", b"fcTL", b"fdAT"}
"""Profiles and further pictures, which a reader would unpack beside the picture itself."""
MAX_PIXELS = 50_000_000
"""A picture of 5 MB can say that it has billions, which whoever opens it would have to hold."""
_START_OF_SCAN = 0xDA
_METADATA = {*range(0xE1, 0xF0), 0xFE}
"""APP1 to APP15 (Exif, XMP, IPTC) and comments."""
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15: how large it is."""
_END = 0xD9
"""Of the picture; phones append others, with what they know, behind it."""
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers without a length."""
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""Ends a scan, in which FF 00 and restarts are data."""


def cleaned(media_type: str, content: bytes) -> bytes:
    """The content without what a camera wrote beside the picture: where, when, whose (Exif, XMP, comments).

    ValueError of a Sentence when it is not what it is said to be, or nothing that is taken.
    """
    if not content:
        raise ValueError(Sentence("refusal.file.empty"))
    match media_type:
        case "image/jpeg":
            return b"".join(_jpeg(content))
        case "image/png":
            return b"".join(_png(content))
        case "application/pdf":
            if not content.startswith(b"%PDF-"):
                raise ValueError(Sentence("refusal.file.no", kind="PDF"))
            return content
        case "text/plain":
            try:
                content.decode()
            except UnicodeDecodeError:
                raise ValueError(Sentence("refusal.file.no_text")) from None
            return content
    raise ValueError(not_taken(media_type))


def not_taken(media_type: str) -> Sentence:
    """Why a file of such a content type is refused."""
    return Sentence("refusal.file.kind", kind=media_type or "(none)", kinds=", ".join(KINDS))


def _jpeg(content: bytes) -> Iterator[bytes]:
    if content[:2] != b"\xff\xd8":
        raise ValueError(Sentence("refusal.file.no", kind="JPEG"))
    yield content[:2]
    at = 2
    while at + 2 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif marker in _ALONE:
            yield content[at : at + 2]
            at += 2
        elif marker in _SIZES:
            _check_size(*struct.unpack_from(">HH", content.ljust(at + 9, b"\0"), at + 5)[::-1])
            end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            yield content[at:end]
            at = end
        elif marker == _END:
            yield content[at : at + 2]
            return
        else:
            end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            if marker == _START_OF_SCAN:
                end = _end_of_scan(content, end)
            if marker not in _METADATA:
                yield content[at:end]
            at = end
    raise ValueError(Sentence("refusal.file.damaged", kind="JPEG"))


def _end_of_scan(content: bytes, at: int) -> int:
    found = _MARKER.search(content, at)
    return len(content) if found is None else found.end() - 2


def _png(content: bytes) -> Iterator[bytes]:
    if not content.startswith(_PNG):
        raise ValueError(Sentence("refusal.file.no", kind="PNG"))
    yield _PNG
    at = len(_PNG)
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            break
        if kind == b"IHDR":
            _check_size(*struct.unpack_from(">II", content[at + 8 : end].ljust(8, b"\0")))
        if kind not in _PLACE_OR_PERSON | _UNPACKED:
            yield content[at:end]
        if kind == b"IEND":
            return
        at = end
    raise ValueError(Sentence("refusal.file.damaged", kind="PNG"))


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        most = MAX_PIXELS // 1_000_000
        raise ValueError(Sentence("refusal.file.pixels", width=width, height=height, most=most))

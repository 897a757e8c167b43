"""Pictures known by how they begin: as bytes, or written as text in base64 or hex, under whatever name.

JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC and AVIF. RIFF is WebP, and sound and video too, none of which is kept either.
"""

import re

_BEGINNING = re.compile(
    rb"\xff\xd8\xff | \x89PNG | GIF8[79]a | RIFF....WEBP | II\*\0 | MM\0\* | \0\0\0.ftyp | BM.{4}\0{4}..\0{2}",
    re.DOTALL | re.VERBOSE,
)
_WITHIN = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8[79]a|RIFF....WEBP", re.DOTALL)
_LETTER = "[A-Za-z0-9+/_-]"
"""Of base64, and of base64 for URLs."""
_TEXT = re.compile(
    rf"""
    (?i: data:image/ )
  | (?<!{_LETTER}) (?: /9j/ | R0lGOD[dl]h )
  | [/_]9j[/_] {_LETTER}{{40}} | iVBORw0KGgo
  | (?<!{_LETTER}) (?: R0lGOD | UklGR | SUkqA | TU0AK | AAAA[A-Za-z0-9+/_-][GWm2]Z0eX | Qk[0-3]{_LETTER}{{5}}AAAAA )
    {_LETTER}{{40}}
    """,
    re.VERBOSE,
)
_PIECES = ("9j", "data:image/", "DATA:IMAGE/", "iVBOR", "R0lGOD", "UklGR", "SUkqA", "TU0AK", "Z0eX", "AAAAA")
"""One of them stands in whatever _TEXT finds: a fiftieth of its time for a text that holds none."""
_FAR = 65_536
"""Characters of a text that are looked at closely: 2 ms."""
_DIGITS = r"""(?:0x)?
  (?: ff[ ,:-]?d8[ ,:-]?ff | 89[ ,:-]?50[ ,:-]?4e[ ,:-]?47 | 47[ ,:-]?49[ ,:-]?46[ ,:-]?38
    | 52[ ,:-]?49[ ,:-]?46[ ,:-]?46 | 424d[0-9a-f]{8}0{8} | 49492a00 | 4d4d002a | 000000[0-9a-f]{2}66747970 )
  (?: [ ,:-]?[0-9a-f]{2} ){28}"""
_HEX = re.compile(rf"""\s* (?:[^,\s]{{,40}},)? {_DIGITS}""", re.VERBOSE | re.IGNORECASE)
_HEX_WITHIN = re.compile(rf"""(?<![0-9A-Za-z]) {_DIGITS}""", re.VERBOSE | re.IGNORECASE)
_ESCAPED = re.compile(r"\\u00([0-9a-fA-F]{2})")


def is_picture(octets: bytes) -> bool:
    """Whether bytes begin as a picture does."""
    return _BEGINNING.match(octets) is not None


def writes_picture(text: str) -> bool:
    """Whether a picture stands in a text; after a prefix, or cut by spaces, too."""
    if _HEX.match(text) is not None:
        return True
    return any(piece in text for piece in _PIECES) and _TEXT.search(text, 0, _FAR) is not None


def contains_picture(payload: bytes) -> bool:
    """Whether a picture stands in a message, as bytes or as text; the escapes of JSON are understood."""
    if is_picture(payload) or _WITHIN.search(payload) is not None:
        return True
    text = payload.decode("latin-1").replace("\\/", "/")
    if "\\u00" in text:
        text = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), text)
    return writes_picture(text) or _HEX_WITHIN.search(text, 0, _FAR) is not None

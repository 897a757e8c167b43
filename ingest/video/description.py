"""The description of a stream (SDP, RFC 4566) that an RTSP server gives: the video in it that can be decoded. Pure."""

import base64
import binascii
import re
from typing import NamedTuple

from hub.errors import HubError
from ingest.video.parameter_sets import Encoding

_ENCODINGS: dict[str, Encoding] = {"H264": "h264", "H265": "hevc", "HEVC": "hevc"}
_SETS = {"h264": ("sprop-parameter-sets",), "hevc": ("sprop-vps", "sprop-sps", "sprop-pps")}
MAX_SETS = 16
_GROUP = re.compile(r"^c=IN IP(?:4 2(?:2[4-9]|3\d)\.|6 ff)", re.MULTILINE | re.IGNORECASE)
_STATIC = {"26": "JPEG", "32": "MPEG"}
"""Types that need no description (RFC 3551)."""


class NoVideoError(HubError):
    """The stream has no video that is decoded"""

    def __init__(self, told: str) -> None:
        """`told` names what it has instead."""
        super().__init__(told)
        self.told = told


class Track(NamedTuple):
    """The video of a stream."""

    encoding: Encoding | None
    """None: JPEG, of which each picture is one of its own."""
    payload_type: int
    control: str
    """Under which it is set up: a URL, or what comes behind that of the stream; "": that of the stream."""
    aggregate: str
    """Under which all is played: as `control`."""
    sets: tuple[bytes, ...]
    """Parameter sets of the encoding."""
    is_for_many: bool = False
    """Whether it is told at an address of a group (multicast)."""


def track_of(description: str) -> Track:
    """The first video of H.264 or H.265; else of JPEG. NoVideoError."""
    general, *media = re.split(r"^m=", description, flags=re.MULTILINE)
    aggregate, many = _attribute(general, "control"), _GROUP.search(description) is not None
    others, jpeg = list[str](), None
    for each in media:
        first, _, rest = each.partition("\n")
        words = first.split()
        if not words or words[0] != "video":
            continue
        names = dict(re.findall(r"^a=rtpmap:(\d{1,3})\s+([\w.+-]+)/", rest, flags=re.MULTILINE))
        for type_ in words[3:]:
            name = names.get(type_, _STATIC.get(type_, type_)).upper()
            if name in _ENCODINGS and type_.isdigit():
                encoding = _ENCODINGS[name]
                sets = _sets(encoding, _attribute(rest, f"fmtp:{type_}", between=" "))
                return Track(encoding, int(type_), _attribute(rest, "control"), aggregate, sets, many)
            if name == "JPEG" and type_.isdigit():
                jpeg = jpeg or Track(None, int(type_), _attribute(rest, "control"), aggregate, (), many)
            others.append(name[:20])
    if jpeg is not None:
        return jpeg
    raise NoVideoError(", ".join(others[:4]) or "-")


def _attribute(text: str, name: str, between: str = ":") -> str:
    found = re.search(rf"^a={re.escape(name)}{between}[ \t]*(\S[^\r\n]*)", text, flags=re.MULTILINE)
    return found[1].strip() if found else ""


def _sets(encoding: Encoding, parameters: str) -> tuple[bytes, ...]:
    pairs = (each.strip().partition("=") for each in parameters.split(";"))
    told = {name.lower(): value for name, _, value in pairs}
    texts = [text for name in _SETS[encoding] for text in told.get(name, "").split(",") if text]
    found = []
    for text in texts[:MAX_SETS]:
        try:
            found.append(base64.b64decode(text, validate=True))
        except binascii.Error:
            continue  # the stream itself may tell them
    return tuple(each for each in found if each)

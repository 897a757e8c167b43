"""Frames of status."""

from devices.codecs.status import decode
from tests.support.frames import Bad, Frames, Good


def _says(payload: bytes, online: bool) -> Good:
    return Good(payload, timeless=True, online=online)


GOOD = [
    _says(b"online", True),
    _says(b"offline", False),
    _says(b" Online\n", True),
    _says(b"\xef\xbb\xbfonline", True),
    _says(b"OFFLINE", False),
    _says("在线".encode(), True),
    _says("离线".encode(), False),
    _says(b'"online"', True),
    _says(b'"offline"', False),
    _says(b'{"state": "online"}', True),
    Good(b'{"state": "Offline", "ts": 5, "rssi": -70}', timeless=True, online=False, unused=("rssi",)),
    Good(b""),  # removes a retained message
    Good(b"  \n"),
]

BAD = [
    Bad(b"hello", "status_unknown", "'hello'"),
    Bad(b"true", "status_unknown", "send online or offline"),
    Bad(b"x" * 40, "not_json", "line 1"),
    Bad(b"online\0", "not_json", "a zero byte follows"),
    Bad(b'{"state": "online"}\0', "not_json", "a zero byte follows"),
    Bad(b"1", "status_unknown", "1"),
    Bad(b"null", "status_unknown", "null"),
    Bad(b"[]", "status_unknown"),
    Bad(b"{}", "status_unknown", "no state"),
    Bad(b'{"state": 1}', "status_unknown", "1"),
    Bad(b'{"state": null}', "status_unknown", "null"),
    Bad(b'{"state": "on\\u0000"}', "status_unknown"),
    Bad(b'{"state": "\\ud800"}', "status_unknown"),
    Bad(b'{"state": "online"', "not_json", "column 19"),
    Bad(b'{"state": "\xff"}', "not_utf8", "0xff"),
    Bad(b"[" * 3_000, "too_deep"),
    Bad(b'{"a":' * 400, "not_json"),
    Bad(b'{"a": "' + b"x" * (512 << 10) + b'"}', "too_large", "524,288"),
    Bad(b" " * (600 << 10), "too_large"),
    Bad(b"x" * 10_000_000, "too_large", "10,000,000"),
]

FRAMES = Frames(decode, GOOD, BAD)

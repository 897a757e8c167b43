"""Frames of SenML in CBOR: what those in JSON mean, and what only CBOR can have wrong."""

import json
import struct
from dataclasses import replace
from typing import Any, NoReturn

from devices.codecs.senml_cbor import LABELS, decode
from tests.support import frames_senml
from tests.support.frames import RECEIVED, Bad, Frames, Good

_NUMBERS = {label: number for number, label in LABELS.items()}


def cbor(value: Any) -> bytes:
    """A value as CBOR; records get the numbers of their labels."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    named = ((_NUMBERS.get(name, name), part) for name, part in value.items())
    return _head(5, len(value)) + b"".join(cbor(name) + cbor(part) for name, part in named)


def _head(major: int, number: int) -> bytes:
    for low, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([major << 5 | number])
        if number < 1 << 8 * size:
            return bytes([major << 5 | low]) + number.to_bytes(size, "big")
    raise ValueError(number)


def _as_cbor(payload: bytes) -> bytes | None:
    """The CBOR of a pack in JSON; None of one that is no JSON, or holds what CBOR has no number for."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return cbor(json.loads(payload, parse_constant=refuse))
    except (ValueError, RecursionError):
        return None


def _bad(told: str, reason: str, says: str) -> Bad:
    return Bad(bytes.fromhex(told), reason, says)


RFC = bytes.fromhex(
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c7461676501"
    "615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda3"
    "006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999"
    "999aa3006763757272656e74060002fb3ffb333333333333"
)
"""The example of RFC 8428, section 6."""
_T = 1_276_020_076_001_000
GOOD = [
    *(replace(good, payload=packed) for good in frames_senml.GOOD if (packed := _as_cbor(good.payload)) is not None),
    Good(RFC, [("voltage", _T, 120.1), *(("current", _T - 1_000_000 * (5 - n), value)
                                         for n, value in enumerate((1.2, 1.3, 1.4, 1.5, 1.6, 1.7)))]),
    # a half float, a float of 32 bits, a decimal fraction, a tag
    Good(bytes.fromhex("d9d9f783a200616102f93e00a200616202fa41ac0000a200616302c48221196ab3"),
         [("a", RECEIVED, 1.5), ("b", RECEIVED, 21.5), ("c", RECEIVED, 273.15)], timeless=True),
    # not finite
    Good(bytes.fromhex("82a200616102f97e00a20061620203"), [("b", RECEIVED, 3)], faults=["value_not_finite"],
         timeless=True),
]  # fmt: skip
BAD = [
    _bad("", "bad_length", "has 0 bytes and needs 1"),
    _bad("82a20061610201", "bad_length", "has 7 bytes and needs 8"),
    _bad("a10001", "senml_not_a_pack", "80 to 9B"),
    _bad("9fa20061610201ff", "bad_frame", "a length that is not told"),
    _bad("81bf0061610201ff", "bad_frame", "a length that is not told"),
    _bad("817f6161ff", "bad_frame", "a length that is not told"),
    _bad("81a300616102010202", "bad_frame", "the name 2 comes twice"),
    _bad("81a1810102", "bad_frame", "a number or a text"),
    _bad("81a2006161020100", "bad_frame", "1 bytes follow"),
    _bad("818181818181818181", "too_deep", "nested"),
    _bad("9b7fffffffffffffff00", "bad_length", "fewer bytes left"),
    _bad("811c", "bad_frame", "begins with this byte"),
    _bad("81a20061ff0201", "not_utf8", "UTF-8"),
    _bad("81a200616102c48101", "bad_frame", "exponent and mantissa"),
    Bad(cbor([{"n": "a"}]), "senml_no_value", "a"),
    Bad(cbor([{"n": "a", "v": 1, "b_": 2}]), "senml_mandatory_label", "b_"),
    Bad(cbor([]), "no_values", "no record"),
    Bad(b"\x81" * 600_000, "too_large", "600,000"),
    Bad(b"\x99\xff\xff" + b"\x01" * 65_535, "too_many_values", "40,000"),
]
FRAMES = Frames(decode, GOOD, BAD)

"""What is remembered of a place from one patrol to the next: some 500 bytes for each mode of its camera."""

from typing import NamedTuple

import cv2
import numpy as np

from analytics.video.quality.measures import Floats, Measures, structure_of
from analytics.video.view import Image

VERSION = b"\x01"
SIZE = 32, 18
"""Of the structure: columns and rows."""
GREY = 0.012
"""Saturation below which a picture is grey: by night, under infrared."""
_LIGHT, _STRUCTURE, _NUMBERS = 144, SIZE[0] * SIZE[1], 3
_BYTES = _LIGHT + _STRUCTURE + 2 * _NUMBERS
KEPT = 0.7
"""The share of what was remembered that stays when it is seen again."""


class Signature(NamedTuple):
    """Of a place, in colour or in grey."""

    light: Floats
    """(9, 16): grey."""
    structure: Floats
    """(18, 32): as `structure_of`, of the reduced picture, at most 127 either way."""
    numbers: Floats
    """(3,): the middle of the chroma (red, blue) and the sharpness."""


def seen(now: Measures, sharpness: float) -> Signature:
    """Of one frame."""
    small: Image = cv2.resize(now.view.small, SIZE, interpolation=cv2.INTER_AREA)
    structure = np.clip(structure_of(small), -127, 127)
    middle = np.median(now.chroma.reshape(-1, 2), axis=0)
    return Signature(now.light, structure, np.array((*middle, sharpness), np.float32))


def mixed(old: Signature | None, new: Signature) -> Signature:
    """What is remembered after a place was seen again."""
    if old is None:
        return new
    return Signature(*(KEPT * one + (1 - KEPT) * other for one, other in zip(old, new, strict=True)))


def packed(colour: Signature | None, grey: Signature | None) -> bytes:
    """Both modes as bytes."""
    return VERSION + b"".join(b"\0" if mode is None else b"\1" + _bytes(mode) for mode in (colour, grey))


def _bytes(mode: Signature) -> bytes:
    numbers = np.clip(mode.numbers * 256, -32768, 32767).astype("<i2")
    return (
        np.clip(mode.light, 0, 255).astype(np.uint8).tobytes()
        + np.rint(mode.structure).astype(np.int8).tobytes()
        + numbers.tobytes()
    )


def unpacked(reference: bytes | None) -> list[Signature | None]:
    """Colour and grey; none of them for bytes that this version has not made."""
    found: list[Signature | None] = []
    if reference is None or reference[:1] != VERSION:
        return [None, None]
    at = 1
    for _ in range(2):
        if reference[at : at + 1] != b"\1":
            found.append(None)
            at += 1
            continue
        raw = reference[at + 1 : at + 1 + _BYTES]
        if len(raw) != _BYTES:
            return [None, None]
        light = np.frombuffer(raw, np.uint8, _LIGHT).astype(np.float32).reshape(9, 16)
        structure = np.frombuffer(raw, np.int8, _STRUCTURE, _LIGHT).astype(np.float32).reshape(SIZE[1], SIZE[0])
        numbers = np.frombuffer(raw, "<i2", _NUMBERS, _LIGHT + _STRUCTURE).astype(np.float32) / np.float32(256)
        found.append(Signature(light, structure, numbers))
        at += 1 + _BYTES
    return found

"""Protocol between the gate and its child processes: length-prefixed msgpack over standard input and output."""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from hub.picture import Picture

LENGTH_BYTES = 4
MAX_BYTES = 16 << 20
"""Of a frame, either way; protects the gate's memory from a child that was taken over."""


class Asked(NamedTuple):
    """A picture for a child; it remembers nothing from one to the next."""

    picture: bytes
    """JPEG or PNG as it was received."""
    longest_side: int
    """Of what is made of it, in pixels."""
    memory: bytes
    """What is known of the camera's place (background.py); empty: nothing."""
    now: int
    """Microseconds: when it was received."""
    occasions: int
    occasion: int
    """Microseconds between two occasions."""
    seed: bytes
    """Of what is added to the blocks of this camera (blocks.Stir)."""


class Learned(NamedTuple):
    """What a child says after the picture, which somebody waits for: learning may take longer."""

    memory: bytes
    """What is known of the place now; empty: as before."""
    place: bytes = b""
    """What of it may be kept: what is place, and nothing else. Empty: nothing, or as before."""


_encoder = msgspec.msgpack.Encoder()
ASKED = msgspec.msgpack.Decoder(Asked)
PICTURE = msgspec.msgpack.Decoder(Picture)
LEARNED = msgspec.msgpack.Decoder(Learned)


def frame(message: Asked | Picture | Learned) -> bytes:
    """A message with its length."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def seed_of(secret: bytes, camera: str) -> bytes:
    """Of what is added to the blocks of a camera; by it the secret is not found."""
    return blake2b(camera.encode(), key=secret, digest_size=16).digest()

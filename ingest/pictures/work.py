"""What a child of the gate does with a picture: decode, reduce, put in blocks, encode; pure, but for OpenCV."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.picture import MOST_BYTES, REFUSED, Picture, absent
from ingest.pictures.asked import Asked, Learned
from ingest.pictures.background import Background, Tiles, place_of, reduced
from ingest.pictures.blocks import Stir, boxes_of, put_in_blocks
from ingest.pictures.framing import Box, draw_frame
from ingest.pictures.header import RefusedPicture, Size, read_header
from ingest.pictures.likenesses import likenesses

QUALITIES = (80, 60, 40, 20)
"""Of JPEG: the first one with which it is small enough."""


def worked(asked: Asked) -> Iterator[Picture | Learned]:
    """A picture as it may be kept, or why it is refused; then what is known of the place after it."""
    try:
        picture = _decoded(asked, read_header(asked.picture))
        small = reduced(picture)
        background = Background(small, asked.memory, asked.occasions)
        yield passed(picture.copy(), background.place, Stir(asked.seed))
    except RefusedPicture as refused:
        yield absent(REFUSED + refused.reason)
        yield Learned(b"")
        return
    memory = taught(picture, background, asked.now, asked.occasion)
    yield Learned(memory, place_of(memory, asked.occasions))


def taught(picture: NDArray[np.uint8], background: Background, now: int, apart: int) -> bytes:
    """What is known of the place after a picture; b"": as before, for it is too soon."""
    if not background.is_occasion(now, apart):
        return b""
    suspicious = np.zeros_like(background.place)
    if background.ripens:
        suspicious = likenesses(picture, suspicious.shape)
    return background.learned(now, suspicious)


def passed(picture: NDArray[np.uint8], place: Tiles, stir: Stir, around: Box | None = None) -> Picture:
    """A picture as it may be kept, made in the place of what is given: what is not `place` is put in blocks.

    `around`: what gets a frame. It is drawn last, over what is shown and what is in blocks alike: it takes pixels away
    and shows none.
    """
    height, width = picture.shape[:2]
    boxes = boxes_of(~place, width, height)
    put_in_blocks(picture, boxes, stir)
    if around is not None:
        draw_frame(picture, around)
    return Picture(_encoded(picture), width, height, boxes is None)


def _decoded(asked: Asked, size: Size) -> NDArray[np.uint8]:
    """The picture as BGR, its longer side at most as asked, the right way up."""
    longest = max(size.width, size.height)
    mode = cv2.IMREAD_COLOR
    if size.jpeg:
        for factor, reduced_mode in (
            (8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2),
        ):  # fmt: skip
            if longest >= factor * asked.longest_side:
                mode = reduced_mode
                break
    try:
        picture = cv2.imdecode(np.frombuffer(asked.picture, np.uint8, size.end), mode)
    except (cv2.error, MemoryError):
        picture = None
    if picture is None or picture.ndim != 3 or picture.dtype != np.uint8:
        raise RefusedPicture("damaged")
    height, width = picture.shape[:2]
    if (longest := max(width, height)) > asked.longest_side:
        sides = [max(1, round(side * asked.longest_side / longest)) for side in (width, height)]
        picture = cv2.resize(picture, sides, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture)


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    for quality in QUALITIES:
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(encoded) <= MOST_BYTES:
            return encoded
    raise RefusedPicture("too_many_bytes")

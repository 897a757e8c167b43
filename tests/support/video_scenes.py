"""Frames of places that are made up, for tests and benches of the analysis: nothing in them is a recording."""

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Frames = Iterator[tuple[float, Image]]
"""Seconds, and BGR."""

FPS = 5.0


@cache
def place(width: int = 640, height: int = 360, seed: int = 3) -> Image:
    """A street by day: a wall with windows, trees, asphalt with its grain and lane marks. It is not to be changed."""
    random = np.random.default_rng(seed)
    floor = height // 2
    picture = np.zeros((height, width, 3), np.float32)
    rough = cv2.resize(
        random.normal(0, 1, (9, 16, 3)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    picture[:floor] = (150, 150, 160)
    picture[floor:] = (95, 95, 98)
    picture += 7 * rough + random.normal(0, 5, (height, width, 1)).astype(np.float32)
    cv2.rectangle(picture, (0, 0), (width, height // 9), (225, 215, 205), -1)
    for left in range(width // 20, width - width // 12, width // 9):
        for top in (height // 6, height // 3):
            cv2.rectangle(picture, (left, top), (left + width // 20, top + height // 9), (60, 55, 50), -1)
            cv2.line(picture, (left, top), (left + width // 20, top + height // 9), (110, 105, 100), 1)
    tree = random.normal((45, 105, 55), 28, (height // 2, width // 5, 3)).astype(np.float32)
    picture[height // 8 : height // 8 + height // 2, : width // 5] = cv2.GaussianBlur(tree, (3, 3), 0)
    for left in range(0, width, width // 8):
        cv2.line(picture, (left, floor + height // 4), (left + width // 16, floor + height // 4), (215, 215, 215), 3)
    return np.clip(picture, 0, 255).astype(np.uint8)


def seen(picture: Image, number: int, sigma: float = 2.0) -> Image:
    """As a sensor sees it another time."""
    noise = np.empty(picture.shape, np.int16)
    cv2.setRNGSeed(number)
    cv2.randn(noise, (0.0,) * 3, (sigma,) * 3)
    again: Image = cv2.add(picture, noise, dtype=cv2.CV_8U)
    return again


def still(seconds: float, picture: Image | None = None, start: float = 0.0) -> Frames:
    """A place in which nothing happens."""
    scene = place() if picture is None else picture
    for number in range(round(seconds * FPS)):
        yield start + number / FPS, seen(scene, number)

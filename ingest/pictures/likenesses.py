"""What in a still picture looks like a person or a plate, before a spot of it becomes place.

No weights of unclear origin: OpenCV's own HOG detector of people, and the texture of print (strokes close together in a
row). Both err; they only keep a spot in blocks for another round of occasions.
"""

from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.pictures.background import Tiles

PEOPLE_SIDE = 640
"""Pixels of the longer side in which people are looked for; they are found if they have 96 or more of them."""


def likenesses(picture: NDArray[np.uint8], shape: tuple[int, int]) -> Tiles:
    """Tiles in which something looks like a person or a plate; `shape`: rows and columns of tiles."""
    found = np.zeros(shape, np.bool_)
    (height, width), (rows, columns) = picture.shape[:2], shape
    for left, top, wide, high in [*_people(picture), *_prints(picture)]:
        across = slice(max(0, floor(left / width * columns)), ceil((left + wide) / width * columns))
        down = slice(max(0, floor(top / height * rows)), ceil((top + high) / height * rows))
        found[down, across] = True
    return found


def _people(picture: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
    factor = min(1.0, PEOPLE_SIDE / max(picture.shape[:2]))
    reduced = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    if reduced.shape[0] < 128 or reduced.shape[1] < 64:
        return []
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())
    boxes, _ = hog.detectMultiScale(reduced, winStride=(8, 8), padding=(0, 0), scale=1.1)
    return [(left / factor, top / factor, wide / factor, high / factor) for left, top, wide, high in boxes]


def _prints(picture: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
    """Plates, and other print: many strong upright edges side by side in a row."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    edges = cv2.convertScaleAbs(cv2.Sobel(grey, cv2.CV_16S, 1, 0, ksize=3), alpha=0.5)
    strong = cv2.threshold(edges, 60, 255, cv2.THRESH_BINARY)[1]
    joined = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((3, 17), np.uint8))
    opened = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((7, 19), np.uint8))
    number, _, found, _ = cv2.connectedComponentsWithStats(opened)
    return [
        (float(left) - 4, float(top) - 4, float(wide) + 8, float(high) + 8)
        for left, top, wide, high, _ in found[1:number]
        if 1.5 <= wide / high <= 8
    ]

"""Edges: by how much neighbours differ."""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.evidence import level
from analytics.video.scenes.regions import Region
from analytics.video.view import Image


def new_edges(region: Region, sharper: NDArray[np.int16]) -> float:
    """Grey levels a pixel by which a region and its rim are sharper than the place; a pool of light is not."""
    top, left = max(region.top - 1, 0), max(region.left - 1, 0)
    return level(sharper[top : region.top + region.height + 1, left : region.left + region.width + 1], 0.85)


def sharpened(now: Image, place: Image) -> NDArray[np.int16]:
    """Grey levels a pixel by which edges are sharper than the place's."""
    made: NDArray[np.int16] = cv2.subtract(edges(now), edges(place), dtype=cv2.CV_16S)
    return made


def edges(grey: Image) -> Image:
    """Grey levels between neighbours, the larger one of both directions."""
    found: Image = np.zeros_like(grey)
    found[:, 1:] = cv2.absdiff(grey[:, 1:], grey[:, :-1])
    found[1:, :] = cv2.max(found[1:, :], cv2.absdiff(grey[1:, :], grey[:-1, :]))
    return found

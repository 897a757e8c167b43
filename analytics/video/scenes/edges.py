"""Edges: by how much neighbours differ."""

import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.regions import Region
from analytics.video.view import Image


def new_edges(region: Region, now: Image, place: Image) -> float:
    """Grey levels a pixel by which a region and its rim are sharper than the place; a pool of light is not."""
    top, left = max(region.top - 1, 0), max(region.left - 1, 0)
    part = slice(top, region.top + region.height + 1), slice(left, region.left + region.width + 1)
    sharper = edges(now[part]) - edges(place[part])
    return float(np.percentile(sharper, 85))


def edges(part: Image) -> NDArray[np.float32]:
    """Grey levels a pixel between neighbours, the larger one of both directions."""
    grey = part.astype(np.int16)
    found = np.zeros(grey.shape, np.float32)
    found[:, 1:] = np.abs(np.diff(grey, axis=1))
    found[1:, :] = np.maximum(found[1:, :], np.abs(np.diff(grey, axis=0)))
    return found

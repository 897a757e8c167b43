"""Blocks over what may be a person or vehicle: so large that a face or plate inside has too little left to be known.

Whatever a region holds is at most as large as the region: with 12 blocks across its shorter side a face in it, even one
that fills it, keeps at most 12 pixels' detail; with 20 across its longer side each character of a plate that fills it
keeps less than three. Nothing has to be recognised for that.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

ACROSS, ALONG = 12, 20
"""Blocks of a region at most, across its shorter and along its longer side."""
FINEST = 96
"""Blocks along the longer side of the picture at most, however small a region is."""
WHOLE = 0.5
"""Share of the picture in regions beyond which all of it is one."""

Picture = NDArray[np.uint8]
Stir = NDArray[np.float32]
"""Grey levels, of each pixel of a picture."""
Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


def block_of(width: int, height: int, longest: int) -> int:
    """Side of a block at least, in pixels, for a region; `longest` is the longer side of the picture."""
    return max(-(-min(width, height) // ACROSS), -(-max(width, height) // ALONG), -(-longest // FINEST), 1)


def put_in_blocks(picture: Picture, boxes: list[Box], times: int = 1, stir: Stir | None = None) -> None:
    """Replace regions of a picture by blocks; coarser ones last, so that they stay where regions overlap.

    Blocks are `times` as long and as high as `block_of` says. `stir`: what is added to each, by where it begins.
    """
    longest = max(picture.shape[:2])
    for left, top, width, height in sorted(boxes, key=lambda box: block_of(box[2], box[3], longest)):
        region = picture[top : top + height, left : left + width]
        block = times * block_of(width, height, longest)
        few = cv2.resize(region, (max(1, width // block), max(1, height // block)), interpolation=cv2.INTER_AREA)
        if stir is not None:
            rows, columns = few.shape[:2]
            down, across = top + np.arange(rows) * height // rows, left + np.arange(columns) * width // columns
            few = np.clip(few + stir[np.ix_(down, across)][..., None], 0, 255).astype(np.uint8)
        picture[top : top + height, left : left + width] = cv2.resize(
            few, (width, height), interpolation=cv2.INTER_NEAREST
        )


def whole(picture: Picture, times: int = 1, stir: Stir | None = None) -> None:
    """All of a picture in blocks."""
    height, width = picture.shape[:2]
    put_in_blocks(picture, [(0, 0, width, height)], times, stir)


def boxes_of(tiles: NDArray[np.bool_], width: int, height: int) -> list[Box] | None:
    """Boxes, in pixels, around connected tiles, with a tile more on each side and a head's height above.

    None where they are most of the picture.
    """
    rows, columns = tiles.shape
    grown = cv2.dilate(tiles.astype(np.uint8), np.ones((3, 3), np.uint8))
    while True:
        number, _, found, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
        filled = np.zeros_like(grown)
        for left, top, wide, high, _ in found[1:number]:
            above = max(0, top - max(1, high // 5))
            filled[above : top + high, left : left + wide] = 1
        if filled.mean() > WHOLE:
            return None
        if cv2.connectedComponents(filled, connectivity=8)[0] == number:
            break
        grown = filled  # boxes that touch are one
    _, _, found, _ = cv2.connectedComponentsWithStats(filled, connectivity=8)
    edges_x = np.linspace(0, width, columns + 1).round().astype(int)
    edges_y = np.linspace(0, height, rows + 1).round().astype(int)
    return [
        (int(edges_x[left]), int(edges_y[top]), int(edges_x[left + wide] - edges_x[left]),
         int(edges_y[top + high] - edges_y[top]))
        for left, top, wide, high, _ in found[1:]
    ]  # fmt: skip

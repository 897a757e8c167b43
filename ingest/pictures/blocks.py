"""Blocks over what may be a person or vehicle: so large, and of colours so changed by chance, that they tell of nobody.

Whatever a region holds is at most as large as the region: with 12 blocks across its shorter side a face in it, even one
that fills it, keeps at most 12 pixels' detail; with 20 across its longer side each character of a plate that fills it
keeps less than three. That is still enough for who knows the car, where it stood and where the blocks are, and puts
each plate that there could be in them: so blocks are COARSER times that, and STIR is added to each
(tests/integration/test_picture_privacy.py, test_clip_privacy.py). Nothing has to be recognised for that.
"""

from hashlib import blake2b

import cv2
import numpy as np
from numpy.typing import NDArray

ACROSS, ALONG = 12, 20
"""Blocks of a region at most, across its shorter and along its longer side."""
FINEST = 96
"""Blocks along the longer side of the picture at most, however small a region is."""
COARSER, COARSER_WHOLE = 4, 3
"""Times that blocks are as long and as high; and those of a picture that is one region, the largest there are."""
STIR = (28.0, 10.0, 10.0)
"""Levels (standard deviation) that are added to brightness and colour (Y, Cr, Cb) of a block, by chance. With
brightness alone colours told the right one of 13 plates; they differ less, so less does; and fires keep theirs."""
WHOLE = 0.5
"""Share of the picture in regions beyond which all of it is one."""

Picture = NDArray[np.uint8]
Places = NDArray[np.int_]
Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


class Stir:
    """What is added to the blocks of a camera: by chance, but the same at one spot in all of its pictures and clips.

    So what stands still is not told better by more of them, and a clip tells no more by the picture beside it.
    """

    def __init__(self, seed: bytes) -> None:
        """`seed`: of the camera; whoever knew it could take away what is added, so it is nowhere kept."""
        random = np.random.default_rng(int.from_bytes(blake2b(seed, digest_size=16).digest(), "big"))
        self._levels = random.normal(0, STIR, (FINEST, FINEST, 3)).astype(np.float32)

    def at(self, down: Places, across: Places, longest: int) -> NDArray[np.float32]:
        """Levels of blocks that begin there, in pixels of a picture of any size."""
        levels: NDArray[np.float32] = self._levels[np.ix_(down * FINEST // longest, across * FINEST // longest)]
        return levels


def block_of(width: int, height: int, longest: int) -> int:
    """Side of a block at least, in pixels, for a region; `longest` is the longer side of the picture."""
    return max(-(-min(width, height) // ACROSS), -(-max(width, height) // ALONG), -(-longest // FINEST), 1)


def put_in_blocks(picture: Picture, boxes: list[Box] | None, stir: Stir) -> None:
    """Replace regions of a picture by blocks; coarser ones last, so that they stay where regions overlap. None: all."""
    longest, times = max(picture.shape[:2]), COARSER
    if boxes is None:
        boxes, times = [(0, 0, picture.shape[1], picture.shape[0])], COARSER_WHOLE
    for left, top, width, height in sorted(boxes, key=lambda box: block_of(box[2], box[3], longest)):
        region = picture[top : top + height, left : left + width]
        block = times * block_of(width, height, longest)
        few = cv2.resize(region, (max(1, width // block), max(1, height // block)), interpolation=cv2.INTER_AREA)
        rows, columns = few.shape[:2]
        down, across = top + np.arange(rows) * height // rows, left + np.arange(columns) * width // columns
        few = cv2.cvtColor(few, cv2.COLOR_BGR2YCrCb) + stir.at(down, across, longest)
        few = cv2.cvtColor(np.clip(few, 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2BGR)
        picture[top : top + height, left : left + width] = cv2.resize(
            few, (width, height), interpolation=cv2.INTER_NEAREST
        )


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

"""A frame around what an event is about, in its picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in shares of the picture."""
_AROUND = 0.012
"""Share of the picture's width that a frame stays away from what it is around: it hides nothing of a small one."""
_LIGHT, _DARK = (60, 230, 255), (20, 20, 20)
"""A yellow line within a dark one is seen before snow, night and fire."""


def draw_frame(picture: NDArray[np.uint8], box: Box) -> None:
    """Draw it into a picture (h, w, 3), BGR."""
    height, width = picture.shape[:2]
    line = max(1, round(width / 320))
    apart = round(_AROUND * width)
    left, top = round(box[0] * width) - apart, round(box[1] * height) - apart
    right, bottom = round(box[2] * width) + apart, round(box[3] * height) + apart
    begin = max(left, line), max(top, line)
    end = min(right, width - 1 - line), min(bottom, height - 1 - line)
    for thickness, colour in ((3 * line, _DARK), (line, _LIGHT)):
        cv2.rectangle(picture, begin, end, colour, thickness)

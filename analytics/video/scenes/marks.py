"""Marks that were drawn into a picture: boxes and labels of a camera's own analytics, in pure colours and thin lines.

They come and go from one frame to the next, around what they mark: what is looked for there should see neither.
"""

import cv2
import numpy as np

from analytics.video.view import Image

_PURE = 90
"""Levels between the strongest and the weakest channel, of a thin line after its codec, too."""
_LENGTH, _THICK = 13, 15
"""Pixels of a line at least; and from which on both ways something is a thing, and no mark."""
_LETTERS = np.ones((3, 3), np.uint8)
_ALONG, _DOWN = np.ones((1, _LENGTH), np.uint8), np.ones((_LENGTH, 1), np.uint8)
_BODY = np.ones((_THICK, _THICK), np.uint8)
_WHOLE = np.ones((2 * _THICK - 1, 2 * _THICK - 1), np.uint8)
_RIM = np.ones((5, 5), np.uint8)
"""What a codec smears of them."""
_COVERED = 40
"""Of 255, from which on a pixel of a smaller picture tells nothing of what is behind."""


def marks(bgr: Image) -> Image | None:
    """255 where marks are; None: there are none."""
    blue, green, red = cv2.split(bgr)
    most, least = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    pure = cv2.compare(cv2.subtract(most, least), _PURE, cv2.CMP_GT)
    if cv2.countNonZero(pure) < 2 * _LENGTH:
        return None
    pure = cv2.morphologyEx(pure, cv2.MORPH_CLOSE, _LETTERS)
    along, down = (cv2.morphologyEx(pure, cv2.MORPH_OPEN, way) for way in (_ALONG, _DOWN))
    lines = cv2.bitwise_or(along, down)
    if not cv2.countNonZero(lines):
        return None
    body = cv2.dilate(cv2.erode(lines, _BODY), _WHOLE)
    thin = cv2.bitwise_and(lines, cv2.bitwise_not(body))
    return cv2.dilate(thin, _RIM) if cv2.countNonZero(thin) else None


def without(grey: Image, drawn: Image | None, size: tuple[int, int]) -> Image:
    """A grey picture made smaller, what lies around the marks in their stead."""
    small: Image = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    if drawn is None:
        return small
    covered = cv2.compare(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), _COVERED, cv2.CMP_GT)
    filled: Image = cv2.inpaint(small, covered, 3, cv2.INPAINT_TELEA)
    return filled

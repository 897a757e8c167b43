"""Faults of a camera, made from clean frames: what is to be found is known exactly."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import cv2
import numpy as np

from tests.support.video_scenes import Frames, Image

STRENGTHS = (1, 2, 3)
"""Slight, plain, severe."""


class Moment(NamedTuple):
    """A frame within a fault."""

    frame: Image
    first: Image
    """The frame at which the fault began."""
    t: float
    """Seconds since then."""
    number: int
    strength: int
    seed: int


def _of(moment: Moment, slight: float, plain: float, severe: float) -> float:
    return (slight, plain, severe)[moment.strength - 1]


def _grain(moment: Moment, sigma: float) -> Image:
    noise = np.empty(moment.frame.shape, np.int16)
    cv2.setRNGSeed(1000 * moment.seed + moment.number + 1)
    cv2.randn(noise, (0.0,) * 3, (sigma,) * 3)
    return np.asarray(cv2.add(moment.frame, noise, dtype=cv2.CV_8U), np.uint8)


def _lit(frame: Image, gain: float, offset: float) -> Image:
    return np.asarray(cv2.convertScaleAbs(cv2.max(frame.astype(np.float32) * gain + offset, 0.0)), np.uint8)


def signal_loss(moment: Moment) -> Image:
    """A screen of one colour, with a text and a clock where it is slight."""
    lost = np.empty_like(moment.frame)
    lost[:] = ((190, 60, 20), (128, 128, 128), (200, 0, 0))[(moment.strength + moment.seed) % 3]
    if moment.strength == 1:
        height, width = lost.shape[:2]
        cv2.putText(lost, "NO SIGNAL", (width // 3, height // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
        cv2.putText(lost, f"{int(moment.t):06}", (5, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return lost


def freeze(moment: Moment) -> Image:
    """The same frame again; as a codec repeats it, with a clock that runs, where it is slight."""
    frozen = moment.first.copy()
    if moment.strength < 3 and moment.number // 10 % 2:  # each key frame is quantised anew
        frozen = np.asarray(cv2.imdecode(cv2.imencode(".jpg", frozen, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], 1), np.uint8)
    if moment.strength == 1:
        cv2.putText(frozen, f"{int(moment.t):06}", (5, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return frozen


def black(moment: Moment) -> Image:
    """A lens that is capped, with the sensor's noise."""
    dark = moment._replace(frame=_lit(moment.frame, _of(moment, 0.04, 0.02, 0.0), 3.0))
    return _grain(dark, 1.5)


def under_exposure(moment: Moment) -> Image:
    """Too little light by a factor."""
    return _lit(moment.frame, _of(moment, 0.3, 0.22, 0.16), 0)


def over_exposure(moment: Moment) -> Image:
    """Too much light, with a veil."""
    return _lit(moment.frame, _of(moment, 1.8, 2.3, 3.0), _of(moment, 50, 70, 90))


def colour_cast(moment: Moment) -> Image:
    """A channel that is too weak and one that is too strong, or one that is gone."""
    weak, strong = ((0, 2), (1, 0), (2, 1), (1, 2))[moment.seed % 4]
    gains = np.ones(3, np.float32)
    gains[weak], gains[strong] = _of(moment, 0.7, 0.45, 0.15), _of(moment, 1.15, 1.3, 1.5)
    return np.asarray(np.clip(moment.frame * gains, 0, 255), np.uint8)


def noise(moment: Moment) -> Image:
    """Grain, or pixels that are black or white."""
    if moment.seed % 3 < 2:
        return _grain(moment, _of(moment, 14, 22, 38))
    random = np.random.default_rng(1000 * moment.seed + moment.number)
    out, hit = moment.frame.copy(), random.random(moment.frame.shape[:2])
    share = _of(moment, 0.03, 0.06, 0.12)
    out[hit < share / 2], out[hit > 1 - share / 2] = 0, 255
    return out


def blur(moment: Moment) -> Image:
    """A lens that is out of focus."""
    sigma = _of(moment, 2.0, 3.5, 7.0) * moment.frame.shape[1] / 640
    return np.asarray(cv2.GaussianBlur(moment.frame, (0, 0), sigma), np.uint8)


def occlusion(moment: Moment) -> Image:
    """Something before the lens that is out of focus: from one side, or all of it."""
    height, width = moment.frame.shape[:2]
    share = _of(moment, 0.4, 0.65, 1.0)
    mask = np.zeros((height, width), np.float32)
    side = moment.seed % 4
    if side == 0:
        mask[:, : round(width * share)] = 1
    elif side == 1:
        mask[:, width - round(width * share) :] = 1
    elif side == 2:
        mask[: round(height * share)] = 1
    else:
        cv2.circle(mask, (width // 2, height // 2), round((share * width * height / np.pi) ** 0.5), 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), width / 80)[:, :, None]
    colour = ((35, 30, 28), (150, 145, 140), (110, 140, 190), (60, 70, 60))[moment.seed // 4 % 4]
    cover = moment._replace(frame=np.full_like(moment.frame, colour))
    return np.asarray(np.clip(moment.frame * (1 - mask) + _grain(cover, 1.5) * mask, 0, 255), np.uint8)


def moved(moment: Moment) -> Image:
    """The camera is turned: the picture is shifted, and turned where it is severe; what comes into view is a mirror."""
    height, width = moment.frame.shape[:2]
    share, angle = _of(moment, 0.07, 0.18, 0.45), _of(moment, 0, 3, 12)
    direction = (moment.seed * 2.4) % 6.28
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn[:, 2] += share * width * np.cos(direction), share * width * np.sin(direction) * 0.6
    turned = cv2.warpAffine(moment.frame, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(turned, np.uint8)


def stripes(moment: Moment) -> Image:
    """Bars that roll, stripes across or along, or slanted ones."""
    height, width = moment.frame.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    y, x = y * 360 / height, x * 640 / width
    amplitude = _of(moment, 12, 22, 40)
    form = moment.seed % 5
    if form == 0:
        pattern = np.sin(2 * np.pi * (y / 24 + moment.t * 0.7))
    elif form == 1:
        pattern = np.where((y + 97 * moment.t) % 180 < 60, 1.0, -0.5)
    elif form == 2:
        pattern = np.sin(2 * np.pi * x / 16)
    elif form == 3:
        pattern = np.sin(2 * np.pi * (x / 20 + y / 14 + moment.t * 0.3))
    else:
        pattern = np.sin(2 * np.pi * y / 9)
    return np.asarray(np.clip(moment.frame + amplitude * pattern[:, :, None], 0, 255), np.uint8)


FAULTS: dict[str, Callable[[Moment], Image]] = {
    fault.__name__: fault
    for fault in (
        signal_loss, freeze, black, under_exposure, over_exposure, colour_cast, noise, blur, occlusion, moved, stripes
    )
}  # fmt: skip


def faulty(frames: Iterable[tuple[float, Image]], kind: str, strength: int, begin: float, seed: int = 0) -> Frames:
    """Clean frames with a fault from a time on."""
    first: Image | None = None
    number = 0
    for t, frame in frames:
        if t < begin:
            yield t, frame
            continue
        first = frame if first is None else first
        yield t, FAULTS[kind](Moment(frame, first, t - begin, number, strength, seed))
        number += 1

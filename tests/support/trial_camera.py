"""The camera of the trials: a mast that sways, steps of exposure, noise and a codec."""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from tests.support.scenes import FPS, Frames, H, Image, Picture, Rng, W

BLOCK = 8
Paint = Callable[[float, Picture, Rng], Picture | None]
Ground = Callable[[float], Picture]
"""What is there at a time, (H, W, 3) of 0 .. 255: a place, or what a real camera saw."""


class Camera(NamedTuple):
    """How a camera sees: pixels of 320 by which its mast sways, noise in greys, quality of its codec (JPEG's)."""

    sway: float = 0.4
    sigma: float = 2.5
    quality: int = 60
    steps: float = 0.08
    """By which its exposure is regulated, each 12 s or so."""


def camera(seed: int) -> Camera:
    """One of many."""
    rng = np.random.default_rng(seed + 500)
    return Camera(
        float(rng.choice([0.0, 0.3, 0.8])), float(rng.uniform(1.0, 4.5)), int(rng.integers(35, 85)),
        float(rng.choice([0.0, 0.1, 0.2])),
    )  # fmt: skip


def filmed(ground: Ground, paint: Paint, seconds: float, seed: int, eye: Camera) -> Frames:
    """Frames of it. Blocks that have hardly changed are sent once in 10 s only, as codecs do."""
    rng = np.random.default_rng(seed + 1000)
    sent: Image | None = None
    gain, place = 1.0, np.zeros(2)
    for index in range(round(seconds * FPS)):
        t = index / FPS
        picture = ground(t).copy()
        painted = paint(t, picture, rng)
        picture = picture if painted is None else painted
        place = 0.75 * place + rng.normal(0, 0.5 * eye.sway, 2)
        if eye.sway:
            shift = np.array([[1, 0, place[0]], [0, 1, 0.6 * place[1]]], np.float32)
            picture = cv2.warpAffine(picture, shift, (W, H), borderMode=cv2.BORDER_REFLECT)
        if index % 60 == 59 and eye.steps:
            gain = float(rng.uniform(1 - eye.steps, 1 + eye.steps))
        grain = np.empty((H, W, 3), np.float32)
        cv2.setRNGSeed(seed * 7919 + index)
        cv2.randn(grain, (0.0,) * 3, (eye.sigma,) * 3)
        clean = np.clip(picture * gain + grain, 0, 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", clean, [cv2.IMWRITE_JPEG_QUALITY, eye.quality])[1]
        seen: Image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        if sent is not None and index % 50:
            apart = cv2.resize(
                cv2.absdiff(seen, sent).max(axis=2), (W // BLOCK, H // BLOCK), interpolation=cv2.INTER_AREA
            )
            kept = cv2.resize((apart < 4).astype(np.uint8), (W, H), interpolation=cv2.INTER_NEAREST)
            seen = np.where(kept[:, :, None] > 0, sent, seen)
        sent = seen
        yield t, seen.copy()

"""Stripes, and bars that roll: a pattern that goes across all of the picture and is not of the place."""

import cv2
import numpy as np

from analytics.video.finding import Cue
from analytics.video.quality.measures import Floats, Measures
from analytics.video.quality.quantile import quantile
from analytics.video.quality.ramp import ramp
from analytics.video.quality.usual import Usual

LEAST = 16
"""Rows or columns of a frame that can have stripes."""
CYCLES = 4
"""Of a pattern at least: the edge of something before the lens goes across, too, and is one."""
NOTHING, SURE = 2.0, 4.5
"""Grey by which stripes are stronger or weaker than the place."""


def stripes(now: Measures, usual: Usual | None) -> Cue:
    """What rows, or columns, have in common over all their length: a new pattern that repeats, or one that wanders from
    look to look; or one new wave, in any direction.
    """
    if usual is None:
        return Cue(0.0, {})
    cues = {
        "across": bars(now.rows, usual.rows, repeats=True),
        "along": bars(now.columns, usual.columns, repeats=True),
        "rolling": 0.0 if now.last_rows is None else bars(now.rows, now.last_rows, repeats=False),
        "wave": _wave(now, usual),
    }
    return Cue(max(cues.values()), cues)


def bars(seen: Floats, known: Floats, *, repeats: bool) -> float:
    """Of profiles (length, strips) without light: how strong, how alike in all strips, and how periodic what is new is.

    Only of what `repeats` is the last asked.
    """
    if len(seen) < LEAST:
        return 0.0
    new = _new(seen, known)
    if float(cv2.meanStdDev(cv2.reduce(new, 1, cv2.REDUCE_AVG))[1][0, 0]) < 0.5 * NOTHING:
        return 0.0
    common = _middles(new)
    # By most of its length: an edge that has moved by a pixel is strong in a few rows.
    strength = ramp(quantile(np.abs(common), 0.6), NOTHING, SURE)
    if strength == 0.0:
        return 0.0
    alike = (common @ new) / np.sqrt((new * new).sum(0) * (common @ common) + 1)
    shared = ramp(quantile(alike, 0.2), 0.5, 0.8)
    return min(strength, shared, _periodic(common) if repeats and shared > 0 else 1.0)


def _periodic(common: Floats) -> float:
    power = np.abs(np.fft.rfft(common * np.hanning(len(common)))) ** 2
    slow = float((np.abs(np.fft.rfft(common)[:CYCLES]) ** 2).sum())
    power[:CYCLES] = 0
    top = int(power.argmax())
    peak = float(power[max(0, top - 1) : top + 2].sum())
    return ramp(peak / (slow + float(power.sum()) + 1), 0.3, 0.6)


def _new(seen: Floats, known: Floats) -> Floats:
    """What is not of the place, whose contrast may have grown or shrunk."""
    gain = float(np.vdot(seen, known)) / (float(np.vdot(known, known)) + 1)
    return np.asarray(cv2.addWeighted(seen, 1.0, known, -min(max(gain, 0.0), 1.6), 0.0), np.float32)


def _middles(new: Floats) -> Floats:
    """The median of each row."""
    half = new.shape[1] // 2
    ordered = np.sort(new, axis=1)
    return np.asarray(ordered[:, half] if new.shape[1] % 2 else ordered[:, half - 1 : half + 1].mean(1), np.float32)


def _wave(now: Measures, usual: Usual) -> float:
    """How much of what is new in the structure is one wave."""
    new = _new(now.structure, usual.structure)
    strength = ramp(float(cv2.meanStdDev(new)[1][0, 0]), NOTHING, SURE)
    if strength == 0.0:
        return 0.0
    power = power_of(new)
    at = np.unravel_index(int(power.argmax()), power.shape)
    rows = np.arange(at[0] - 1, at[0] + 2) % power.shape[0]
    peak = float(power[rows][:, max(0, at[1] - 1) : at[1] + 2].sum())
    return min(ramp(peak / (float(power.sum()) + 1), 0.35, 0.6), strength)


def power_of(picture: Floats) -> Floats:
    """The power spectrum of a picture (h, w) of even sides: (h, w / 2 + 1), as of `np.fft.rfft2`, which is slower.

    It comes packed: real and imaginary parts side by side, and in the first and last columns one below the other.
    """
    packed = cv2.dft(picture)
    squares = packed * packed
    power = np.empty((picture.shape[0], picture.shape[1] // 2 + 1), np.float32)
    power[:, 1:-1] = squares[:, 1:-1:2] + squares[:, 2::2]
    half = picture.shape[0] // 2
    for column in (0, -1):
        edge = squares[:, column]
        power[0, column], power[half, column] = edge[0], edge[-1]
        power[1:half, column] = edge[1:-1:2] + edge[2::2]
        power[half + 1 :, column] = power[half - 1 : 0 : -1, column]
    return power

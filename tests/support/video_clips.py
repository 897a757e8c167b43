"""Frames of real clips, and what a camera with them would see for longer."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from analytics.video.view import reduced
from tests.support.video_scenes import FPS, Frames, Image, seen


def frames_of(clip: Path, fps: float = FPS) -> list[Image]:
    """Some frames a second of a clip, reduced as the hub does."""
    reader = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    rate, number, due = reader.get(cv2.CAP_PROP_FPS) or 25.0, 0, 0.0
    found: list[Image] = []
    while reader.grab():
        if number / rate >= due - 1e-6:
            found.append(reduced(np.asarray(reader.retrieve()[1], np.uint8)))
            due += 1 / fps
        number += 1
    if not found:
        raise SystemExit(f"{clip} cannot be read as a clip")
    return found


def to_and_fro(frames: list[Image], seconds: float) -> Frames:
    """Forwards, backwards and so on: without a cut."""
    round_trip = [*frames, *frames[-2:0:-1]]
    for number in range(round(seconds * FPS)):
        yield number / FPS, round_trip[number % len(round_trip)]


def under_other_light(frames: list[Image], seconds: float, seed: int) -> Frames:
    """The same with noise of its own, an exposure that drifts by 20 % and one that is regulated by steps."""
    random, step = np.random.default_rng(seed), 1.0
    for number, (t, frame) in enumerate(to_and_fro(frames, seconds)):
        if number % 150 == 149:
            step = random.uniform(0.8, 1.2)
        gain = step * (1 + 0.2 * np.sin(t / 41 + seed))
        yield t, seen(np.asarray(cv2.convertScaleAbs(frame, alpha=gain), np.uint8), number, random.uniform(0.5, 2.5))


def first(frames: Frames, seconds: float) -> Frames:
    """The begin of it."""
    return islice(frames, round(seconds * FPS))

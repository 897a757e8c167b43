"""Trials of what goes over a ground that is watched for water, or changes it, and is no flood."""

from typing import Any

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import H, Picture, Rng, W, box, noise, person
from tests.support.trial import FLOOR, Trial, still
from tests.support.trial_camera import Ground, Paint, camera, filmed

SECONDS = 75.0
BELOW = 96
"""The row from which on it is ground."""


def _harmless(paint: Paint, place: Ground, seed: int) -> Trial:
    """With a zone over the floor, or, of odd seeds, all of the picture watched."""
    settings: dict[str, Any] = {"kinds": ["flood"]}
    if seed % 2 == 0:
        settings["zones"] = [{"name": "floor", "polygon": FLOOR, "kinds": ["flood"]}]
    return Trial(filmed(place, paint, SECONDS, seed, camera(seed)), SECONDS, settings, None)


def _on_the_ground(softly: float = 4.0) -> Picture:
    """(H, W, 1): 0 above the ground, 1 on it."""
    made: Picture = np.clip((np.arange(H, dtype=np.float32) - BELOW) / softly, 0, 1)[:, None, None]
    return made


def train(seed: int, ground: Ground | None = None) -> Trial:
    """A train that comes slowly, goes by for half a minute and stands for a while."""
    rng = np.random.default_rng(seed)
    top, speed, stops = int(rng.integers(70, 110)), float(rng.uniform(14, 60)), bool(rng.random() < 0.5)
    colour = np.array(rng.uniform(40, 190, 3), np.float32)
    long = 6 * W
    body = np.ones((H - top - 8, long, 3), np.float32) * colour
    body *= (1 + 0.12 * noise(rng, H - top - 8, long, 5))[:, :, None]
    for left in range(0, long, 46):
        body[8:24, left + 6 : left + 38] = rng.uniform(30, 210, 3)
        body[:, left : left + 3] *= 0.5

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        gone = speed * max(min(t, 34.0 if stops else t) - 14, 0.0)
        seen = int(min(gone, W))
        if seen > 0 and gone < long:
            picture[top : H - 8, :seen] = body[:, long - int(gone) : long - int(gone) + seen]
        return None

    return _harmless(paint, ground or still(places.roadside(seed)), seed)


def throng(seed: int, ground: Ground | None = None) -> Trial:
    """A dense crowd that comes through from one side, and thins out again."""
    rng = np.random.default_rng(seed)
    walks = [
        (
            float(rng.uniform(12, 42)),
            float(rng.uniform(0.62, 1.0)) * H,
            float(rng.uniform(12, 34)),
            int(rng.integers(26, 52)),
        )
        for _ in range(90)
    ]
    walks.sort(key=lambda one: one[1])

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for come, y, speed, high in walks:
            x = (t - come) * speed - 20
            if -20 < x < W + 20:
                person(picture, x, y, t + come, high)
        return None

    place = places.indoors(seed) if seed % 4 < 2 else places.roadside(seed)
    return _harmless(paint, ground or still(place), seed)


def fog_lifts(seed: int, ground: Ground | None = None) -> Trial:
    """Fog from the first frame on that withdraws from the ground in patches."""
    rng = np.random.default_rng(seed)
    thick, patches, long = float(rng.uniform(0.5, 0.9)), noise(rng, H, 3 * W, 40), float(rng.uniform(12, 45))
    far = np.linspace(1.0, 0.5, H, dtype=np.float32)[:, None]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        at = int(2 * t)
        left = np.clip(1 - (t - 12) / long + 0.4 * patches[:, at : at + W], 0, 1)
        veil = (thick * far * left)[:, :, None]
        made: Picture = picture * (1 - veil) + 200 * veil
        return made

    return _harmless(paint, ground or still(places.roadside(seed)), seed)


def sun_patches(seed: int, ground: Ground | None = None) -> Trial:
    """The sun comes out: patches of light grow on a ground between shadows, and go."""
    rng = np.random.default_rng(seed)
    patches, bright = noise(rng, H, W, float(rng.uniform(10, 30))), float(rng.uniform(1.2, 1.7))
    slow, apart = float(rng.uniform(3, 14)), float(rng.uniform(18, 30))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        out = np.clip(np.clip((t % apart - 6) / slow, 0, 1) * (2 if t % apart < 16 else 0) + patches - 1, 0, 1)
        light = cv2.GaussianBlur(out.astype(np.float32), (0, 0), 1.5)[:, :, None] * _on_the_ground()
        made: Picture = picture * (1 + (bright - 1) * light)
        return made

    return _harmless(paint, ground or still(places.roadside(seed) * np.float32(0.75)), seed)


def sprinkler(seed: int, ground: Ground | None = None) -> Trial:
    """A sprinkler, or a car that cleans a street: the ground is dark strip by strip, and nothing runs."""
    rng = np.random.default_rng(seed)
    deep, speed = float(rng.uniform(0.68, 0.86)), float(rng.uniform(4, 16))
    top, high = int(rng.integers(100, 130)), int(rng.integers(24, 44))
    uneven = 6 * noise(rng, H, W, 8)
    columns = np.arange(W, dtype=np.float32)[None, :]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        far = speed * (t - 14)
        wet = np.clip((far - columns + uneven) / 3, 0, 1)
        wet[:top], wet[top + high :] = 0, 0
        made: Picture = (picture * (1 - (1 - deep) * wet[:, :, None])).astype(np.float32)
        if 0 < far < W + 60:
            box(made, far, top + high, 44, 30, (60.0, 120.0, 190.0), 11)
            for _ in range(60):
                x, y = far - 26 + rng.normal(0, 8), top + rng.uniform(0, high)
                if 0 <= x < W:
                    made[int(y), int(x)] += 60
        return made

    return _harmless(paint, ground or still(places.roadside(seed)), seed)


def thaw(seed: int, ground: Ground | None = None) -> Trial:
    """Snow that melts: a white ground becomes dark in patches that grow."""
    rng = np.random.default_rng(seed)
    patches, long = noise(rng, H, W, float(rng.uniform(8, 24))), float(rng.uniform(20, 50))
    white = np.array([225, 222, 218], np.float32) * (1 + 0.02 * noise(rng, H, W, 6))[:, :, None]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        lies = np.clip(2.2 - 3.2 * max(t - 10, 0.0) / long + 0.8 * patches, 0, 1)[:, :, None] * _on_the_ground()
        made: Picture = picture + 0.85 * lies * (white - picture)
        return made

    return _harmless(paint, ground or still(places.roadside(seed)), seed)

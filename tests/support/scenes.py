"""Generated scenes of a fixed camera, seeded, whose truth is exact: what is dangerous, and what only looks like it.

Each scene is frames of (t, bgr) of 320 x 180 at 5 a second, made one at a time.
"""

from collections.abc import Callable, Iterator
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

W, H, FPS = 320, 180, 5.0

Image = NDArray[np.uint8]
Frames = Iterator[tuple[float, Image]]
Picture = NDArray[np.float32]
"""(H, W, 3), 0 .. 255, as it is painted."""
Rng = np.random.Generator
Paint = Callable[[float, Picture, Rng], Picture | None]
"""Draws on a picture, or gives another one."""


def noise(rng: Rng, height: int, width: int, scale: float) -> Picture:
    """(height, width): smooth noise of mean 0 and spread 1, with structures of `scale` pixels."""
    small = rng.normal(size=(max(2, round(height / scale) + 2), max(2, round(width / scale) + 2))).astype(np.float32)
    field = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    made: Picture = (field - field.mean()) / max(float(field.std()), 1e-6)
    return made


def street(seed: int = 1, light: float = 1.0) -> Picture:
    """(H, W, 3): sky, houses with windows, grass, a road with marks."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((H, W, 3), np.float32)
    picture[:60] = np.linspace(235, 205, 60)[:, None, None] * np.array([1.0, 0.97, 0.94])
    x = 0
    while x < W:
        width, top = int(rng.integers(24, 60)), int(rng.integers(18, 44))
        picture[top:74, x : x + width] = rng.uniform(70, 165) * np.array([0.92, 0.97, 1.05])
        for row in range(top + 5, 68, 10):
            for column in range(x + 4, x + width - 5, 9):
                picture[row : row + 5, column : column + 4] = rng.uniform(30, 75)
        x += width
    picture[74:96] = np.array([60, 112, 84]) + 14 * noise(rng, 22, W, 2)[:, :, None]
    picture[96:] = 104 + 5 * noise(rng, H - 96, W, 1.5)[:, :, None]
    for column in range(0, W, 44):
        picture[134:138, column : column + 22] = 200
    made: Picture = np.clip(picture * light, 0, 255)
    return made


def scene(
    paint: Paint, seconds: float, seed: int = 1, place: Picture | None = None, sigma: float = 2.0, fps: float = FPS
) -> Frames:
    """Frames of a place that `paint(t, picture, rng)` draws on, with the noise of a sensor."""
    rng = np.random.default_rng(seed + 1000)
    ground = street(seed) if place is None else place
    for index in range(round(seconds * fps)):
        t = index / fps
        picture = ground.copy()
        painted = paint(t, picture, rng)
        picture = picture if painted is None else painted
        picture += rng.normal(0, sigma, (H, W, 1)).astype(np.float32)
        yield t, np.clip(picture, 0, 255).astype(np.uint8)


def blend(picture: Picture, alpha: Picture, colour: Picture | tuple[float, float, float]) -> None:
    """Lay a colour over a picture."""
    picture += alpha[:, :, None] * (np.asarray(colour, np.float32) - picture)


class Plume:
    """Puffs that rise from a source and spread; grey smoke, or steam that is gone after a while."""

    def __init__(
        self, x: float, y: float, rise: float, size: float, lives: float = 12.0, grey: float = 175.0, wind: float = 1.5
    ) -> None:
        """`rise` and `wind` in pixels a second, `size` of a new puff in pixels."""
        self.x, self.y, self.rise, self.size, self.lives, self.grey, self.wind = x, y, rise, size, lives, grey, wind
        self.puffs: list[list[float]] = []
        self.folds = noise(np.random.default_rng(77), 4 * H, 4 * W, max(size * 1.2, 2)) + 0.6 * noise(
            np.random.default_rng(78), 4 * H, 4 * W, max(size * 0.5, 1.5)
        )
        self.next = 0.0

    def paint(self, t: float, picture: Picture, rng: Rng) -> Picture | None:
        """Draw it as it is at `t`; t goes on from call to call."""
        every = max(self.size / self.rise / 2.5, 0.12)
        while self.next <= t:
            self.puffs.append(
                [
                    self.next,
                    self.x + rng.normal(0, self.size / 3),
                    rng.uniform(0.6, 1.4),
                    rng.normal(0, 1),
                    rng.uniform(0.75, 1.15),
                ]
            )
            self.next += every
        self.puffs = [puff for puff in self.puffs if t - puff[0] < self.lives]
        density = np.zeros((H, W), np.float32)
        shade = np.zeros((H, W), np.float32)
        for born, x, speed, side, grey in self.puffs:
            age = t - born
            spread = self.size * (0.6 + 0.35 * np.sqrt(age * self.rise / self.size))
            px = x + self.wind * age + side * spread * 0.4 * np.sin(age + born)
            py = self.y - self.rise * speed * age
            side_on = np.exp(-((np.arange(W) - px) ** 2) / (2 * spread**2))
            one = np.outer(np.exp(-((np.arange(H) - py) ** 2) / (2 * spread**2)), side_on).astype(np.float32)
            one *= np.float32(0.55 * (1 - age / self.lives))
            density += one
            shade += one * grey
        down, right = int(self.rise * t) % (3 * H), int(-self.wind * t) % (3 * W)
        folds = self.folds[down : down + H, right : right + W]
        density *= np.clip(1 + 0.35 * folds, 0.2, 2)
        shade *= np.clip(1 + 0.35 * folds, 0.2, 2)
        grey_now = self.grey * np.where(density > 1e-3, shade / np.maximum(density, 1e-3), 1.0)
        blend(picture, 1 - np.exp(-1.4 * density), np.dstack([grey_now * (1 + 0.07 * folds)] * 3))
        return None


def fire(picture: Picture, t: float, x: int, y: int, width: int, height: int, rng: Rng) -> None:
    """Flames that stand on (x, y): noise that scrolls up, hot below and in the middle, with the glow of a camera."""
    field = noise(rng, height, width, max(width / 4, 2)) * 0.5 + noise(rng, height, width, max(width / 8, 1.5)) * 0.25
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    sway = 0.25 * np.sin(7.3 * t + 3 * rows) + rng.normal(0, 0.08)
    heat = (
        1.25 * rows**0.7
        - 1.1 * (columns + sway * (1 - rows)) ** 2
        + 0.45 * field * (1.2 - 0.6 * rows)
        - 0.15
        + rng.normal(0, 0.07)
    )
    heat = np.clip(heat, 0, 1).astype(np.float32)
    colour = np.dstack(
        [255 * np.clip(2.2 * heat - 1.3, 0, 1), 255 * np.clip(1.7 * heat - 0.35, 0, 1), 255 * np.clip(3.5 * heat, 0, 1)]
    )
    top, left = max(y - height, 0), max(x - width // 2, 0)
    part = picture[top : top + height, left : left + width]
    blend(
        part,
        np.clip(2.5 * heat, 0, 1)[: part.shape[0], : part.shape[1]].astype(np.float32),
        colour[: part.shape[0], : part.shape[1]].astype(np.float32),
    )


@cache
def grain(seed: int, height: int, width: int) -> Picture:
    """(height, width, 1): the texture of a thing; not to be written."""
    return (1 + 0.18 * noise(np.random.default_rng(seed), height, width, 3))[:, :, None].astype(np.float32)


def box(
    picture: Picture, x: float, y: float, width: int, height: int, colour: tuple[float, float, float], seed: int = 3
) -> None:
    """A thing with edges and a texture of its own; its lower middle is at (x, y)."""
    left, top = round(x - width / 2), round(y - height)
    a, b, c, d = max(left, 0), max(top, 0), min(left + width, W), min(top + height, H)
    if a >= c or b >= d:
        return
    texture = grain(seed, height, width)[b - top : d - top, a - left : c - left]
    picture[b:d, a:c] = np.asarray(colour, np.float32) * texture


def person(picture: Picture, x: float, y: float, t: float, height: int = 26) -> None:
    """Somebody as a camera sees one from afar: head, body, legs that walk."""
    box(picture, x + np.sin(6 * t) * 2, y, height // 6, height // 2, (50, 40, 40), 5)
    box(picture, x - np.sin(6 * t) * 2, y, height // 6, height // 2, (50, 40, 40), 6)
    box(picture, x, y - height * 0.4, height // 3, height // 2, (120, 60, 45), 7)
    box(picture, x, y - height * 0.85, height // 6, height // 6, (120, 150, 185), 8)


def lamp(
    picture: Picture, x: float, y: float, size: float, colour: tuple[float, float, float], strength: float = 1.0
) -> None:
    """A light and its halo."""
    down = np.exp(-((np.arange(H) - y) ** 2) / (2 * size**2)), np.exp(-((np.arange(H) - y) ** 2) / (32 * size**2))
    side = np.exp(-((np.arange(W) - x) ** 2) / (2 * size**2)), np.exp(-((np.arange(W) - x) ** 2) / (32 * size**2))
    glow = strength * (np.outer(down[0], side[0]) + 0.25 * np.outer(down[1], side[1]))
    near = (
        slice(max(int(y - 14 * size), 0), max(int(y + 14 * size), 0)),
        slice(max(int(x - 14 * size), 0), max(int(x + 14 * size), 0)),
    )
    picture[near] += glow[near][:, :, None].astype(np.float32) * np.asarray(colour, np.float32)


def swayed(picture: Picture, t: float, region: tuple[int, int, int, int], reach: float = 2.5) -> None:
    """Foliage of a region (left, top, right, bottom) sways."""
    left, top, right, bottom = region
    part = picture[top:bottom, left:right].copy()
    rows, columns = np.mgrid[0 : bottom - top, 0 : right - left].astype(np.float32)
    gust = reach * (0.6 + 0.4 * np.sin(0.7 * t))
    dx = gust * np.sin(2.3 * t + columns / 9 + rows / 13) + 0.5 * gust * np.sin(5.1 * t + rows / 5)
    dy = 0.5 * gust * np.sin(2.9 * t + columns / 7)
    picture[top:bottom, left:right] = cv2.remap(
        part,
        (columns + dx).astype(np.float32),
        (rows + dy).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )

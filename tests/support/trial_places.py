"""Places of the trials, painted with seeds; the bench puts real frames in their stead."""

import cv2
import numpy as np

from tests.support.scenes import H, Picture, W, noise, street

Rng = np.random.Generator


def rough(rng: Rng, height: int, width: int, deep: float) -> Picture:
    """(height, width, 1): the texture of ground, at three scales."""
    field = noise(rng, height, width, 2) + 0.8 * noise(rng, height, width, 7) + 0.6 * noise(rng, height, width, 25)
    made: Picture = (deep * field)[:, :, None]
    return made


def leaves(rng: Rng, height: int, width: int, autumn: float) -> Picture:
    """(height, width, 3): a tree; `autumn`: 0 is green, 1 orange."""
    colour = np.array([40, 92, 62], np.float32) * (1 - autumn) + np.array([38, 98, 165], np.float32) * autumn
    light = noise(rng, height, width, 2.5)[:, :, None] * 0.35 + noise(rng, height, width, 12)[:, :, None] * 0.25
    made: Picture = np.clip(colour * (1 + light), 0, 255)
    return made


def roadside(seed: int) -> Picture:
    """A road with trees on both sides, under a sky."""
    rng = np.random.default_rng(seed)
    picture = street(seed, float(rng.uniform(0.7, 1.05)))
    picture[74:] += rough(rng, H - 74, W, 5)
    for left in (0, int(rng.integers(190, 230))):
        wide = int(rng.integers(60, 90))
        tree = leaves(rng, 100, wide, float(rng.choice([0.0, 0.1, 0.9])))
        blob = np.clip(noise(rng, 100, wide, 14) + 1.6 - 2.6 * np.abs(np.linspace(-1, 1, wide))[None, :] ** 2, 0, 1)
        part = picture[10:110, left : left + wide]
        part += blob[:, :, None] * (tree - part)
    return np.clip(picture, 0, 255).astype(np.float32)


def horizon(seed: int) -> Picture:
    """Hills one behind the other, paler the farther, under a sky that may be grey or blue."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((H, W, 3), np.float32)
    sky = np.array([235, 205, 170], np.float32) if rng.random() < 0.5 else np.array([205, 205, 205], np.float32)
    picture[:] = sky * np.linspace(1.0, 0.92, H)[:, None, None]
    picture[:90] += 6 * noise(rng, 90, W, 30)[:, :, None]
    level = float(rng.uniform(62, 90))
    for number in range(3):
        far = 1 - number / 3
        line = level + 22 * number + 9 * noise(rng, 1, W, 40)[0] + 2 * noise(rng, 1, W, 8)[0]
        ground = np.array([50, 80, 62], np.float32) * (1 - 0.65 * far) + sky * 0.62 * far
        land = ground + rough(rng, H, W, 9 * (1 - 0.7 * far))
        below = np.arange(H)[:, None] > line[None, :]
        picture[below] = land[below]
    return np.clip(picture, 0, 255)


def indoors(seed: int) -> Picture:
    """A room with a wall, doors, a floor of tiles or concrete, lit from above."""
    rng = np.random.default_rng(seed)
    floor = int(rng.integers(66, 92))
    picture = np.zeros((H, W, 3), np.float32)
    picture[:floor] = rng.uniform(120, 205) * np.array([0.97, 1.0, 1.02])
    for _ in range(3):
        left, wide = int(rng.integers(0, W - 50)), int(rng.integers(24, 46))
        picture[floor - 48 : floor, left : left + wide] = rng.uniform(40, 170, 3)
    picture[floor:] = rng.uniform(90, 180) * np.array([0.96, 1.0, 1.03])
    picture[floor:] += rough(rng, H - floor, W, 4)
    if rng.random() < 0.7:
        far = np.linspace(0, 1, 9) ** 1.6
        for row in floor + far * (H - floor - 1):
            picture[int(row)] *= 0.72
        for column in range(-8, 9):
            a, b = (W // 2 + column * 18, floor), (W // 2 + column * 62, H)
            cv2.line(picture, a, b, [float(value) * 0.75 for value in picture[floor + 5, W // 2]], 1)
    return np.clip(picture, 0, 255)


def fields(seed: int) -> Picture:
    """(3 H, 3 W, 3): land from above, with fields, roads and roofs."""
    rng = np.random.default_rng(seed)
    land = np.zeros((3 * H, 3 * W, 3), np.float32)
    land[:] = (62, 105, 92)
    for _ in range(60):
        x, y = int(rng.integers(0, 3 * W)), int(rng.integers(0, 3 * H))
        colour = np.array([55, 100, 95]) * rng.uniform(0.6, 1.5) + rng.normal(0, 10, 3)
        size = float(rng.uniform(60, 160)), float(rng.uniform(40, 120))
        corners = cv2.boxPoints(((x, y), size, float(rng.uniform(0, 90)))).astype(np.int32)
        cv2.fillPoly(land, [corners], [float(one) for one in colour])
    for _ in range(40):
        x, y = int(rng.integers(0, 3 * W)), int(rng.integers(0, 3 * H))
        roof = (60, 75, rng.uniform(90, 190)) if rng.random() < 0.5 else (rng.uniform(90, 220),) * 3
        cv2.rectangle(land, (x, y), (x + int(rng.integers(8, 22)), y + int(rng.integers(8, 22))), roof, -1)
    made: Picture = np.clip(land + rough(rng, 3 * H, 3 * W, 8), 0, 255)
    return made

"""Scenes by name that only look like something that must be found."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from tests.support.scenes import (
    FPS,
    Frames,
    H,
    Picture,
    Plume,
    Rng,
    W,
    blend,
    box,
    lamp,
    noise,
    person,
    scene,
    street,
    swayed,
)


def _grove(seed: int = 4) -> Picture:
    rng = np.random.default_rng(seed)
    picture = street(seed)
    leaves = noise(rng, 110, 150, 2.5)
    picture[:110, :150] = np.array([45, 95, 70]) + leaves[:, :, None] * np.array([18, 30, 24])
    autumn = noise(rng, 70, 90, 3)
    picture[20:90, 200:290] = np.array([45, 105, 170]) + autumn[:, :, None] * np.array([20, 34, 44])
    return np.clip(picture, 0, 255).astype(np.float32)


def foliage(seconds: float) -> Frames:
    """Green and autumn leaves in wind, in changing light, and a few cars."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        swayed(picture, t, (0, 0, 150, 110))
        swayed(picture, t + 3, (200, 20, 290, 90))
        box(picture, (t * 60) % 700 - 60, 150, 54, 24, (200, 195, 190))
        made: Picture = picture * (1 + 0.12 * np.sin(0.21 * t))
        return made

    return scene(paint, seconds, 4, _grove())


def headlights(seconds: float) -> Frames:
    """Night: cars with lights and pools of light on the road, sodium lamps, brake lights."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        lamp(picture, 60, 20, 4, (60, 150, 230), 1 + 0.03 * np.sin(31 * t))
        lamp(picture, 250, 24, 4, (60, 150, 230))
        for lane, speed, y, seed in ((0, 55, 120, 1), (1, -70, 150, 2)):
            x = (t * speed + 97 * seed) % (W + 160) - 80
            towards = 1 if speed > 0 else -1
            box(picture, x, y, 46, 18, (26, 24, 22))
            if lane == 0:
                lamp(picture, x + 22, y - 6, 3, (240, 250, 255), 1.2)
                lamp(picture, x + 44, y + 6, 12, (90, 100, 105), 0.8)
            else:
                brakes = 1.0 if (t + seed) % 9 < 3 else 0.5
                lamp(picture, x - 22 * towards, y - 7, 2.5, (30, 30, 240), brakes)
                lamp(picture, x - 22 * towards, y + 6, 6, (8, 8, 90), brakes)
        return None

    return scene(paint, seconds, 5, street(5, 0.16), 4.0)


def orange_truck(seconds: float) -> Frames:
    """An orange truck that passes, stops for a while with its amber light turning, and goes on."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        cycle = t % 60
        x = cycle * 40 - 60 if cycle < 5.5 else 160 if cycle < 40 else 160 + (cycle - 40) * 40
        box(picture, x, 150, 92, 46, (30, 120, 235))
        box(picture, x + 55, 150, 26, 34, (40, 130, 245))
        if int(t * FPS) % 4 < 2:
            lamp(picture, x + 55, 112, 3, (20, 150, 255), 1.2)
        return None

    return scene(paint, seconds, 6)


def sunset(seconds: float) -> Frames:
    """A low sun, warm light on everything, shimmer on water."""
    place = street(7)
    place[:60] = np.linspace(0.75, 1, 60)[:, None, None] * np.array([90, 150, 245])
    place = np.clip(place * np.array([0.6, 0.85, 1.15]), 0, 255).astype(np.float32)
    place[140:, :] = np.array([60, 90, 130])

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        lamp(picture, 210, 40 + t * 0.02, 9, (160, 230, 255), 1.5)
        waves = noise(rng, 40, W, 4) * np.exp(-(((np.arange(W) - 210) / 24) ** 2))
        picture[140:] += np.clip(waves, 0, 9)[:, :, None] * np.array([30, 55, 90])
        return None

    return scene(paint, seconds, 7, place)


def rain(seconds: float) -> Frames:
    """Heavy rain, and lights of cars in it."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        streaks = np.zeros((H, W), np.float32)
        for x, y in zip(rng.integers(0, W, 130), rng.integers(-10, H, 130), strict=True):
            cv2.line(streaks, (int(x), int(y)), (int(x) + 2, int(y) + 14), 1.0, 1)
        blend(picture, 0.35 * streaks, (205.0, 205.0, 205.0))
        x = (t * 50) % 500 - 60
        box(picture, x, 150, 50, 22, (60, 50, 50))
        lamp(picture, x + 25, 142, 3, (220, 240, 255))
        return None

    return scene(paint, seconds, 8, street(8, 0.7) * 0.8 + 30, 3.0)


def flag(seconds: float) -> Frames:
    """A red flag with yellow stars, and an orange banner, in wind."""
    cloth = np.zeros((36, 54, 3), np.float32)
    cloth[:] = (35, 30, 215)
    cv2.circle(cloth, (12, 10), 5, (30, 210, 250), -1)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for cloth_, left, top in ((cloth, 90, 20), (cloth * 0 + np.array([40, 140, 250], np.float32), 200, 40)):
            rows, columns = np.mgrid[0:44, 0:54].astype(np.float32)
            wave = (columns / 54) * 3.5 * np.sin(columns / 7 - 6.1 * t) + 1.2 * np.sin(2.2 * t)
            moved = cv2.remap(
                cloth_.astype(np.float32),
                columns,
                (rows - 4 - wave).astype(np.float32),
                cv2.INTER_LINEAR,
                borderValue=(-1, -1, -1),
            )
            light = 1 + 0.22 * (columns / 54) * np.cos(columns / 7 - 6.1 * t)
            on = moved[:, :, 2] >= 0
            part = picture[top : top + 44, left : left + 54]
            part[on] = (moved * light[:, :, None])[on]
        return None

    return scene(paint, seconds, 9)


def wet_road(seconds: float) -> Frames:
    """Brake lights that stand in traffic on a wet road at dusk: long red reflections that shimmer; turn signals."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for index, x in enumerate((70, 150, 235)):
            brakes = 1.0 if (t + 4 * index) % 20 < 14 else 0.15
            box(picture, x, 128, 46, 26, (40, 36, 34))
            for side in (-18, 18):
                lamp(picture, x + side, 118, 2.5, (30, 40, 250), brakes)
                shimmer = np.clip(noise(rng, 45, 12, 3) * 0.5 + 0.7, 0, 2) * np.linspace(1, 0, 45)[:, None]
                part = picture[130:175, x + side - 6 : x + side + 6]
                part += (brakes * shimmer * np.exp(-(((np.arange(12) - 6) / 3) ** 2)))[:, :, None] * np.array(
                    [12, 18, 130]
                )
            if index == 1 and int(t / 0.4) % 2:
                lamp(picture, x + 20, 114, 2.5, (10, 140, 255), 1.1)
        return None

    return scene(paint, seconds, 10, street(10, 0.35), 3.0)


def clouds(seconds: float) -> Frames:
    """Clouds that drift over the sky, and their shadows over the ground."""
    rng = np.random.default_rng(11)
    layer = noise(rng, 60, 1600, 26) + 0.5 * noise(rng, 60, 1600, 9)
    shade = noise(rng, H, 1600, 80)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        at = round(t * 3)
        cover = np.clip(0.5 + 0.5 * layer[:, at : at + W], 0, 1).astype(np.float32)
        sky = picture[:60]
        blue = sky[:, :, 0] > 195
        blend(sky, np.where(blue, 0.5 * cover, 0).astype(np.float32), (150.0, 150.0, 150.0))
        picture[60:] *= (1 - 0.14 * np.clip(shade[60:, at : at + W], 0, 1.5))[:, :, None]
        return None

    return scene(paint, seconds, 11)


def exposure(seconds: float) -> Frames:
    """White cars by which the exposure steps down and up, and a camera that shakes and drifts by a pixel or two."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        cycle = t % 15
        if 3 < cycle < 7:
            box(picture, (cycle - 3) * 110 - 60, 160, 120, 60, (245, 245, 245))
        step = 0.72 if 4 < cycle < 9 else 1.0
        dx, dy = 1.5 * np.sin(0.1 * t) + 0.3 * rng.normal(), 0.8 * np.sin(0.07 * t)
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        made: Picture = cv2.warpAffine(picture * step, shift, (W, H), borderMode=cv2.BORDER_REFLECT)
        return made

    return scene(paint, seconds, 12)


def steam(seconds: float) -> Frames:
    """White steam from a vent on a roof, gone after a second or two."""
    plume = Plume(140, 30, 18, 4, 1.6, 235, 6)
    return scene(plume.paint, seconds, 13)


def walkers(seconds: float) -> Frames:
    """People who walk, stand for 8 seconds and stir, and go."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for index in range(3):
            cycle = (t + 9 * index) % 30
            x = 40 + cycle * 12 if cycle < 10 else 160 if cycle < 18 else 160 + (cycle - 18) * 14
            person(
                picture,
                x + 25 * index + 0.8 * np.sin(3 * t + index),
                120 + 14 * index,
                t if cycle < 10 or cycle >= 18 else 0.6 * np.sin(2 * t),
            )
        return None

    return scene(paint, seconds, 14)


def motorway(seconds: float) -> Frames:
    """Dense traffic that goes away and comes near on six lanes, seen along the road, far cars small and soft."""
    place = street(15)
    road = np.array([[20, 179], [300, 179], [178, 62], [168, 62]], np.int32)
    cv2.fillPoly(place, [road], (112.0, 112.0, 112.0))
    place += 3 * noise(np.random.default_rng(15), H, W, 2)[:, :, None]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for index in range(30):
            lane, away = index % 6, index % 6 >= 3
            along = (t / 9 + index * 0.37) % 1.0
            near = (1 - along if away else along) ** 2.2
            size = 3 + 44 * near
            x = 173 + near * (-125 + 50 * lane)
            shade = 40 + 67 * (index * 7 % 10) % 200
            left, low = round(x - size / 2), round(64 + 112 * near)
            cv2.rectangle(
                picture, (left, low - round(0.7 * size)), (left + round(size), low), (shade, shade, shade), -1
            )
        softened: Picture = cv2.GaussianBlur(picture, (5, 5), 0)
        return softened

    return scene(paint, seconds, 15, place, 3.0)


HARMLESS: Mapping[str, Callable[[float], Frames]] = {
    made.__name__: made
    for made in (
        foliage,
        headlights,
        orange_truck,
        sunset,
        rain,
        flag,
        wet_road,
        clouds,
        exposure,
        motorway,
        steam,
        walkers,
    )
}

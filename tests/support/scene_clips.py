"""Scenes by name in which something is there and must be found, and their like in which it is not."""

import cv2
import numpy as np

from tests.support.scenes import (
    Frames,
    H,
    Paint,
    Picture,
    Plume,
    Rng,
    W,
    blend,
    box,
    fire,
    lamp,
    noise,
    person,
    scene,
    street,
)


def _fire_from(begin: float, x: int, y: int, width: int, height: int) -> Paint:
    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t >= begin:
            fire(picture, t, x, y, width, height, rng)
        return None

    return paint


def fire_at_house(seconds: float) -> Frames:
    """Flames in front of a house from second 10 on."""
    return scene(_fire_from(10, 150, 100, 36, 44), seconds, 21)


def fire_at_night(seconds: float) -> Frames:
    """The same at night, from second 10 on."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t >= 10:
            fire(picture, t, 210, 96, 26, 32, rng)
            lamp(picture, 210, 84, 14, (20, 60, 110), 1 + 0.2 * rng.normal())
        return None

    return scene(paint, seconds, 22, street(22, 0.15), 4.0)


def fire_small(seconds: float) -> Frames:
    """A small fire far away, 10 x 12 pixels of 320, from second 10 on."""
    return scene(_fire_from(10, 80, 130, 12, 14), seconds, 23)


def smoke_near(seconds: float) -> Frames:
    """Grey smoke from the ground before houses, from second 15 on."""
    plume = Plume(160, 110, 14, 9)
    plume.next = 15
    return scene(plume.paint, seconds, 24)


def smoke_horizon(seconds: float) -> Frames:
    """A thin white plume far away, above hills, from second 15 on."""
    rng = np.random.default_rng(25)
    place = np.zeros((H, W, 3), np.float32)
    place[:] = np.linspace(215, 180, H)[:, None, None] * np.array([1.0, 0.9, 0.8])
    hills = (95 + 10 * np.sin(np.arange(W) / 40) + 4 * np.sin(np.arange(W) / 11)).astype(int)
    for x in range(W):
        place[hills[x] :, x] = (62, 84, 70)
    place += 7 * noise(rng, H, W, 2)[:, :, None] * (place[:, :, :1] < 100)
    plume = Plume(200, 112, 4, 4, 20, 225, 1.2)
    plume.next = 15
    return scene(plume.paint, seconds, 25, place)


def smoke_dark(seconds: float) -> Frames:
    """Black smoke from burning tyres, from second 15 on."""
    plume = Plume(110, 100, 16, 8, 10, 45, 4)
    plume.next = 15
    return scene(plume.paint, seconds, 26)


def intruder(seconds: float) -> Frames:
    """Somebody walks along the lower road from second 20 to 40; cars pass above all the time."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        box(picture, (t * 70) % 420 - 50, 128, 52, 22, (190, 190, 200))
        if 20 <= t < 40:
            person(picture, 30 + (t - 20) * 13, 172, t, 22)
        return None

    return scene(paint, seconds, 31)


def bag_left(seconds: float) -> Frames:
    """Somebody comes, puts a bag down at second 22, goes; somebody takes it at second 60."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if 15 <= t < 29:
            person(picture, 20 + (t - 15) * 20, 160, t, 30)
        if 22 <= t < 60:
            box(picture, 160, 160, 14, 10, (45, 50, 120), 9)
        if 53 <= t < 67:
            person(picture, 20 + (t - 53) * 20, 160, t, 30)
        return None

    return scene(paint, seconds, 32)


def bin_removed(seconds: float) -> Frames:
    """A bin that has always stood there is taken at second 25."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t < 25:
            box(picture, 160, 150, 16, 22, (60, 190, 200), 10)
        if 18 <= t < 32:
            person(picture, 20 + (t - 18) * 20, 156, t, 30)
        return None

    return scene(paint, seconds, 33)


def crossers(seconds: float) -> Frames:
    """From second 10 on a car to the right in the upper lane every 10 s, one to the left in the lower every 20 s."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t >= 10:
            box(picture, (t % 10) * 60 - 60, 126, 50, 22, (200, 60, 50))
            box(picture, 400 - ((t + 5) % 20) * 60, 165, 50, 24, (40, 40, 60), 11)
        return None

    return scene(paint, seconds, 34)


def crowd_gathers(seconds: float) -> Frames:
    """People come one after the other from second 15 on, stand close together and stir; a lorry parks before them."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for index in range(min(int((t - 15) * 1.2), 30) if t > 15 else 0):
            x, y = 95 + 15 * (index % 10) + 3 * (index // 10), 128 + 16 * (index // 10)
            person(picture, x + 1.2 * np.sin(1.9 * t + index), y, 0.4 * np.sin(2.4 * t + index), 30)
        return None

    return scene(paint, seconds, 35)


def lorry_parks(seconds: float) -> Frames:
    """A lorry comes at second 15 and stands where a crowd is looked for."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t > 15:
            box(picture, min(-80 + (t - 15) * 60, 160), 165, 150, 60, (150, 140, 130), 12)
        return None

    return scene(paint, seconds, 36)


def flood_indoors(seconds: float) -> Frames:
    """Water spreads over a tiled floor from second 20 on, shines and ripples."""
    rng = np.random.default_rng(37)
    place = np.full((H, W, 3), 170, np.float32)
    place[:70] = (190, 200, 205)
    place[30:70, 40:90] = (60, 70, 90)
    for row in range(74, H, 14):
        place[row : row + 1] = 110
    for column in range(0, W, 22):
        place[70:, column : column + 1] = 110
    place[70:] += 5 * noise(rng, H - 70, W, 2)[:, :, None]
    wobble = 10 * noise(rng, H, W, 30)
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
    apart = np.sqrt(((columns - 240) / 1.9) ** 2 + (rows - 120) ** 2) + wobble

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t > 20:
            wet = np.clip((min(6 * (t - 20) ** 0.8, 95) - apart) / 2, 0, 1) * (rows > 72)
            ripple = np.sin(apart / 2.5 - 5 * t) * 7 + 6 * noise(rng, H, W, 7)
            mirror = cv2.GaussianBlur(picture[::-1], (0, 0), 4) * 0.62
            blend(picture, (0.85 * wet).astype(np.float32), (mirror + ripple[:, :, None]).astype(np.float32))
        return None

    return scene(paint, seconds, 37, place)


def people_indoors(seconds: float) -> Frames:
    """The same floor without water: people walk, a door lets light in, a cleaner stands for a while."""
    place = next(flood_indoors(0.3))[1].astype(np.float32)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        person(picture, (t * 22) % 420 - 40, 150, t, 60)
        if 20 < t < 40:
            person(picture, 220 + np.sin(2 * t), 165, 0.3 * np.sin(2 * t), 70)
        if 30 < t < 50:
            corner = np.array([[60, 70], [90, 70], [200, 179], [90, 179]], np.int32)
            bright = np.zeros((H, W), np.float32)
            cv2.fillPoly(bright, [corner], 1.0)
            picture *= 1 + 0.25 * cv2.GaussianBlur(bright, (0, 0), 3)[:, :, None]
        return None

    return scene(paint, seconds, 38, place)


def gauge_rises(seconds: float) -> Frames:
    """A gauge board from 4 m at 0.1 of the height to 0 m at 0.9; the water rises from 1 m by 0.02 m a second to 3 m."""
    place = np.full((H, W, 3), 120, np.float32)
    place += 6 * noise(np.random.default_rng(39), H, W, 6)[:, :, None]
    top, bottom = 18, 162
    place[top:bottom, 150:162] = 225
    for mark in range(40):
        y = top + (bottom - top) * mark // 40
        if mark % 2:
            place[y : y + 3, 150 : 156 if mark % 5 else 162] = 40

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        level = gauge_level(t)
        y = round(bottom - (bottom - top) * level / 4)
        picture[y:] = np.array([95, 90, 70]) + 7 * noise(rng, H - y, W, 5)[:, :, None]
        if H - y > 20:
            picture[y + 2 : y + 12, 150:162] += 12 * np.clip(noise(rng, 10, 12, 3), 0, 2)[:, :, None]
        return None

    return scene(paint, seconds, 39, place, fps=1)


def gauge_level(t: float) -> float:
    """Of `gauge_rises`, in metres."""
    return min(1.0 + 0.02 * t, 3.0)

"""Scenes by name: what is there and must be found, and what only looks like it and must not."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from tests.support.scenes import (
    FPS,
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

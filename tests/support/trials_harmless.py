"""Trials in which nothing is to be found, however much it looks like something."""

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import H, Picture, Rng, W, blend, box, lamp, noise, person, swayed
from tests.support.trial import FLOOR, LOOKED_FOR, Trial, kinds, still, traffic
from tests.support.trial_camera import Ground, camera, filmed
from tests.support.trial_matter import Flow, Smoke


def _harmless(
    paint: Callable[[float, Picture, Rng], Picture | None],
    place: Ground,
    seed: int,
    seconds: float = 60,
    also: frozenset[str] = frozenset(),
    settings: Mapping[str, Any] | None = None,
) -> Trial:
    return Trial(filmed(place, paint, seconds, seed, camera(seed)), seconds, settings or kinds(), None, also=also)


def foliage(seed: int, ground: Ground | None = None) -> Trial:
    """Traffic behind trees in gusts, some of them orange."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed)
        swayed(picture, t, (0, 10, 90, 110), 3)
        swayed(picture, t + 2, (190, 10, 310, 110), 3)
        made: Picture = picture * np.float32(1 + 0.12 * np.sin(0.2 * t + seed))
        return made

    return _harmless(paint, ground or still(places.roadside(seed)), seed)


def autumn(seed: int, ground: Ground | None = None) -> Trial:
    """A tree in gusts with green, yellow and orange leaves, each of which goes its own way."""
    rng = np.random.default_rng(seed)
    leaves, there = np.zeros((H, W, 3), np.float32), np.zeros((H, W), np.float32)
    tones = np.array([(40, 110, 50), (40, 150, 170), (45, 110, 200)], np.float32)
    for _ in range(2200):
        at = int(rng.normal(90, 55)), int(abs(rng.normal(0, 45)))
        size = int(rng.uniform(2, 5)), int(rng.uniform(1, 3))
        tone = tones[rng.choice(3, p=(0.6, 0.25, 0.15))] * rng.uniform(0.5, 1.25)
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(leaves, at, size, angle, 0, 360, tuple(float(one) for one in tone), -1)
        cv2.ellipse(there, at, size, angle, 0, 360, 1.0, -1)
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
    phase = 3 * noise(rng, H, W, 24)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        gust = 1 + 2.5 * float(np.sin(0.31 * t + seed)) ** 2
        x = (columns + gust * (np.sin(phase + 2.1 * t) + 0.6 * np.sin(1.7 * phase + 5.3 * t))).astype(np.float32)
        y = (rows + 0.6 * gust * np.sin(1.3 * phase + 3.4 * t)).astype(np.float32)
        cover = cv2.remap(there, x, y, cv2.INTER_LINEAR)[:, :, None]
        made: Picture = picture * (1 - cover) + cover * cv2.remap(leaves, x, y, cv2.INTER_LINEAR)
        return made

    return _harmless(paint, ground or still(places.roadside(seed)), seed)


def flags(seed: int, ground: Ground | None = None) -> Trial:
    """Red, orange and yellow flags in wind, with folds that catch the light."""
    rng = np.random.default_rng(seed)
    cloths = []
    for _ in range(2):
        cloth = np.zeros((int(rng.integers(20, 50)), int(rng.integers(24, 70)), 3), np.float32)
        cloth[:] = [(35, 30, 215), (40, 130, 245), (30, 190, 240)][int(rng.integers(3))]
        if rng.random() < 0.6:
            cv2.circle(cloth, (cloth.shape[1] // 3, cloth.shape[0] // 2), 6, (30, 210, 250), -1)
        cloths.append(
            (
                cloth,
                int(rng.integers(10, 230)),
                int(rng.integers(8, 60)),
                float(rng.uniform(3, 8)),
                float(rng.uniform(0.1, 0.45)),
            )
        )

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for cloth, left, top, beat, deep in cloths:
            high, wide = cloth.shape[:2]
            rows, columns = np.mgrid[0 : high + 12, 0:wide].astype(np.float32)
            phase = columns / 7 + rows / 23 - beat * t
            wave = (columns / wide) * (4 * np.sin(phase) + 1.5 * np.sin(2.3 * phase + 1)) + 1.5 * np.sin(1.7 * t)
            moved = cv2.remap(
                cloth, columns, (rows - 6 - wave).astype(np.float32), cv2.INTER_LINEAR, borderValue=(-1, -1, -1)
            )
            light = 1 + deep * (columns / wide) * (np.cos(phase) + 0.5 * np.cos(2.3 * phase + 1))
            on = moved[:, :, 2] >= 0
            part = picture[top : top + high + 12, left : left + wide]
            part[on] = (moved * light[:, :, None])[: part.shape[0], : part.shape[1]][on]
        return None

    return _harmless(paint, ground or still(places.roadside(seed)), seed)


def led_wall(seed: int, ground: Ground | None = None) -> Trial:
    """A wall of LEDs with moving pictures in warm colours: clips, texts, plain cuts."""
    rng = np.random.default_rng(seed)
    high, wide = int(rng.integers(24, 60)), int(rng.integers(40, 110))
    left, top = int(rng.integers(10, W - wide - 10)), int(rng.integers(10, 50))
    films = [noise(rng, high, 8 * wide, float(rng.uniform(4, 20))) for _ in range(3)]
    tones = [np.array(one, np.float32) for one in ((20, 60, 255), (30, 150, 255), (60, 220, 255))]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        film, at = films[int(t / 4) % 3], round(t * (25 + 9 * (seed % 5))) % (7 * wide)
        level = np.clip(0.6 + 0.5 * film[:, at : at + wide], 0, 1.3)[:, :, None]
        frame = tones[int(t / 7) % 3] * level
        if int(t / 6) % 2:
            cv2.putText(frame, "SALE", (6, high - 8), cv2.FONT_HERSHEY_SIMPLEX, high / 40, (90, 240, 255), 3)
        picture[top : top + high, left : left + wide] = np.clip(frame, 0, 255)
        return None

    return _harmless(paint, ground or still(places.roadside(seed) * np.float32(0.5)), seed)


def steam_red(seed: int, ground: Ground | None = None) -> Trial:
    """Steam in front of a red or orange wall: smoke may be told, flames not."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed)
    tone = [(40, 45, 205), (50, 110, 230), (60, 70, 170)][int(rng.integers(3))]
    place[30:100, 100:220] = tone
    place[30:100, 100:220] *= 1 + 0.05 * noise(rng, 70, 120, 3)[:, :, None]
    place[30:100:9, 100:220] *= 0.85
    flow = Flow((160, 98, 6, 3), float(rng.uniform(14, 30)), float(rng.uniform(-6, 6)), seed, 0.5, 0.25, soft=0.6)
    return _harmless(Smoke(flow, 0, 235, 2.5), still(place), seed, also=frozenset({"smoke"}))


def mast(seed: int, ground: Ground | None = None) -> Trial:
    """A mast that sways by several pixels over a street with red and orange shop signs."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed)
    for _ in range(5):
        x, y = int(rng.integers(0, W - 30)), int(rng.integers(30, 80))
        cv2.rectangle(
            place,
            (x, y),
            (x + int(rng.integers(8, 30)), y + int(rng.integers(4, 12))),
            [(30, 40, 235), (30, 140, 250), (60, 210, 250)][int(rng.integers(3))],
            -1,
        )
    reach, beat = float(rng.uniform(1, 2)), float(rng.uniform(1.2, 5))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        dx, dy = reach * np.sin(beat * t) * (1 + 0.4 * np.sin(0.3 * t)), 0.4 * reach * np.sin(1.4 * beat * t)
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        made: Picture = cv2.warpAffine(picture, shift, (W, H), borderMode=cv2.BORDER_REFLECT)
        return made

    return _harmless(paint, ground or still(place), seed)


def red_cars(seed: int, ground: Ground | None = None) -> Trial:
    """Red and orange cars and buses that come, stand at a light and go."""
    rng = np.random.default_rng(seed)
    cars = [
        (
            float(rng.uniform(0, 40)),
            float(rng.uniform(130, 172)),
            int(rng.integers(44, 110)),
            int(rng.integers(18, 44)),
            [(35, 30, 190), (40, 120, 235), (60, 60, 220)][int(rng.integers(3))],
            float(rng.uniform(20, 60)),
        )
        for _ in range(4)
    ]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for number, (late, y, wide, high, colour, speed) in enumerate(cars):
            cycle = (t + late) % 40
            x = cycle * speed - 60 if cycle * speed < 200 else max(140.0, 140 + (cycle - 16) * speed)
            box(picture, x, y, wide, high, colour, 3 + number)
            box(picture, x, y - high * 0.5, int(wide * 0.7), high // 3, (60, 50, 45), 8)
            lamp(picture, x - wide / 2, y - high / 3, 1.5, (20, 30, 240), 1.0 if 140 <= x < 145 else 0.4)
        return None

    return _harmless(paint, ground or still(places.roadside(seed)), seed, settings=kinds("flame", "smoke", "flood"))


def sunset(seed: int, ground: Ground | None = None) -> Trial:
    """A low sun that sinks behind roofs, glows on windows and glitters on water."""
    rng = np.random.default_rng(seed)
    warm = np.array([0.62, 0.85, 1.1], np.float32)
    place = np.clip(places.roadside(seed) * warm, 0, 255)
    x, y = float(rng.uniform(60, 260)), float(rng.uniform(14, 30))
    place[140:] = place[140:] * 0.3 + np.array([40, 70, 100], np.float32)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        lamp(picture, x, y + 0.1 * t, 7, (150, 225, 255), 1.4)
        waves = noise(rng, 40, W, 3) * np.exp(-(((np.arange(W) - x) / 26) ** 2))
        picture[140:] += np.clip(waves, 0, 9)[:, :, None] * np.array([40, 70, 100], np.float32)
        made: Picture = picture * np.float32(1 - 0.003 * t)
        return made

    return _harmless(paint, still(place.astype(np.float32)), seed)


def welding(seed: int, ground: Ground | None = None) -> Trial:
    """A welder at work: arcs of seconds that light up the place, sparks that fly; flames may be told."""
    rng = np.random.default_rng(seed)
    x, y, dim = float(rng.uniform(80, 240)), float(rng.uniform(110, 150)), float(rng.uniform(0.25, 0.8))
    place = places.indoors(seed) * np.float32(dim)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t > 8 and (t * 0.37 + seed) % 2.2 < 1.2:
            strength = float(rng.uniform(0.6, 1.5))
            lamp(picture, x, y, 4, (255, 245, 235), 2.5 * strength)
            picture *= np.float32(1 + 0.35 * strength)
            for _ in range(int(rng.integers(4, 16))):
                far, angle = float(rng.uniform(4, 34)), float(rng.uniform(0, np.pi * 2))
                px, py = int(x + far * np.cos(angle)), int(y - far * np.sin(angle) * 0.5 + far * 0.3)
                cv2.circle(picture, (px, py), 1, (80, 190, 255), -1)
        return None

    return _harmless(
        paint,
        still(place),
        seed,
        also=frozenset({"flame"}),
        settings={"kinds": [*LOOKED_FOR, "stripes", "moved", "noise"]},
    )


def bus(seed: int, ground: Ground | None = None) -> Trial:
    """A bus that stops before the camera and hides half of the place or more for 20 s: the camera has not moved."""
    rng = np.random.default_rng(seed)
    wide, high = int(rng.integers(200, 310)), int(rng.integers(90, 165))
    colour = tuple(float(one) for one in rng.uniform(40, 220, 3))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        cycle = (t - 14) % 45
        x = -wide / 2 + cycle * 60 if cycle * 60 < 160 + wide / 2 else 160.0
        x = x if cycle < 25 else 160 + (cycle - 25) * 60
        if t > 14:
            box(picture, x, 176, wide, high, colour, seed)  # type: ignore[arg-type]
            for window in range(-wide // 2 + 14, wide // 2 - 14, 34):
                box(picture, x + window + 8, 176 - high * 0.55, 24, high // 3, (50.0, 45.0, 42.0), 5)
            box(picture, x, 176 - high * 0.3, wide - 20, 6, (200.0, 210.0, 215.0), 6)
        return None

    return _harmless(
        paint,
        ground or still(places.roadside(seed)),
        seed,
        settings={"kinds": ["moved", "blur", "freeze", "stripes", "smoke", "flame"]},
    )


def snow_night(seed: int, ground: Ground | None = None) -> Trial:
    """Snow by night before lamps: large soft flakes near the lens, fine ones far."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed) * np.float32(rng.uniform(0.12, 0.3))
    count = int(rng.integers(60, 260))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        lamp(picture, 60, 20, 4, (90, 160, 220))
        lamp(picture, 250, 24, 4, (90, 160, 220))
        flakes = np.zeros((H, W), np.float32)
        thick = 1 if t < 15 else 2
        for x, y in zip(rng.integers(0, W, count * thick), rng.integers(0, H, count * thick), strict=True):
            cv2.circle(flakes, (int(x), int(y)), int(rng.integers(0, 2 + thick)), float(rng.uniform(0.3, 0.8)), -1)
        blend(picture, cv2.GaussianBlur(flakes, (0, 0), 0.8), (150.0, 155.0, 160.0))
        veil = 0.35 * min(max((t - 15) / 15, 0.0), 1.0)
        made: Picture = picture * np.float32(1 - veil) + np.float32(60 * veil)
        return made

    return _harmless(
        paint, still(place), seed, settings={"kinds": ["blur", "moved", "occlusion", "stripes", "flame", "smoke"]}
    )


def clouds(seed: int, ground: Ground | None = None) -> Trial:
    """Clouds over hills and shadows on the land."""
    rng = np.random.default_rng(seed)
    layer = noise(rng, 70, 1600, 30) + 0.6 * noise(rng, 70, 1600, 10)
    shade, speed = noise(rng, H, 1600, 90), float(rng.uniform(1, 6))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        at = int(t * speed)
        cover = np.clip(0.5 + 0.5 * layer[:, at : at + W], 0, 1).astype(np.float32) * np.linspace(1, 0, 70)[
            :, None
        ].astype(np.float32)
        blend(picture[:70], 0.6 * cover, (225.0, 225.0, 228.0))
        picture[70:] *= (1 - 0.16 * np.clip(shade[70:, at : at + W], 0, 1.5))[:, :, None]
        return None

    return _harmless(paint, still(places.horizon(seed)), seed, settings=kinds("flame", "smoke", "flood"))


def walkers(seed: int, ground: Ground | None = None) -> Trial:
    """People with orange vests who work, stand and go, in a room or on a road."""

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for index in range(4):
            cycle = (t * 0.8 + 13 * index + seed) % 40
            x = 40 + cycle * 12 if cycle < 10 else 160 if cycle < 18 else 160 + (cycle - 18) * 14
            x, y = x + 22 * index + np.sin(3 * t + index), 120.0 + 15 * index
            person(picture, x, y, t if cycle < 10 or cycle >= 18 else 0.6 * np.sin(2 * t), 38)
            box(picture, x, y - 15, 11, 13, (40, 130, 250), 7)
        return None

    return _harmless(
        paint,
        ground or still(places.indoors(seed) if seed % 4 < 2 else places.roadside(seed)),
        seed,
        settings={"kinds": [*LOOKED_FOR], "zones": [{"name": "floor", "polygon": FLOOR, "kinds": ["flood"]}]},
        also=frozenset({"object_left"}),
    )


def headlights(seed: int, ground: Ground | None = None) -> Trial:
    """A wet street by night: headlights, brake lights, amber beacons and their reflections."""
    rng = np.random.default_rng(seed)
    place, beat = places.roadside(seed) * np.float32(0.14), float(rng.uniform(0.25, 0.9))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for number in range(4):
            x = ((t * (30 + 11 * number) + 90 * number) % 480) - 80
            towards = number % 2
            x = x if towards else W - x
            y = 120 + 14 * number
            box(picture, x, y, 44, 16, (24, 22, 20))
            tone = (215, 240, 255) if towards else (30, 35, 240)
            for side in (-16, 16):
                lamp(picture, x + side, y - 6, 2.2, tone, 1.0)
                length = np.linspace(1, 0, 24)[:, None] * np.clip(0.7 + 0.5 * noise(rng, 24, 8, 3), 0, 2)
                left = int(x + side - 4)
                if 0 <= left < W - 8 and y + 24 < H:
                    picture[y : y + 24, left : left + 8] += (
                        length[:, :, None].astype(np.float32) * np.array(tone, np.float32) * 0.45
                    )
        if (t / beat) % 1 < 0.5:
            lamp(picture, 160, 100, 3, (20, 150, 255), 1.3)
        return None

    return _harmless(paint, still(place), seed, settings=kinds("flame", "smoke"))

"""Trials of what stands still for a while, or lies on the ground, and is neither an object that was left nor water."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import H, Picture, Rng, W, box, lamp, noise, person, swayed
from tests.support.trial import FLOOR, Trial, kinds, still, traffic
from tests.support.trial_camera import Ground, Paint, camera, filmed

SECONDS = 75.0
OBJECTS = kinds("object_left", "object_removed")
WATER = {"kinds": ["flood", "object_left"], "zones": [{"name": "floor", "polygon": FLOOR, "kinds": ["flood"]}]}


def _harmless(paint: Paint, place: Ground, seed: int, settings: Mapping[str, Any]) -> Trial:
    return Trial(filmed(place, paint, SECONDS, seed, camera(seed)), SECONDS, settings, None)


def at_lights(seed: int, ground: Ground | None = None) -> Trial:
    """Cars and a bus that drive up one by one, wait for half a minute and drive on."""
    rng = np.random.default_rng(seed)
    long = float(rng.uniform(24, 40))
    waiting = []
    for number in range(int(rng.integers(1, 4))):
        wide = int(rng.integers(36, 80))
        colour = tuple(float(one) for one in rng.uniform(25, 225, 3))
        waiting.append((70.0 + 85 * number, wide, int(wide * rng.uniform(0.4, 0.55)), colour, 14 + 2.5 * number))
    bottom = float(rng.uniform(140, 172))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed, 128)
        for x, wide, high, colour, come in waiting:
            go = 14 + long + come / 5
            at = x + 60 * max(come - t, 0.0) - 50 * max(t - go, 0.0)
            box(picture, at, bottom, wide, high, colour, int(x))  # type: ignore[arg-type]
            box(picture, at, bottom - high * 0.55, int(wide * 0.6), high // 3, (50.0, 44.0, 40.0), 9)
        return None

    return _harmless(paint, ground or still(places.roadside(seed)), seed, OBJECTS)


def stands(seed: int, ground: Ground | None = None) -> Trial:
    """Somebody who comes, stands for half a minute and more, and goes."""
    rng = np.random.default_rng(seed)
    x, y, high = float(rng.uniform(70, 250)), float(rng.uniform(130, 172)), int(rng.integers(24, 46))
    long, stirs = float(rng.uniform(28, 40)), float(rng.uniform(0.3, 1.6))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t > 12:
            walked = max(14 - (t - 12), 0.0) / 14 * 200
            gone = max(t - 26 - long, 0.0) * 18
            still_ = walked == 0 and gone == 0
            person(
                picture, x - walked + gone + (stirs * np.sin(0.9 * t) if still_ else 0), y, 0.0 if still_ else t, high
            )
        return None

    place = places.indoors(seed) if seed % 2 else places.roadside(seed)
    return _harmless(paint, ground or still(place), seed, OBJECTS)


def creeping(seed: int, ground: Ground | None = None) -> Trial:
    """Shadows with hard edges that creep over the ground and a wall."""
    rng = np.random.default_rng(seed)
    place, deep = places.roadside(seed), float(rng.uniform(0.45, 0.75))
    polygon = np.array([[30, 178], [60, 110], [95, 96], [120, 110], [105, 178]], np.float32)
    speed, begin = float(rng.uniform(0.25, 1.2)), float(rng.uniform(5, 20))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        moved = polygon + np.array([speed * max(t - begin, 0.0), 0], np.float32)
        shade = np.zeros((H, W), np.float32)
        cv2.fillPoly(shade, [moved.astype(np.int32)], 1.0)
        shade = cv2.GaussianBlur(shade, (0, 0), 0.8)
        made: Picture = picture * (1 - (1 - deep) * shade[:, :, None])
        return made

    return _harmless(paint, ground or still(place), seed, OBJECTS)


def door(seed: int, ground: Ground | None = None) -> Trial:
    """A door that opens: light lies on the floor for half a minute; somebody comes through."""
    rng = np.random.default_rng(seed)
    place = places.indoors(seed) * np.float32(rng.uniform(0.5, 0.8))
    x, wide, bright = float(rng.uniform(60, 240)), float(rng.uniform(14, 50)), float(rng.uniform(1.3, 1.8))
    polygon = np.array([[x - wide / 2, 96], [x + wide / 2, 96], [x + wide, 168], [x - wide, 168]], np.int32)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        made: Picture = picture
        if 18 < t < 55:
            light = np.zeros((H, W), np.float32)
            cv2.fillPoly(light, [polygon], min((t - 18) / 1.5, 1.0))
            made = picture * (1 + (bright - 1) * cv2.GaussianBlur(light, (0, 0), 1.5)[:, :, None])
        if 20 < t < 32:
            person(made, x + (t - 20) * 14, 100 + (t - 20) * 6, t, 40)
        return made

    settings = {"kinds": ["flood", "object_left", "object_removed"]}
    return _harmless(paint, ground or still(place), seed, settings)


def mist(seed: int, ground: Ground | None = None) -> Trial:
    """Banks of fog that drift by, thin out and thicken, and cars in it."""
    rng = np.random.default_rng(seed)
    far = np.linspace(1.0, 0.35, H, dtype=np.float32)[:, None]
    banks, thick, speed = noise(rng, H, 6 * W, 60), float(rng.uniform(0.4, 0.85)), float(rng.uniform(0.5, 8))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed)
        at = int(t * speed) % (5 * W)
        veil = (
            far * thick * (0.5 - 0.5 * np.cos(2 * np.pi * t / 80)) * np.clip(0.8 + 0.35 * banks[:, at : at + W], 0, 1.1)
        )
        made: Picture = picture * (1 - veil[:, :, None]) + 205 * veil[:, :, None]
        return made

    settings = {"kinds": ["flood", "object_left", "object_removed"]}
    return _harmless(paint, ground or still(places.roadside(seed)), seed, settings)


def low_sun(seed: int, ground: Ground | None = None) -> Trial:
    """A sun that sinks to the roofs between clouds, and lamps that come on."""
    rng = np.random.default_rng(seed)
    warm = np.array([0.62, 0.85, 1.1], np.float32)
    place = np.clip(places.roadside(seed) * warm, 0, 255)
    x, y, layer = float(rng.uniform(60, 260)), float(rng.uniform(8, 24)), noise(rng, 60, 900, 26)
    sinks, size = float(rng.uniform(0.1, 0.5)), float(rng.uniform(3, 8))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        at = int(3 * t)
        cover = 0.5 * np.clip(layer[:, at : at + W], 0, 1)[:, :, None] * np.linspace(1, 0, 60)[:, None, None]
        lamp(picture, x, y + sinks * t, size, (150, 225, 255), 1.4)
        picture[:60] += cover.astype(np.float32) * (np.array([120, 150, 200], np.float32) - picture[:60])
        if t > 30:
            for column in (40, 150, 290):
                lamp(picture, column, 84, 2.2, (120, 190, 240))
        made: Picture = picture * np.float32(1 - 0.004 * t)
        return made

    return _harmless(paint, still(place.astype(np.float32)), seed, OBJECTS)


def snow_lies(seed: int, ground: Ground | None = None) -> Trial:
    """Snow by night that falls and stays where it is cold; the ground becomes white bit by bit."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed) * np.float32(rng.uniform(0.2, 0.4))
    patches = noise(rng, H, W, 18)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        lamp(picture, 60, 30, 4, (110, 160, 210))
        lamp(picture, 250, 34, 4, (110, 160, 210))
        lies = np.clip((t - 12) / 45 + 0.25 * patches - 0.3, 0, 1) * (np.arange(H) > 100)[:, None]
        picture += (0.5 * lies[:, :, None] * (np.float32(150) - picture)).astype(np.float32)
        flakes = np.zeros((H, W), np.float32)
        for fx, fy in zip(rng.integers(0, W, 160), rng.integers(0, H, 160), strict=True):
            cv2.circle(flakes, (int(fx), int(fy)), int(rng.integers(0, 3)), 0.6, -1)
        made: Picture = picture + flakes[:, :, None] * (150 - picture)
        return made

    settings = {"kinds": ["object_left", "object_removed", "flood"]}
    return _harmless(paint, still(place), seed, settings)


def hanging(seed: int, ground: Ground | None = None) -> Trial:
    """Leaves that hang into a zone for water, and people and cars that go below them."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed)
    wide, low = int(rng.integers(60, 160)), int(rng.integers(110, 150))
    left = int(rng.integers(0, W - wide))
    tree = places.leaves(rng, low, wide, float(rng.choice([0.0, 0.9])))
    blob = np.clip(noise(rng, low, wide, 12) + 1.2 - 2 * np.abs(np.linspace(-1, 1, wide))[None, :] ** 2, 0, 1)
    place[:low, left : left + wide] += blob[:, :, None] * (tree - place[:low, left : left + wide])
    reach = float(rng.uniform(1.5, 4.5))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed, 150)
        gusts = reach if t % 30 > 12 else 0.6
        swayed(picture, t, (left, 20, left + wide, low), gusts)
        return None

    return _harmless(paint, still(place), seed, WATER)


def wet_road(seed: int, ground: Ground | None = None) -> Trial:
    """Rain begins: a road grows darker within a minute and glistens, and nothing stands on it."""
    rng = np.random.default_rng(seed)
    place, deep = places.roadside(seed), float(rng.uniform(0.65, 0.85))
    uneven = noise(rng, H, W, 25)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        wet = np.clip((t - 15) / 30 + 0.15 * uneven, 0, 1) * (np.arange(H) > 96)[:, None]
        made: Picture = picture * (1 - (1 - deep) * wet[:, :, None]).astype(np.float32)
        traffic(made, t, seed)
        if t > 14:
            for dx, dy in zip(rng.integers(0, W, 60), rng.integers(0, H, 60), strict=True):
                cv2.line(made, (int(dx), int(dy)), (int(dx) + 1, int(dy) + 6), (170.0, 170.0, 170.0), 1)
        return made

    return _harmless(paint, still(place), seed, WATER)

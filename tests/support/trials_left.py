"""Trials of what is left, is gone or runs over a floor."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import H, Picture, Rng, W, box, noise, person
from tests.support.trial import BEGIN, Trial, kinds, still, traffic
from tests.support.trial_camera import Ground, Paint, camera, filmed
from tests.support.trial_matter import Flood

OBJECTS = kinds("object_left", "object_removed")
COLOURS = ((40, 42, 45), (60, 60, 150), (190, 190, 185), (120, 80, 50), (50, 120, 60))


def _found(paint: Paint, place: Ground, seed: int, what: tuple[float, Mapping[str, Any], str]) -> Trial:
    """`what`: seconds, settings, and what is to be found."""
    seconds, settings, kind = what
    return Trial(filmed(place, paint, seconds, seed, camera(seed)), seconds, settings, kind)


def case_in_a_hall(seed: int, ground: Ground | None = None) -> Trial:
    """Somebody stops, puts a case down, stays beside it for some seconds, and goes; people pass before it."""
    rng = np.random.default_rng(seed)
    high = int(rng.integers(26, 60))
    size, x, y = max(int(high * rng.uniform(0.25, 0.45)), 7), float(rng.uniform(90, 230)), float(rng.uniform(125, 170))
    colour, stays = tuple(float(one) for one in rng.choice(COLOURS)), float(rng.uniform(1, 6))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        at = t - BEGIN
        if at >= 0:
            box(picture, x, y, size, int(size * 0.9), colour, seed + 3)  # type: ignore[arg-type]
        elif at > -9:
            box(picture, x + at * 22 - 2, y - 3, size, int(size * 0.9), colour, seed + 3)  # type: ignore[arg-type]
        if -9 < at < stays + 9:
            walked = min(at, 0.0) * 22 - 22 * max(at - stays, 0.0)
            person(picture, x + walked + size * 0.6, y, t if walked else 0.0, high)
        for index in range(3):
            person(picture, (t * (17 + 3 * index) + 150 * index + seed * 31) % 460 - 60, 110 + 34 * index, t, high)
        return None

    return _found(paint, ground or still(places.indoors(seed)), seed, (55, OBJECTS, "object_left"))


def bag_at_night(seed: int, ground: Ground | None = None) -> Trial:
    """A bag that is put down on a street by night."""
    rng = np.random.default_rng(seed)
    size, x, y = int(rng.integers(9, 18)), float(rng.uniform(80, 240)), float(rng.uniform(125, 172))
    colour = tuple(float(one) * 0.35 for one in rng.choice(COLOURS[1:3]))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        picture *= np.float32(0.35)
        if t >= BEGIN:
            box(picture, x, y, size, int(size * 0.8), colour, seed + 3)  # type: ignore[arg-type]
        if BEGIN - 7 < t < BEGIN + 7:
            person(picture, x + (t - BEGIN) * 22, y + 2, t, 34)
        return None

    eye = camera(seed)._replace(sigma=4.0)
    return Trial(filmed(ground or still(places.roadside(seed)), paint, 55, seed, eye), 55, OBJECTS, "object_left")


def appears(seed: int, ground: Ground | None = None) -> Trial:
    """A thing that lies there from one frame to the next: it fell off, or came between two pictures."""
    rng = np.random.default_rng(seed)
    wide, x, y = int(rng.integers(8, 40)), float(rng.uniform(60, 260)), float(rng.uniform(125, 172))
    colour = tuple(float(one) for one in rng.choice(COLOURS))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed, 120)
        if t >= BEGIN:
            box(picture, x, y, wide, max(int(wide * 0.6), 6), colour, seed + 3)  # type: ignore[arg-type]
        return None

    return _found(paint, ground or still(places.roadside(seed)), seed, (55, OBJECTS, "object_left"))


def breaks_down(seed: int, ground: Ground | None = None) -> Trial:
    """A car that stops beside the traffic and stays."""
    rng = np.random.default_rng(seed)
    wide, stop = int(rng.integers(36, 70)), float(rng.uniform(90, 230))
    colour = tuple(float(one) for one in rng.uniform(25, 225, 3))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed, 130)
        at = min(-40 + 45 * max(t - BEGIN + 4, 0.0), stop)
        box(picture, at, 174, wide, wide // 2, colour, seed)  # type: ignore[arg-type]
        box(picture, at, 174 - wide * 0.3, int(wide * 0.6), wide // 6, (50.0, 44.0, 40.0), 9)
        return None

    zone = [[0, 0.78], [1, 0.78], [1, 1], [0, 1]]
    settings = {"kinds": ["object_left"], "zones": [{"name": "shoulder", "polygon": zone, "kinds": ["object_left"]}]}
    return _found(paint, ground or still(places.roadside(seed)), seed, (85, settings, "object_left"))


def taken(seed: int, ground: Ground | None = None) -> Trial:
    """A thing that has always stood there, and that somebody takes away."""
    rng = np.random.default_rng(seed)
    size, x, y = int(rng.integers(10, 22)), float(rng.uniform(80, 240)), float(rng.uniform(125, 168))
    colour = tuple(float(one) for one in rng.choice(COLOURS[1:]))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        at = t - BEGIN
        if at < 0:
            box(picture, x, y, size, size, colour, seed + 3)  # type: ignore[arg-type]
        elif at < 9:
            box(picture, x + 20 * at, y - 3, size, size, colour, seed + 3)  # type: ignore[arg-type]
        if -8 < at < 9:
            person(picture, x + at * 20, y + 2, t, 36)
        return None

    place = places.indoors(seed) if seed % 2 else places.roadside(seed)
    return _found(paint, ground or still(place), seed, (55, OBJECTS, "object_removed"))


def ceiling(seed: int) -> Picture:
    """A floor of tiles or boards from above, with furniture."""
    rng = np.random.default_rng(seed)
    picture = np.full((H, W, 3), rng.uniform(95, 185), np.float32) * np.array([0.95, 1.0, 1.04], np.float32)
    picture += places.rough(rng, H, W, 4)
    tile = int(rng.integers(16, 40))
    picture[::tile] *= 0.75
    picture[:, ::tile] *= 0.75
    for _ in range(4):
        x, y = int(rng.integers(0, W - 60)), int(rng.integers(0, H - 50))
        picture[y : y + int(rng.integers(20, 50)), x : x + int(rng.integers(20, 70))] = rng.uniform(30, 210, 3)
    return np.clip(picture, 0, 255)


def flood_from_above(seed: int, ground: Ground | None = None) -> Trial:
    """Water that spreads over a floor seen from the ceiling; all of the picture is the zone."""
    rng = np.random.default_rng(seed)
    speed, murky = float(rng.uniform(5, 16)), float(rng.choice([0.3, 0.6, 0.9]))
    water = Spill(rng, float(rng.choice([0, W])), float(rng.uniform(0, H)), speed, murky)
    return _found(water, ground or still(ceiling(seed)), seed, (60, kinds("flood"), "flood"))


def flood_rushes(seed: int, ground: Ground | None = None) -> Trial:
    """Water that rushes in and covers the floor of a room within some seconds."""
    rng = np.random.default_rng(seed)
    place = places.indoors(seed)
    water = Flood(
        float(rng.uniform(20, 300)), 95, 92, float(rng.uniform(25, 60)), BEGIN, seed, float(rng.choice([0.4, 0.8]))
    )
    foam = [noise(rng, H, W, 5) for _ in range(7)]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        before = picture.copy()
        water(t, picture, rng)
        if t >= BEGIN:
            wet = np.abs(picture - before).max(axis=2, keepdims=True) > 6
            picture += wet * (16 * foam[int(5 * t) % 7])[:, :, None] * np.float32(np.exp(-(t - BEGIN) / 20))
        return None

    return _found(paint, ground or still(place), seed, (45, kinds("flood"), "flood"))


class Spill:
    """Water that spreads over a floor that is seen from above: a film that mirrors lamps, with soft ripples."""

    def __init__(self, rng: Rng, x: float, y: float, speed: float, murky: float) -> None:
        rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
        rough = 12 * noise(rng, H, W, 30) + 5 * noise(rng, H, W, 9)
        self._apart = np.hypot(columns - x, rows - y) + rough
        self._speed, self._murky = speed, murky
        self._lamps = np.zeros((H, W), np.float32)
        for _ in range(3):
            cv2.circle(self._lamps, (int(rng.integers(20, W - 20)), int(rng.integers(20, H - 20))), 9, 1.0, -1)
        self._lamps = cv2.GaussianBlur(self._lamps, (0, 0), 4)
        self._waves = [noise(rng, H, W, 7) for _ in range(5)]

    def __call__(self, t: float, picture: Picture, rng: Rng) -> Picture | None:
        """See Paint."""
        if t < BEGIN:
            return None
        wet = np.clip((self._speed * (t - BEGIN) ** 0.85 - self._apart) / 3, 0, 1)[:, :, None]
        one, two = self._waves[int(2.5 * t) % 5], self._waves[int(2.5 * t + 1) % 5]
        part = (2.5 * t) % 1
        wave = (1 - part) * one + part * two
        mirrored = np.roll(self._lamps, (int(2 * np.sin(t)), int(2 * np.cos(1.3 * t))), (0, 1))
        surface = picture * (0.8 - 0.4 * self._murky) + np.array([70, 95, 112], np.float32) * 0.4 * self._murky
        surface = surface + 4 * wave[:, :, None] + 90 * mirrored[:, :, None] * (1 + 0.3 * wave[:, :, None])
        picture += (wet * (surface - picture)).astype(np.float32)
        return None

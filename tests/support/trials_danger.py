"""Trials in which something dangerous begins."""

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import H, Picture, Rng, W, box, person, swayed
from tests.support.trial import BEGIN, FLOOR, Trial, in_zone, kinds, still, traffic
from tests.support.trial_camera import Ground, camera, filmed
from tests.support.trial_matter import Fire, Flood, Flow, Smoke


def smoke_far(seed: int, ground: Ground | None = None) -> Trial:
    """A plume rises behind hills, small and pale, bent by wind."""
    rng = np.random.default_rng(seed)
    size, eye = float(rng.uniform(1.6, 4)), camera(seed)._replace(sway=0.2)
    x, y = float(rng.uniform(60, 260)), float(rng.uniform(78, 98))
    flow = Flow((x, y, size, size), float(rng.uniform(5, 11)), float(rng.uniform(-5, 5)), seed, 0.4, 0.03, soft=0.3)
    smoke = Smoke(flow, BEGIN, float(rng.uniform(150, 235)), float(rng.uniform(3, 9)))
    place = ground or still(places.horizon(seed))
    return Trial(filmed(place, smoke, 55, seed, eye), 55, kinds(), "smoke")


def smoke_near(seed: int, ground: Ground | None = None) -> Trial:
    """Grey or black smoke from something that burns at the road, while cars pass."""
    rng = np.random.default_rng(seed)
    size = float(rng.uniform(5, 12))
    flow = Flow(
        (float(rng.uniform(70, 250)), float(rng.uniform(100, 140)), size, size / 2), float(rng.uniform(14, 34)),
        float(rng.uniform(-12, 12)), seed, 0.45, 0.08, soft=0.6,
    )  # fmt: skip
    smoke = Smoke(
        flow,
        BEGIN,
        float(rng.choice([45, 130, 190, 215])),
        float(rng.uniform(2.5, 7.0)),
        float(rng.uniform(-0.03, 0.05)),
    )

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if ground is None:
            traffic(picture, t, seed)
            swayed(picture, t, (0, 10, 80, 110))
        return smoke(t, picture, rng)

    return Trial(filmed(ground or still(places.roadside(seed)), paint, 45, seed, camera(seed)), 45, kinds(), "smoke")


def smoke_first(seed: int, ground: Ground | None = None) -> Trial:
    """The same, there before the camera looks."""
    rng = np.random.default_rng(seed)
    size = float(rng.uniform(5, 11))
    flow = Flow(
        (float(rng.uniform(90, 230)), 125, size, size / 2),
        float(rng.uniform(14, 30)),
        float(rng.uniform(-8, 8)),
        seed,
        0.45,
        0.08,
        soft=0.6,
    )
    warm = np.random.default_rng(seed)
    for _ in range(60):
        flow.step(warm)
    smoke = Smoke(flow, 0, float(rng.choice([60, 190, 215])), float(rng.uniform(2.5, 7.0)))
    return Trial(filmed(ground or still(places.roadside(seed)), smoke, 40, seed, camera(seed)), 40, kinds(), "smoke", 0)


def fire_near(seed: int, ground: Ground | None = None) -> Trial:
    """Something burns at the road by day."""
    rng = np.random.default_rng(seed)
    high = float(rng.uniform(14, 46))
    fire = Fire(
        float(rng.uniform(60, 260)),
        float(rng.uniform(110, 150)),
        high * float(rng.uniform(0.5, 1.2)),
        high,
        BEGIN,
        seed,
        0.15,
    )

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if ground is None:
            traffic(picture, t, seed, 165)
        return fire(t, picture, rng)

    return Trial(
        filmed(ground or still(places.roadside(seed)), paint, 30, seed, camera(seed)),
        30,
        kinds(),
        "flame",
        also=frozenset({"smoke"}),
    )


def fire_night(seed: int, ground: Ground | None = None) -> Trial:
    """The same by night, with its light on what is around."""
    rng = np.random.default_rng(seed)
    high = float(rng.uniform(10, 40))
    fire = Fire(float(rng.uniform(60, 260)), float(rng.uniform(110, 150)), high * 0.8, high, BEGIN, seed, 0.5)
    dark = places.roadside(seed) * np.float32(rng.uniform(0.08, 0.2))
    place = still(dark) if ground is None else lambda t: ground(t) * np.float32(0.15)
    return Trial(
        filmed(place, fire, 30, seed, camera(seed)._replace(sigma=5)), 30, kinds(), "flame", also=frozenset({"smoke"})
    )


def fire_aerial(seed: int, ground: Ground | None = None) -> Trial:
    """A fire with its smoke, from an aircraft that flies slowly and turns."""
    rng = np.random.default_rng(seed)
    land, high = places.fields(seed), float(rng.uniform(10, 26))
    fire = Fire(160, 105, high * 1.2, high, 0, seed, 0.1)
    smoke = Smoke(
        Flow((162, 96, high / 3, high / 4), 14, float(rng.uniform(-12, 12)), seed, 0.45, 0.08, soft=0.6), 0, 120, 1.5
    )

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        part: Picture = picture[H : 2 * H, W : 2 * W].copy()
        if t >= BEGIN:
            fire(t, part, rng)
            smoke(t, part, rng)
        picture[H : 2 * H, W : 2 * W] = part
        turn = cv2.getRotationMatrix2D((W * 1.5, H * 1.5), 12 * np.sin(t / 9), 1 + 0.15 * np.sin(t / 11))
        turn[:, 2] += 26 * np.sin(t / 7) - W, 14 * np.sin(t / 5) - H
        made: Picture = cv2.warpAffine(picture, turn, (W, H))
        return made

    return Trial(
        filmed(still(land), paint, 30, seed, camera(seed)),
        30,
        kinds("flame", "smoke"),
        "flame",
        also=frozenset({"smoke"}),
    )


def flood(seed: int, ground: Ground | None = None) -> Trial:
    """Water comes under a door, clear or brown, and spreads over the floor; somebody walks through."""
    rng = np.random.default_rng(seed)
    place = places.indoors(seed)
    water = Flood(
        float(rng.uniform(20, 300)), 95, 92, float(rng.uniform(3, 9)), BEGIN, seed, float(rng.choice([0.1, 0.4, 0.8]))
    )

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        water(t, picture, rng)
        if 4 < t % 30 < 12:
            person(picture, (t % 30 - 4) * 45 - 20, 160, t, 60)
        return None

    return Trial(filmed(ground or still(place), paint, 60, seed, camera(seed)), 60, in_zone("flood", FLOOR), "flood")


def bag(seed: int, ground: Ground | None = None) -> Trial:
    """Somebody puts something down and goes, while others pass."""
    rng = np.random.default_rng(seed)
    size, x, y = int(rng.integers(7, 18)), float(rng.uniform(80, 240)), float(rng.uniform(125, 172))
    colour = tuple(float(one) for one in rng.choice([[40, 42, 45], [60, 60, 150], [190, 190, 185], [120, 80, 50]]))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t >= BEGIN:
            box(picture, x, y, size, int(size * 0.8), colour, seed + 3)  # type: ignore[arg-type]
        if BEGIN - 5 < t < BEGIN + 6:
            person(picture, x + (t - BEGIN) * 22, y + 2, t, 34)
        for index in range(2):
            px = (t * 19 + 170 * index + seed * 31) % 480 - 60
            person(picture, px, 118 + 60 * index, t, 30)
        return None

    return Trial(
        filmed(ground or still(places.roadside(seed)), paint, 60, seed, camera(seed)), 60, kinds(), "object_left"
    )


def shoulder(seed: int, ground: Ground | None = None) -> Trial:
    """A car or somebody on the hard shoulder, beside dense traffic."""
    rng = np.random.default_rng(seed)
    walks = bool(rng.random() < 0.5)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        traffic(picture, t, seed, 135)
        swayed(picture, t, (0, 10, 80, 110))
        if BEGIN <= t < BEGIN + 12:
            if walks:
                person(picture, 40 + (t - BEGIN) * 9, 176, t, 24)
            else:
                box(picture, -30 + min((t - BEGIN) * 60, 150), 177, 50, 20, (70, 75, 80), seed)
        return None

    settings = in_zone("intrusion", [[0, 0.87], [1, 0.87], [1, 1], [0, 1]])
    return Trial(
        filmed(ground or still(places.roadside(seed)), paint, 35, seed, camera(seed)), 35, settings, "intrusion"
    )

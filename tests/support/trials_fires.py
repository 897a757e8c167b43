"""Trials of fires that are hard to see: small, behind smoke, over-exposed, from poor streams, for long."""

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import Frames, H, Picture, Rng, W, blend, box, lamp, noise, person
from tests.support.trial import Trial, kinds, still, traffic
from tests.support.trial_camera import Ground, Paint, camera, filmed
from tests.support.trial_matter import Fire, Flow, Smoke
from tests.support.trials_danger import fire_near

EARLY = 8.0
"""Seconds after which they begin."""


def _trial(frames: Frames, seconds: float = 28, begin: float = EARLY) -> Trial:
    return Trial(frames, seconds, kinds("flame", "smoke"), "flame", begin, frozenset({"smoke"}))


def _burns(paint: Paint, place: Ground, seed: int, seconds: float = 28) -> Trial:
    return _trial(filmed(place, paint, seconds, seed, camera(seed)), seconds)


def fire_long(seed: int, ground: Ground | None = None) -> Trial:
    """A fire that burns for a minute, leans in the wind, sinks and grows; cars pass before it."""
    rng = np.random.default_rng(seed)
    high = float(rng.uniform(12, 50))
    fire = Fire(
        float(rng.uniform(80, 240)), float(rng.uniform(105, 140)), high * float(rng.uniform(0.4, 1.4)), high, EARLY,
        seed, float(rng.uniform(0.05, 0.4)), float(rng.uniform(-1, 1)) * high,
    )  # fmt: skip
    dark = np.float32(rng.choice([0.2, 0.6, 1.0]))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        fire(t, picture, rng)
        if ground is None:
            traffic(picture, t, seed, 165)
        return None

    return _burns(paint, ground or still(places.roadside(seed) * dark), seed, 68)


def fire_behind_smoke(seed: int, ground: Ground | None = None) -> Trial:
    """Flames that their own smoke hides more or less: now and then a tongue, else an orange glow in it."""
    rng = np.random.default_rng(seed)
    high = float(rng.uniform(18, 45))
    x, y = float(rng.uniform(80, 240)), float(rng.uniform(115, 145))
    fire = Fire(x, y, high * 1.1, high, EARLY, seed, 0.5)
    thick = float(rng.uniform(0.3, 1.0))
    smoke = Smoke(
        Flow((x, y - high * 0.4, high / 2, high / 4), high, float(rng.uniform(-8, 8)), seed + 1, 0.5, 0.3, soft=0.5),
        EARLY, float(rng.choice([50, 110, 170])), thick,
    )  # fmt: skip

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        fire(t, picture, rng)
        smoke(t, picture, rng)
        if t >= EARLY:
            lamp(picture, x, y - high * 0.6, high / 6, (12, 60, 130), float(np.clip(0.5 + 0.3 * rng.normal(), 0.1, 1)))
        return None

    dark = np.float32(rng.choice([0.2, 0.5, 1.0]))
    return _burns(paint, ground or still(places.roadside(seed) * dark), seed)


def fire_white(seed: int, ground: Ground | None = None) -> Trial:
    """A camera at night that shows flames as white, with a rim of orange."""
    rng = np.random.default_rng(seed)
    high = float(rng.uniform(14, 44))
    flow = Flow(
        (float(rng.uniform(80, 240)), float(rng.uniform(110, 150)), high * 0.4, max(2.0, high / 8)), 2.2 * high, 0.0,
        seed, 0.45, 2.4, 4,
    )  # fmt: skip

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t >= EARLY:
            heat = flow.step(rng)
            light = np.dstack([2.6 * heat - 0.55, 3.2 * heat - 0.3, 4.5 * heat])
            veil = cv2.GaussianBlur(np.clip(heat, 0, 1), (0, 0), high / 3)
            picture += veil[:, :, None] * np.array([30, 70, 130], np.float32)
            blend(
                picture,
                np.clip(3 * heat - 0.1, 0, 1).astype(np.float32),
                (255 * np.clip(light, 0, 1)).astype(np.float32),
            )
        return None

    return _burns(paint, still(places.roadside(seed) * np.float32(rng.uniform(0.08, 0.3))), seed)


def barbecue(seed: int, ground: Ground | None = None) -> Trial:
    """Somebody at a grill in a park: small flames above it, of 5 to 10 pixels of 320, a little smoke."""
    rng = np.random.default_rng(seed)
    high, x, y = float(rng.uniform(9, 16)), float(rng.uniform(80, 240)), float(rng.uniform(125, 155))
    fire = Fire(x, y, high * 0.9, high, EARLY, seed, 0.05)
    smoke = Smoke(Flow((x, y - 6, 3, 2), 16, float(rng.uniform(-6, 6)), seed, 0.5, 0.5, soft=0.6), EARLY, 190, 0.5)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        box(picture, x, y + 8, 16, 8, (35, 34, 33), seed)
        fire(t, picture, rng)
        smoke(t, picture, rng)
        person(picture, x + 18 + 3 * np.sin(0.7 * t), y + 10, 0.3 * np.sin(t), 36)
        return None

    return _burns(paint, ground or still(places.roadside(seed) * np.float32(rng.uniform(0.4, 1))), seed)


def fire_from_above(seed: int, ground: Ground | None = None) -> Trial:
    """A small fire from an aircraft that drifts slowly, with a plume that drifts to one side."""
    rng = np.random.default_rng(seed)
    land, high = places.fields(seed), float(rng.uniform(8, 16))
    fire = Fire(160, 100, high * 1.4, high, EARLY, seed, 0.1, float(rng.uniform(-6, 6)))
    smoke = Smoke(
        Flow((162, 94, high / 3, high / 4), 12, float(rng.uniform(-14, 14)), seed, 0.45, 0.08, soft=0.6), EARLY, 150, 1
    )
    speed = float(rng.uniform(0.3, 2.5))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        part: Picture = picture[H : 2 * H, W : 2 * W].copy()
        fire(t, part, rng)
        smoke(t, part, rng)
        picture[H : 2 * H, W : 2 * W] = part
        turn = np.array([[1, 0, speed * (t - 14) - W], [0, 1, 0.4 * speed * (t - 14) + 2 * np.sin(t) - H]], np.float32)
        made: Picture = cv2.warpAffine(picture, turn, (W, H))
        return made

    return _burns(paint, still(land), seed)


def fire_at_two_frames(seed: int, ground: Ground | None = None) -> Trial:
    """A fire at the road from a stream of two frames a second."""
    made = fire_near(seed + 40, ground)

    def some() -> Frames:
        for index, (t, frame) in enumerate(made.frames):
            if index % 5 in (0, 2):
                yield t, frame

    return made._replace(frames=some(), settings=kinds("flame", "smoke"))


def fire_in_blocks(seed: int, ground: Ground | None = None) -> Trial:
    """The same as MJPEG of 320 x 240 of the worst quality, its sides not in proportion."""
    made = fire_near(seed + 60, ground)
    quality = 8 + 4 * (seed % 3)

    def coarse() -> Frames:
        for t, frame in made.frames:
            large = cv2.resize(frame, (320, 240), interpolation=cv2.INTER_LINEAR)
            coded = cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            yield t, np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

    return made._replace(frames=coarse(), settings=kinds("flame", "smoke"))


def fire_far(seed: int, ground: Ground | None = None) -> Trial:
    """A line of flames in grass at some distance, low and wide, behind air that shimmers."""
    rng = np.random.default_rng(seed)
    y, count = float(rng.uniform(100, 125)), int(rng.integers(3, 7))
    fires = [
        Fire(
            90 + 24.0 * number, y + 2 * (number % 3), 18, float(rng.uniform(8, 16)), EARLY + number, seed + number, 0.1
        )
        for number in range(count)
    ]
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for fire in fires:
            fire(t, picture, rng)
        air = 0.6 * noise(rng, H, W, 8)
        made: Picture = cv2.remap(picture, columns + air, rows + air, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return made

    return _burns(paint, ground or still(places.horizon(seed)), seed)

"""Trials with lights and warm colours that are no fires: lamps, the sun, cars that cross, cloth, fireworks."""

from collections.abc import Sequence

import cv2
import numpy as np

from tests.support import trial_places as places
from tests.support.scenes import H, Picture, Rng, W, box, lamp, noise, person
from tests.support.trial import Trial, kinds, still
from tests.support.trial_camera import Ground, Paint, camera, filmed

_ONLY = ("flame", "smoke")
_WARM: Sequence[tuple[float, float, float]] = ((35, 30, 200), (30, 35, 225), (40, 120, 240), (30, 90, 230))
AMBER, RED, BLUE = (20, 150, 255), (25, 30, 255), (255, 90, 30)


def _trial(paint: Paint, place: Ground, seed: int, seconds: float = 40, also: frozenset[str] = frozenset()) -> Trial:
    return Trial(filmed(place, paint, seconds, seed, camera(seed)), seconds, kinds(*_ONLY), None, also=also)


def gale(seed: int, ground: Ground | None = None) -> Trial:
    """A row of flags in a gale: red with yellow, orange, of a club; they snap, fold and shine."""
    rng = np.random.default_rng(seed)
    row = []
    for number in range(int(rng.integers(1, 4))):
        high = int(rng.integers(18, 46))
        cloth = np.zeros((high, int(high * rng.uniform(1.2, 1.8)), 3), np.float32)
        cloth[:] = _WARM[int(rng.integers(4))]
        if rng.random() < 0.7:
            cloth[high // 3 : 2 * high // 3] = [(30, 210, 250), (235, 235, 235), (40, 150, 250)][int(rng.integers(3))]
        row.append((cloth, 20 + 95 * number, int(rng.integers(6, 40)), float(rng.uniform(7, 14)), rng.uniform(0, 6)))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for cloth, left, top, beat, late in row:
            high, wide = cloth.shape[:2]
            gust = 1 + 0.5 * np.sin(0.9 * t + late)
            rows, columns = np.mgrid[0 : high + 20, 0:wide].astype(np.float32)
            loose = columns / wide
            phase = columns / 6 + rows / 15 - beat * t + late
            lift = loose * gust * (4 * np.sin(phase) + 2.5 * np.sin(2.1 * phase + 1 + np.sin(3 * t)))
            draw = loose * (3 + 3 * np.sin(5.3 * t + late) + 2 * np.sin(phase / 2))
            moved = cv2.remap(
                cloth, (columns + draw).astype(np.float32), (rows - 10 - lift).astype(np.float32), cv2.INTER_LINEAR,
                borderValue=(-1, -1, -1),
            )  # fmt: skip
            light = 1 + 0.35 * loose * gust * (np.cos(phase) + 0.6 * np.cos(2.1 * phase + 1 + np.sin(3 * t)))
            on = moved[:, :, 2] >= 0
            part = picture[top : top + high + 20, left : left + wide]
            part[on] = (moved * light[:, :, None])[: part.shape[0], : part.shape[1]][on]
        return None

    return _trial(paint, ground or still(places.roadside(seed)), seed)


def crossing(seed: int, ground: Ground | None = None) -> Trial:
    """Red, orange and yellow cars of two directions that pass right before each other, at speed or in a queue."""
    rng = np.random.default_rng(seed)
    slow = float(rng.uniform(0.4, 1.4))
    cars = [
        (
            float(rng.uniform(15, 90) * slow) * (1 if number % 2 else -1),
            float(rng.uniform(0, 460)), 140 + 9 * (number % 3), int(rng.integers(36, 80)), int(rng.integers(16, 30)),
            _WARM[int(rng.integers(4))], number,
        )
        for number in range(6)
    ]  # fmt: skip

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for speed, late, y, wide, high, colour, number in sorted(cars, key=lambda car: car[2]):
            x = (late + speed * t) % 460 - 70
            box(picture, x, y, wide, high, colour, 3 + number)
            box(picture, x, y - high * 0.55, int(wide * 0.6), high // 3, (70, 60, 55), 8)
            for wheel in (-0.3, 0.3):
                cv2.circle(picture, (int(x + wheel * wide), y), max(2, high // 6), (28, 28, 28), -1)
            glint = x - wide * 0.2 + 3 * np.sin(x / 9)
            lamp(picture, glint, y - high * 0.75, 1.2, (120, 140, 160), 1.0)
        return None

    return _trial(paint, ground or still(places.roadside(seed)), seed)


def red_bus(seed: int, ground: Ground | None = None) -> Trial:
    """People in vests and small red cars before red or orange buses that come, stand and go."""
    rng = np.random.default_rng(seed)
    wide, high = int(rng.integers(120, 240)), int(rng.integers(50, 90))
    colour, other = _WARM[int(rng.integers(4))], _WARM[int(rng.integers(4))]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        cycle = (t + seed) % 30
        x = min(-wide / 2 + cycle * 50, 150.0) if cycle < 20 else 150 + (cycle - 20) * 50
        box(picture, x, 160, wide, high, colour, seed)
        for window in range(-wide // 2 + 12, wide // 2 - 12, 24):
            box(picture, x + window + 6, 160 - high * 0.5, 17, high // 3, (70, 62, 58), 5)
        box(picture, x, 160 - high * 0.25, wide - 16, 4, (90, 210, 250), 6)
        for index in range(3):
            px = 90 + 40 * index + 26 * np.sin(0.4 * t + 2 * index)
            person(picture, px, 172, t * 0.8 + index, 36)
            box(picture, px, 158, 11, 14, (40, 140, 255), 7)
            box(picture, px, 152, 11, 2, (210, 240, 240), 7)
        box(picture, (t * 47) % 480 - 60, 178, 56, 22, other, 12)
        return None

    return _trial(paint, ground or still(places.roadside(seed)), seed)


def vests(seed: int, ground: Ground | None = None) -> Trial:
    """A crew in orange with stripes that shine: they walk close together, work with their arms, turn."""
    rng = np.random.default_rng(seed)
    size, count, pace = int(rng.integers(30, 60)), int(rng.integers(3, 8)), float(rng.uniform(5, 16))
    tone = [(40, 130, 250), (30, 100, 245), (60, 235, 225)][int(rng.integers(3))]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for index in range(count):
            along = (t * pace + 11 * index) % 420 - 50
            stops = 6 < (t + 2 * index) % 15 < 11
            x = along + 5 * np.sin(2.1 * t + 1.7 * index) if not stops else along + 2 * np.sin(5 * t + index)
            y = 150 + 8 * (index % 3) + np.sin(6 * t + index)
            person(picture, x, y, t + index, size)
            box(picture, x, y - 0.4 * size, size // 3, int(0.38 * size), tone, 7 + index)
            arm = 0.22 * size * np.sin(3.7 * t + 2 * index)
            box(picture, x + arm, y - 0.5 * size, max(3, size // 7), size // 4, tone, 9)
            box(picture, x, y - 0.55 * size, size // 3, max(1, size // 16), (220, 245, 245), 7)
        return None

    place = places.indoors(seed) if seed % 2 else places.roadside(seed)
    return _trial(paint, ground or still(place), seed)


def dawn(seed: int, ground: Ground | None = None) -> Trial:
    """The sun at the horizon, rising or setting, through haze and branches, with its path over rough water."""
    rng = np.random.default_rng(seed)
    x, size, rises = float(rng.uniform(60, 260)), float(rng.uniform(4, 12)), float(rng.choice([-0.4, 0.4]))
    sea, rough = int(rng.integers(90, 120)), float(rng.uniform(2, 5))
    place = np.zeros((H, W, 3), np.float32)
    place[:] = np.linspace(0.45, 1, H)[:, None, None] * np.array([90, 120, 190])
    place[sea:] = np.array([45, 55, 75])
    branches = np.clip(noise(rng, sea, 500, 7) * 2 - 2.2, 0, 1) if rng.random() < 0.5 else np.zeros((sea, 500))
    low = sea - 18.0 if rises < 0 else sea - 40.0

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        y = low + rises * t
        lamp(picture, x, y, size, (120, 200, 255), 1.6)
        picture[sea:] = place[sea:]
        sway = round(60 + 4 * np.sin(1.3 * t) + 2 * np.sin(3.1 * t))
        twigs = branches[:, sway : sway + W].astype(np.float32)[:, :, None]
        picture[:sea] += twigs * (np.array([25, 28, 30], np.float32) - picture[:sea])
        away = np.linspace(0.4, 1, H - sea)[:, None]
        spread = np.exp(-(((np.arange(W)[None, :] - x) / (30 * away)) ** 2))
        glitter = np.clip(noise(rng, H - sea, W, rough) * 1.3 + 0.2, 0, 2.5) * spread
        picture[sea:] += glitter[:, :, None].astype(np.float32) * np.array([60, 130, 210], np.float32)
        return None

    return _trial(paint, still(place), seed)


def torch(seed: int, ground: Ground | None = None) -> Trial:
    """Arc welding in the open or in a hall: bluish white flashes without a beat, their light all around; no sparks."""
    rng = np.random.default_rng(seed)
    x, y, dim = float(rng.uniform(80, 240)), float(rng.uniform(100, 150)), float(rng.uniform(0.15, 0.7))
    place = (places.indoors(seed) if seed % 2 else places.roadside(seed)) * np.float32(dim)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        if t > 6 and (t + seed) % 7 < 5 and rng.random() < 0.75:
            strength = float(rng.uniform(0.3, 1.6))
            lamp(picture, x, y, 3, (255, 240, 225), 2.4 * strength)
            picture *= np.float32(1 + 0.3 * strength)
        person(picture, x + 12, y + 10, 0.3 * np.sin(t), 34)
        return None

    return _trial(paint, still(place), seed)


def rain_lights(seed: int, ground: Ground | None = None) -> Trial:
    """A jam in rain by night: brake lights, indicators, head lights, drops on the lens, long wavering reflections."""
    rng = np.random.default_rng(seed)
    place, heavy = places.roadside(seed) * np.float32(rng.uniform(0.1, 0.25)), int(rng.integers(40, 160))
    drops = [(float(rng.uniform(0, W)), float(rng.uniform(60, H)), float(rng.uniform(3, 8))) for _ in range(6)]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for number in range(7):
            back = number % 3 > 0
            x = (70 * number + (t * (6 + 3 * number) if number % 2 else 9 * np.sin(0.5 * t + number))) % 420 - 50
            y = 118 + 13 * (number % 4)
            box(picture, x, y, 40, 18, (26, 24, 23))
            brakes = 1.1 if np.sin(0.9 * t + 2 * number) > 0 else 0.35
            tone, strength = (RED, brakes) if back else ((200, 230, 255), 1.0)
            for side in (-15, 15):
                lamp(picture, x + side, y - 7, 2.4, tone, strength)
                left, long = int(x + side - 5), 30
                if 0 <= left < W - 10 and y + long < H:
                    shine = np.clip(noise(rng, long, 10, 3) * 0.7 + 0.8, 0, 2.5) * np.linspace(1, 0.1, long)[:, None]
                    across = np.exp(-(((np.arange(10) - 5) / 2.5) ** 2))
                    picture[y : y + long, left : left + 10] += (
                        (strength * 0.6 * shine * across)[:, :, None] * np.array(tone)
                    ).astype(np.float32)
            if number % 3 == 2 and (t * 1.5 + 0.2 * number) % 1 < 0.5:
                lamp(picture, x + 17, y - 9, 2.0, AMBER, 1.2)
        streaks = np.zeros((H, W), np.float32)
        for sx, sy in zip(rng.integers(0, W, heavy), rng.integers(-10, H, heavy), strict=True):
            cv2.line(streaks, (int(sx), int(sy)), (int(sx) + 2, int(sy) + 12), 1.0, 1)
        picture += (0.25 * streaks)[:, :, None] * (picture * np.float32(0.8) + np.float32(60))
        rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
        for dx, dy, size in drops:
            weight = np.exp(-(((columns - dx) ** 2 + (rows - dy) ** 2) / (2 * size**2)))
            rows, columns = rows + (dy - rows) * weight, columns + (dx - columns) * weight * np.float32(0.8)
        made: Picture = cv2.remap(picture, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
        return made

    return _trial(paint, still(place), seed)


def beacons(seed: int, ground: Ground | None = None) -> Trial:
    """A place of an accident at dusk or by night: amber beacons, red and blue lights, each with a beat of its own."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed) * np.float32(rng.uniform(0.12, 0.6))
    lights = [
        (
            float(rng.uniform(70, 250)), float(rng.uniform(90, 150)), float(rng.uniform(1.5, 4)),
            (AMBER, RED, BLUE)[int(rng.integers(3))] if number else AMBER, float(rng.uniform(4, 16)),
            bool(rng.random() < 0.5),
        )
        for number in range(int(rng.integers(2, 6)))
    ]  # fmt: skip

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        box(picture, 160, 152, 110, 44, (60, 110, 200), seed)
        for x, y, size, tone, beat, turns in lights:
            phase = float(np.sin(beat * t))
            strength = max(phase, 0.0) ** 3 * 1.6 if turns else 1.5 * float(phase > 0.3)
            aside = 2 * float(np.cos(beat * t)) if turns else 0.0
            lamp(picture, x + aside, y, size, tone, strength)
            picture[150:] += np.float32(14 * strength) * np.array(tone, np.float32) / 255
        return None

    return _trial(paint, still(place), seed)


def fireworks(seed: int, ground: Ground | None = None) -> Trial:
    """Rockets over roofs by night: each bursts, falls and fades within three seconds; flames may be told."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed) * np.float32(0.1)
    bursts = []
    at = 3.0
    while at < 40:
        count, angles = int(rng.integers(24, 70)), rng.uniform(0, 2 * np.pi, 70)
        tone = [(60, 170, 255), (40, 60, 255), (120, 230, 255), (90, 255, 120), (255, 120, 90)][int(rng.integers(5))]
        bursts.append((at, rng.uniform(40, 280), rng.uniform(20, 60), angles[:count], rng.uniform(8, 30, count), tone))
        at += float(rng.uniform(0.3, 4))

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        for begin, x, y, angles, speeds, tone in bursts:
            age = t - begin
            if not 0 <= age < 3:
                continue
            far = speeds * (1 - np.exp(-1.6 * age))
            light = np.zeros((H, W), np.float32)
            for angle, reach in zip(angles, far, strict=True):
                px, py = x + reach * np.cos(angle), y + reach * np.sin(angle) + 3 * age**2
                if rng.random() < 0.8:
                    cv2.circle(light, (int(px), int(py)), 1, 1.0, -1)
            fades = np.float32(max(0.0, 1.3 - age / 2.2))
            picture += fades * cv2.GaussianBlur(light, (0, 0), 0.8)[:, :, None] * np.array(tone, np.float32) * 1.4
        return None

    return _trial(paint, still(place), seed, also=frozenset({"flame"}))


def lanterns(seed: int, ground: Ground | None = None) -> Trial:
    """Red and yellow lanterns on a string in wind, by night or dusk; lit by bulbs, some of which flicker a little."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed) * np.float32(rng.uniform(0.1, 0.6))
    count, size, wild = int(rng.integers(3, 9)), float(rng.uniform(3, 8)), float(rng.uniform(1, 5))
    tones = [(30, 60, 240), (40, 140, 255), (50, 190, 255)]

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        gust = wild * (0.6 + 0.4 * np.sin(0.5 * t))
        for index in range(count):
            along = (index + 0.5) / count
            x = 20 + 280 * along + gust * np.sin(2.3 * t + 0.9 * index) + 0.4 * gust * np.sin(5.9 * t + 2 * index)
            y = 40 + 30 * (1 - (2 * along - 1) ** 2) + 0.5 * gust * np.sin(3.1 * t + 1.3 * index)
            tone = np.array(tones[index % 3], np.float32)
            bulb = 1 + 0.08 * rng.normal()
            cv2.ellipse(
                picture, ((x, y), (2 * size, 1.6 * size), 8 * np.sin(2.3 * t + index)),
                [float(one) for one in tone * bulb * 0.8], -1,
            )  # fmt: skip
            lamp(picture, x, y, size / 2.5, (90, 160, 220), 0.7 * bulb)
        return None

    return _trial(paint, still(place), seed)


def screen(seed: int, ground: Ground | None = None) -> Trial:
    """A large screen by night that shows advertising in red and gold: texts that run, cuts, waves of light."""
    rng = np.random.default_rng(seed)
    place = places.roadside(seed) * np.float32(rng.uniform(0.15, 0.7))
    high, wide = int(rng.integers(20, 50)), int(rng.integers(50, 120))
    left, top = int(rng.integers(10, W - wide - 10)), int(rng.integers(20, 70))
    film = np.clip(noise(rng, 3 * high, 6 * wide, float(rng.uniform(4, 10))), -1, 2)
    warm = np.array([40, 110, 235], np.float32)

    def paint(t: float, picture: Picture, rng: Rng) -> Picture | None:
        part = (slice(top, top + high), slice(left, left + wide))
        scene = int(t / 3.5 + seed) % 3
        if scene == 0:
            at = int(t * 37) % (5 * wide)
            shown = 0.7 + 0.4 * film[:high, at : at + wide, None]
            picture[part] = np.clip(shown, 0, 1.4) * warm
        elif scene == 1:
            picture[part] = (30, 30, 190)
            cv2.putText(
                picture, "2026 50%", (left + wide - int(t * 40) % (2 * wide), top + high // 2 + 6),
                cv2.FONT_HERSHEY_SIMPLEX, high / 50, (60, 210, 255), 2,
            )  # fmt: skip
            outside = picture.copy()
            outside[part] = place[part]
            outside[part] = picture[part]
            picture[:, :left], picture[:, left + wide :] = place[:, :left], place[:, left + wide :]
        else:
            ramps = 0.6 + 0.5 * np.sin(np.arange(wide) / 8 - 5 * t)[None, :] * np.cos(np.arange(high) / 9)[:, None]
            picture[part] = ramps[:, :, None] * np.array([30, 160, 255])
        return None

    return _trial(paint, still(place), seed)

"""Clean footage that is made up: a street by day and night, in all weathers. Nothing of it is a fault."""

from collections.abc import Callable

import cv2
import numpy as np

from tests.support.video_scenes import FPS, Frames, Image, place, seen

SIZE = 640, 360


class Street:
    """A street with its cars and trees; `still` is what does not move."""

    def __init__(self, seed: int, still: Image | None = None, cars: float = 0.15, wind: float = 1.5) -> None:
        self.still = place(seed=seed) if still is None else still
        self.random = np.random.default_rng(seed)
        self._chance, self._wind = cars, wind
        self._cars: list[list[float]] = []
        height, width = self.still.shape[:2]
        self._x, self._y = (axis.astype(np.float32) for axis in np.meshgrid(np.arange(width), np.arange(height)))
        leaves = np.zeros((height, width), np.float32)
        leaves[height // 8 : height * 5 // 8, : width // 5] = 1
        self._leaves = cv2.GaussianBlur(leaves, (0, 0), 6)
        rough = self.random.normal(0, 1, (12, 20)).astype(np.float32)
        self._phase = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC) * 3

    def at(self, t: float) -> Image:
        """The street at a time: trees move in the wind, cars pass."""
        push = self._leaves * self._wind * np.sin(2.2 * t + self._phase)
        frame = np.asarray(cv2.remap(self.still, self._x + push, self._y + push / 2, cv2.INTER_LINEAR), np.uint8)
        height, width = frame.shape[:2]
        if self.random.random() < self._chance / FPS:
            self._cars.append(
                [
                    -160.0,
                    self.random.uniform(0.55, 0.8) * height,
                    self.random.uniform(30, 110),
                    *self.random.uniform(20, 235, 3),
                ]
            )
        for car in self._cars:
            car[0] += car[2] / FPS
            left, top, high = int(car[0]), int(car[1]), int(height / 7)
            cv2.rectangle(frame, (left, top), (left + 3 * high, top + high), car[3:], -1)
            cv2.rectangle(
                frame, (left + high // 2, top + high // 6), (left + 2 * high, top + high // 2), (40, 35, 30), -1
            )
            for wheel in (high // 2, 2 * high):
                cv2.circle(frame, (left + wheel, top + high), high // 5, (20, 20, 20), -1)
        self._cars = [car for car in self._cars if car[0] < width]
        return frame


def lit(frame: Image, gain: float, offset: float = 0.0) -> Image:
    """Brighter or darker."""
    return np.asarray(np.clip(frame.astype(np.float32) * gain + offset, 0, 255), np.uint8)


def day(seconds: float, seed: int) -> Frames:
    """Traffic, wind, clouds before the sun, and an exposure that is regulated by steps."""
    street, random, gain = Street(seed), np.random.default_rng(seed + 1), 1.0
    for number in range(round(seconds * FPS)):
        t = number / FPS
        if number % 100 == 99:
            gain = random.uniform(0.75, 1.25)
        cloud = 1 + 0.2 * np.sin(t / 37 + seed)
        yield t, seen(lit(street.at(t), gain * cloud), number)


def rain(seconds: float, seed: int) -> Frames:
    """Streaks and a wet street that flickers, in a light that is weaker."""
    street, random = Street(seed, cars=0.3, wind=3.0), np.random.default_rng(seed + 1)
    for number in range(round(seconds * FPS)):
        frame = lit(street.at(number / FPS), 0.7, 12)
        drops = np.zeros(frame.shape[:2], np.uint8)
        count = int(150 + 100 * np.sin(number / 300))
        for x, y, long in zip(
            random.integers(0, 640, count), random.integers(0, 360, count), random.integers(6, 18, count), strict=True
        ):
            cv2.line(drops, (int(x), int(y)), (int(x) + 2, int(y + long)), 55, 1)
        yield number / FPS, seen(np.asarray(cv2.add(frame, drops[:, :, None].repeat(3, 2)), np.uint8), number)


def fog(seconds: float, seed: int) -> Frames:
    """Fog that comes within a minute and goes again, denser where it is far."""
    street = Street(seed, cars=0.1)
    far = np.linspace(1.0, 0.45, 360, dtype=np.float32)[:, None, None]
    for number in range(round(seconds * FPS)):
        t = number / FPS
        veil = far * 0.85 * (0.5 - 0.5 * np.cos(2 * np.pi * t / 240))
        frame = street.at(t) * (1 - veil) + 205 * veil
        yield t, seen(np.clip(frame, 0, 255).astype(np.uint8), number)


def dark(frame: Image, lamps: Image) -> Image:
    """A street by night: what lamps light, and the lamps."""
    return np.asarray(cv2.add(lit(frame, 0.16), lamps), np.uint8)


def lamps_of(seed: int, colour: tuple[int, int, int] = (60, 140, 220)) -> Image:
    """Lamps and what they light."""
    random = np.random.default_rng(seed)
    glow = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    for x in range(60, 640, 170):
        spot = np.zeros((SIZE[1], SIZE[0]), np.float32)
        cv2.ellipse(spot, (x, 250), (70, 30), 0, 0, 360, 0.35, -1)
        spot = cv2.GaussianBlur(spot, (0, 0), 22)
        cv2.circle(spot, (x, 70 + int(random.integers(-8, 8))), 5, 1.0, -1)
        glow += spot[:, :, None] * np.array(colour, np.float32)
    return np.clip(glow, 0, 255).astype(np.uint8)


def night(seconds: float, seed: int) -> Frames:
    """A night under orange lamps, with noise, and headlights that light the picture up."""
    street, lamps = Street(seed, cars=0.0), lamps_of(seed)
    random, beam = np.random.default_rng(seed), -1.0
    for number in range(round(seconds * FPS)):
        frame = dark(street.at(number / FPS), lamps)
        if beam < 0 and random.random() < 0.02:
            beam = 0.0
        if beam >= 0:
            beam += 28
            light = np.zeros(frame.shape[:2], np.float32)
            cv2.circle(light, (int(beam), 260), 9, 1.0, -1)
            cv2.ellipse(light, (int(beam) + 70, 275), (80, 22), 0, 0, 360, 0.4, -1)
            frame = lit(frame, 1.0) + (cv2.GaussianBlur(light, (0, 0), 8) * 230)[:, :, None].astype(np.uint8).clip(
                0, 60
            )
            beam = -1.0 if beam > 700 else beam
        yield number / FPS, seen(frame, number, 5.0)


def infrared(seconds: float, seed: int) -> Frames:
    """By day in colour, then grey under its own light, and back, each within a frame."""
    street = Street(seed, cars=0.1)
    y, x = np.mgrid[:360, :640].astype(np.float32)
    spot = np.exp(-(((x - 320) / 260) ** 2 + ((y - 220) / 150) ** 2))[:, :, None]
    for number in range(round(seconds * FPS)):
        t, frame = number / FPS, street.at(number / FPS)
        if int(t / 90) % 2:
            grey = np.asarray(frame[:, :, 1] * 0.5 + frame[:, :, 2] * 0.5, np.float32)[:, :, None]
            frame = np.clip((30 + 0.8 * grey) * spot + 8, 0, 255).astype(np.uint8).repeat(3, 2)
            frame = seen(frame, number, 5.0)[:, :, :1].repeat(3, 2)
        else:
            frame = seen(frame, number)
        yield t, frame


def dusk(seconds: float, seed: int) -> Frames:
    """The light goes within ten minutes, lamps come on, and the picture becomes grey."""
    street, lamps = Street(seed, cars=0.1), lamps_of(seed, (150, 190, 220))
    for number in range(round(seconds * FPS)):
        t = number / FPS
        gone = min(1.0, t / 500)
        frame = lit(street.at(t), 1 - 0.84 * gone)
        if t > 300:
            frame = np.asarray(cv2.add(frame, lamps), np.uint8)
        yield t, seen(frame, number, 2 + 3 * gone)


def mast(seconds: float, seed: int) -> Frames:
    """A mast that sways by up to 2 pixels, and a lens that is turned by 3 pixels over the time."""
    street, random = Street(seed, cars=0.1), np.random.default_rng(seed)
    sway = np.zeros(2)
    for number in range(round(seconds * FPS)):
        sway = 0.7 * sway + random.normal(0, 0.7, 2)
        drift = 3 * number / (seconds * FPS)
        shift = np.array([[1, 0, sway[0] + drift], [0, 1, sway[1]]], np.float32)
        moved = cv2.warpAffine(street.at(number / FPS), shift, SIZE, borderMode=cv2.BORDER_REFLECT_101)
        yield number / FPS, seen(np.asarray(moved, np.uint8), number)


def aerial(seconds: float, seed: int) -> Frames:
    """From an aircraft that flies on and turns over fields and houses."""
    random = np.random.default_rng(seed)
    ground = np.zeros((1600, 1600, 3), np.float32)
    for cells, deep in ((6, 40), (30, 25), (160, 14), (800, 8)):
        rough = random.normal(0, deep, (cells, cells, 3)).astype(np.float32)
        ground += cv2.resize(rough, (1600, 1600), interpolation=cv2.INTER_LINEAR)
    ground = np.clip(ground + np.array((70, 110, 95)), 0, 255)
    for _ in range(250):
        x, y, w, h = random.integers(0, 1560, 2).tolist() + random.integers(10, 45, 2).tolist()
        cv2.rectangle(ground, (x, y), (x + w, y + h), random.uniform(60, 230, 3).tolist(), -1)
    for number in range(round(seconds * FPS)):
        t = number / FPS
        turn = cv2.getRotationMatrix2D(
            (800 + 500 * np.sin(t / 40), 800 + 500 * np.sin(t / 57 + 1)), 20 * np.sin(t / 30), 1.0
        )
        turn[:, 2] += 320 - (800 + 500 * np.sin(t / 40)), 180 - (800 + 500 * np.sin(t / 57 + 1))
        frame = cv2.warpAffine(ground, turn, SIZE, borderMode=cv2.BORDER_REFLECT_101)
        yield t, seen(np.clip(frame, 0, 255).astype(np.uint8), number)


def snow(seconds: float, seed: int) -> Frames:
    """Flakes, and a ground that is nearly white."""
    still = place(seed=seed).copy()
    still[180:] = lit(still[180:], 0.4, 165)
    street, random = Street(seed, still=still, cars=0.1), np.random.default_rng(seed)
    for number in range(round(seconds * FPS)):
        frame = street.at(number / FPS)
        for x, y in random.integers(0, (640, 360), (220, 2)).tolist():
            cv2.circle(frame, (x, y), 1 + (x + y) % 2, (240, 240, 240), -1)
        yield number / FPS, seen(frame, number)


def jam(seconds: float, seed: int) -> Frames:
    """Lorries that stand before the camera for a while, at night and day large enough to hide a third of the street."""
    street = Street(seed, cars=0.05)
    for number in range(round(seconds * FPS)):
        t = number / FPS
        frame, phase = street.at(t), t % 60
        left = int(-330 + 22 * phase) if phase < 20 else 110 if phase < 32 else int(110 + 40 * (phase - 32))
        cv2.rectangle(frame, (left, 120), (left + 300, 300), (150, 90, 60), -1)
        for line in range(left + 20, left + 300, 40):
            cv2.line(frame, (line, 120), (line, 300), (120, 70, 45), 3)
        cv2.putText(frame, "LOGISTIC", (left + 40, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (235, 235, 235), 4)
        yield t, seen(frame, number)


WEATHERS: dict[str, Callable[[float, int], Frames]] = {
    weather.__name__: weather for weather in (day, rain, fog, night, infrared, dusk, mast, aerial, snow, jam)
}

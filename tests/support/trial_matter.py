"""Smoke, flames and water of the trials: small flows that are carried along, not sprites that are moved."""

import cv2
import numpy as np

from tests.support.scenes import FPS, H, Picture, Rng, W, blend, noise


class Flow:
    """Something that is fed at a source, rises, is blown aside, curls and thins out; (H, W) of density."""

    def __init__(
        self,
        source: tuple[float, float, float, float],
        rise: float,
        wind: float,
        seed: int,
        curl: float = 0.6,
        fade: float = 0.06,
        steps: int = 2,
        soft: float = 0.0,
    ) -> None:
        """`source`: x, y, width and height; `rise` and `wind` in pixels a second; `curl` in parts of the rise;
        `fade`: the share that is lost a second; `soft`: pixels by which it spreads in each step."""
        self.rng = np.random.default_rng(seed)
        self.density: Picture = np.zeros((H, W), np.float32)
        x, y, width, height = source
        rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
        self._source = np.exp(-(((columns - x) / width) ** 2 + ((rows - y) / height) ** 2)).astype(np.float32)
        self._rows, self._columns, self._steps = rows, columns, steps
        self._rise, self._wind, self._fade = rise, wind, fade
        self._soft, self._feed = soft, 0.6 * rise / max(height, 2.0)
        scales = max(3.0, 1.6 * width), max(6.0, 4.0 * width)
        self._folds = [self._curls(scale) for scale in scales]
        self._curl, self._t = curl * rise, 0.0

    def _curls(self, scale: float) -> tuple[Picture, Picture]:
        potential = noise(self.rng, 3 * H, 2 * W, scale) * scale * 0.7
        return np.gradient(potential, axis=0).astype(np.float32), -np.gradient(potential, axis=1).astype(np.float32)

    def step(self, rng: Rng) -> Picture:
        """What is there a frame later."""
        dt = 1.0 / FPS / self._steps
        for _ in range(self._steps):
            self._t += dt
            at = int(self._rise * 0.8 * self._t) % (2 * H)
            u = np.full((H, W), self._wind * (1 + 0.3 * np.sin(0.37 * self._t)), np.float32)
            v = np.full((H, W), -self._rise, np.float32)
            for (du, dv), share in zip(self._folds, (0.7, 0.6), strict=True):
                side = int(abs(self._wind) * self._t) % W
                u += np.float32(share * self._curl) * du[at : at + H, side : side + W]
                v += np.float32(share * self._curl) * dv[at : at + H, side : side + W]
            self.density = cv2.remap(
                self.density, self._columns - u * np.float32(dt), self._rows - v * np.float32(dt), cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
            )  # fmt: skip
            if self._soft:
                self.density = cv2.GaussianBlur(self.density, (5, 5), self._soft)
            self.density *= np.float32(1 - self._fade * dt)
            puff = max(0.0, 1 + 0.6 * float(rng.normal()))
            self.density += self._source * np.float32(dt * puff * self._feed)
        return self.density


class Smoke:
    """A plume from a source, from `begin` on."""

    def __init__(self, flow: Flow, begin: float, grey: float, thick: float, tint: float = 0.0) -> None:
        """`thick`: opacity by density; `tint`: how blue it is."""
        self._flow, self._begin, self._grey, self._thick = flow, begin, grey, thick
        self._colour = np.array([1 + tint, 1.0, 1 - tint], np.float32)

    def __call__(self, t: float, picture: Picture, rng: Rng) -> Picture | None:
        """See Paint."""
        if t < self._begin:
            return None
        density = self._flow.step(rng)
        light = 1 + 0.5 * np.clip(density - np.roll(density, (3, 3), (0, 1)), -0.35, 0.35)
        shade = self._grey * light[:, :, None] * self._colour
        blend(picture, 1 - np.exp(-np.float32(self._thick) * density), np.clip(shade, 0, 255).astype(np.float32))
        return None


class Fire:
    """Flames from a source, from `begin` on: white in the core, then yellow, orange and red, with a glow around."""

    def __init__(
        self, x: float, y: float, width: float, height: float, begin: float, seed: int, glow: float, wind: float = 0.0
    ) -> None:
        """`height`: about how high they are, in pixels; `glow`: how much they light up what is around."""
        self._flow = Flow((x, y, width / 2, max(2.0, height / 8)), 2.2 * height, wind, seed, 0.45, 2.4, 4)
        self._begin, self._glow, self._t = begin, glow, 0.0
        self._halo = np.exp(
            -((np.hypot(self._flow._columns - x, self._flow._rows - y + height / 2) / (1.5 * height)) ** 2)
        )

    def __call__(self, t: float, picture: Picture, rng: Rng) -> Picture | None:
        """See Paint."""
        if t < self._begin:
            return None
        heat = self._flow.step(rng) * 1.3
        bright = float(np.clip(1 + 0.25 * rng.normal(), 0.4, 1.6))
        if self._glow:
            picture += (self._glow * bright * self._halo)[:, :, None].astype(np.float32) * np.array(
                [12, 45, 100], np.float32
            )
        colour = np.dstack(
            [
                255 * np.clip(1.5 * heat - 1.4, 0, 1),
                255 * np.clip(1.3 * heat - 0.35, 0, 1),
                255 * np.clip(3 * heat, 0, 1),
            ]
        )
        blend(picture, np.clip(2.2 * heat - 0.15, 0, 1).astype(np.float32), colour.astype(np.float32))
        return None


class Flood:
    """Water that spreads over a floor from a point, mirrors what stands behind and ripples."""

    def __init__(self, x: float, y: float, floor: float, speed: float, begin: float, seed: int, murky: float) -> None:
        """`floor`: the row from which on it is floor; `murky`: 0 mirrors, 1 is brown."""
        self._rng = np.random.default_rng(seed)
        rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
        far = np.clip((rows - floor) / (H - floor), 0.15, 1)
        rough = 14 * noise(self._rng, H, W, 26) + 6 * noise(self._rng, H, W, 9)
        self._apart = np.hypot((columns - x) / 2.2, (rows - y) / np.float32(0.7)) / (0.4 + 0.6 * far) + rough
        self._floor, self._speed, self._begin, self._murky = int(floor), speed, begin, murky
        self._on = (rows > floor).astype(np.float32)

    def __call__(self, t: float, picture: Picture, rng: Rng) -> Picture | None:
        """See Paint."""
        if t < self._begin:
            return None
        wet = np.clip((self._speed * (t - self._begin) ** 0.85 - self._apart) / 3, 0, 1) * self._on
        mirror = picture.copy()
        above = cv2.resize(picture[: self._floor][::-1], (W, H - self._floor))
        mirror[self._floor :] = cv2.GaussianBlur(above, (0, 0), 3) * 0.7 + 10
        brown = np.array([70, 95, 112], np.float32)
        surface = mirror * (1 - self._murky) + brown * self._murky
        ripple = 5 * noise(rng, H, W, 6) + 5 * np.sin(self._apart / 2.7 - 4 * t)
        blend(picture, (0.8 * wet).astype(np.float32), (surface + ripple[:, :, None]).astype(np.float32))
        return None

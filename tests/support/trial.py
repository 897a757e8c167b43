"""What trials have in common."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.support.scenes import Frames, Picture, W, box
from tests.support.trial_camera import Ground

BEGIN = 15.0
LOOKED_FOR = ("flame", "smoke", "object_left", "object_removed", "flood")
FLOOR: Sequence[Sequence[float]] = [[0, 0.55], [1, 0.55], [1, 1], [0, 1]]


class Trial(NamedTuple):
    """What is filmed, and what is to be found in it."""

    frames: Frames
    seconds: float
    settings: Mapping[str, Any]
    kind: str | None
    """None: nothing is to be found."""
    begin: float = BEGIN
    also: frozenset[str] = frozenset()
    """May be found, too."""


Made = Callable[[int, Ground | None], Trial]


def still(picture: Picture) -> Ground:
    return lambda _: picture


def kinds(*kinds: str) -> dict[str, Any]:
    return {"kinds": list(kinds or LOOKED_FOR)}


def in_zone(kind: str, polygon: Sequence[Sequence[float]]) -> dict[str, Any]:
    return {"kinds": [kind, "flame", "smoke"], "zones": [{"name": "here", "polygon": polygon, "kinds": [kind]}]}


def traffic(picture: Picture, t: float, rng_of: int, row: int = 150) -> None:
    rng = np.random.default_rng(rng_of)
    for lane in range(3):
        speed, late = float(rng.uniform(25, 70)), float(rng.uniform(0, 300))
        colour = tuple(float(one) for one in rng.uniform(30, 230, 3))
        x = (t * speed + late) % 560 - 100
        x = x if lane % 2 else W - x
        y = row - 14 + 14 * lane
        box(picture, x, y, 40 + 6 * lane, 15 + 3 * lane, colour, 3 + lane)  # type: ignore[arg-type]
        box(picture, x, y - 6, 22 + 3 * lane, 6, (45.0, 40.0, 38.0), 9)

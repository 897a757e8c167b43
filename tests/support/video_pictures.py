"""Faults, weathers and trials as pictures: `python -m tests.support.video_pictures docs/images/video`."""

import sys
from pathlib import Path

import cv2
import numpy as np

from tests.support.trials import DANGEROUS, HARMLESS
from tests.support.video_faults import FAULTS, faulty
from tests.support.video_scenes import Image, still
from tests.support.video_weather import WEATHERS

SIZE = 240, 135
COLUMNS = 4
SHOWN_AT = {"infrared": 95.0, "fog": 70.0, "dusk": 70.0}
"""Seconds at which a weather is shown; 12 for the others."""


def _tile(frame: Image, name: str) -> Image:
    tile = cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA)
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(tile, name, (6, 128), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, width, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def _sheet(tiles: list[Image]) -> Image:
    tiles = tiles + [np.full_like(tiles[0], 255)] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[at : at + COLUMNS]) for at in range(0, len(tiles), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def main(folder: Path) -> None:
    """Write faults.jpg, weathers.jpg and trials.jpg."""
    folder.mkdir(parents=True, exist_ok=True)
    faults = []
    for kind in FAULTS:
        *_, (_, frame) = faulty(still(2), kind, 2, 1.0, seed=1)
        faults.append(_tile(frame, kind))
    weathers = []
    for name, weather in WEATHERS.items():
        *_, (_, frame) = weather(SHOWN_AT.get(name, 12.0), 7)
        weathers.append(_tile(frame, name))
    trials = []
    for name, made in {**DANGEROUS, **HARMLESS}.items():
        shown = 19.0 if name in DANGEROUS else 9.0
        trials.append(_tile(next(frame for t, frame in made(5, None).frames if t >= shown), name))
    for name, tiles in (("faults", faults), ("weathers", weathers), ("trials", trials)):
        cv2.imwrite(str(folder / f"{name}.jpg"), _sheet(tiles), [cv2.IMWRITE_JPEG_QUALITY, 72])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""How many pictures of 1080p one process of the privacy gate passes in a second of a processor.

Sixteen cameras over a street that is made up, or over a video (--street): each learns first, then pictures pass. It is
time of the processor, whatever else the machine does; decoding, blocks, encoding and learning are in it.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2

from hub.picture_settings import Pictures
from ingest.pictures.asked import Asked, Learned
from ingest.pictures.work import worked
from tests.support.pictures import jpeg, noisy, street

CAMERAS, ROUNDS = 16, 12
SIZE = 1920, 1080
S = 1_000_000


def pictures_of(video: Path | None) -> Sequence[bytes]:
    """Eight pictures of a place, as a camera sends them."""
    if video is None:
        return [jpeg(noisy(street(*SIZE), number), 85) for number in range(8)]
    read = cv2.VideoCapture(str(video))
    return [jpeg(cv2.resize(read.read()[1], SIZE), 85) for _ in range(8)]


def pictures_per_s(longest_side: int, video: Path | None = None) -> float:
    """Of one processor; each camera has learned its place, and an occasion passes with every tenth picture."""
    cv2.setNumThreads(0)
    given, settings = pictures_of(video), Pictures()
    memories = [b""] * CAMERAS
    spent = 0.0
    for number in range(settings.occasions + ROUNDS):
        began = time.process_time()
        for camera in range(CAMERAS):
            now = (number if number <= settings.occasions else settings.occasions + (number + camera) // 10) * 60 * S
            asked = Asked(
                given[(number + camera) % len(given)], longest_side, memories[camera], now, settings.occasions, 60 * S,
                b"bench",
            )  # fmt: skip
            for told in worked(asked):
                if isinstance(told, Learned):
                    memories[camera] = told.memory or memories[camera]
        if number >= settings.occasions:
            spent += time.process_time() - began
    return CAMERAS * ROUNDS / spent


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(prog="./run bench pictures", description=__doc__)
    parser.add_argument("--longest-side", type=int, default=Pictures().longest_side, help="pixels of what is kept")
    parser.add_argument("--street", type=Path, help="a video of a fixed camera")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    found = round(pictures_per_s(given.longest_side, given.street), 1)
    sys.stdout.write(
        json.dumps({"pictures_per_s": found}) + "\n" if given.json else f"{found} pictures/s of one processor\n"
    )


if __name__ == "__main__":
    main()

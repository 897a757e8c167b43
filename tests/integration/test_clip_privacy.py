"""What a clip leaves of who and what moves before a camera: no face and no plate, in no frame and not in all together.

Measured as pictures are (test_street_pictures.py): faces and plates are planted where they are known. And by whoever
lays all frames over each other, each moved to where the thing was, and knows which plates there may be.
"""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.clips.making import made
from ingest.clips.place import Place
from ingest.clips.ring import Kept, Ring
from ingest.pictures import blocks
from ingest.pictures.blocks import Box, Stir, put_in_blocks
from tests.integration.test_street_pictures import TEXTS, detail, face, plate, put, read
from tests.support.pictures import Array, noisy, street
from tests.support.pictures import decoded as jpeg_decoded

S = 1_000_000
FRAMES, SIDE, WIDE = 24, 60, 110
HIGH = WIDE * 140 // 440
STREET = street(640, 360)
Spot = tuple[int, int]


def known(seed: bytes = b"gate") -> Place:
    """A place that was learned."""
    place = Place(3, S, seed)
    for number in range(4):
        place.learn((number + 1) * 2 * S, noisy(STREET, number))
    return place


def visited() -> tuple[list[Kept], list[Spot], list[Spot]]:
    """A clip of somebody and a car that pass; where the face and the plate are in each frame."""
    ring, faces, plates, rng = Ring(10), list[Spot](), list[Spot](), np.random.default_rng(3)
    seen = [noisy(STREET, 100 + number) for number in range(3)]
    for number in range(FRAMES):
        frame = seen[number % 3].copy()
        faces.append((30 + 16 * number + int(rng.integers(3)), 120))
        plates.append((20 + 17 * number + int(rng.integers(3)), 290))
        (left, top), spot = faces[-1], plates[-1]
        frame[top : top + 180, left - 5 : left + SIDE + 5] = (60, 40, 120)
        put(frame, face(SIDE), left, top)
        put(frame, plate(TEXTS[0], WIDE), *spot)
        ring.put(0.2 * number, frame)
    return ring.cut(0, 100), faces, plates


def decoded(webp: bytes) -> list[Array]:
    done, animation = cv2.imdecodeanimation(np.frombuffer(webp, np.uint8)[None])
    assert done
    return [np.asarray(each, np.uint8)[..., :3] for each in animation.frames]


def at(frames: list[Array], spots: list[Spot], width: int, height: int) -> list[Array]:
    return [frame[top : top + height, left : left + width] for frame, (left, top) in zip(frames, spots, strict=True)]


def together(parts: list[Array]) -> Array:
    mean: Array = np.mean(parts, axis=0).astype(np.uint8)
    return mean


def likeness(seen: Array, known: Array) -> float:
    grey = [cv2.cvtColor(each, cv2.COLOR_BGR2GRAY).astype(float).ravel() for each in (seen, known)]
    return float(np.corrcoef(*grey)[0, 1])


def test_no_face_and_no_plate_is_left_in_a_clip_nor_in_all_its_frames_together(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, faces, plates = visited()
    sent = [jpeg_decoded(each.jpeg) for each in kept]
    assert read([(each, TEXTS[0]) for each in at(sent, plates, WIDE, HIGH)]) == FRAMES, "the camera has sent them"
    assert min(detail(each) for each in at(sent, faces, SIDE, SIDE))[0] > 12

    clip = made(kept, 3.0, known())
    assert (clip.why, clip.whole, clip.width, clip.height, clip.seconds, clip.before_s) == ("", False, 640, 360, 4.8, 3)
    shown = decoded(clip.webp)
    assert len(shown) == FRAMES
    assert np.abs(shown[5][:60].astype(int) - STREET[:60]).mean() < 8, "the place is shown"
    seen_faces, seen_plates = at(shown, faces, SIDE, SIDE), at(shown, plates, WIDE, HIGH)
    for each in [*seen_faces, together(seen_faces)]:
        assert min(detail(each)) <= 3, "a fourth of the detail that a picture may have"
    assert read([(each, TEXTS[0]) for each in [*seen_plates, together(seen_plates)]]) == 0
    assert likeness(together(seen_plates), plate(TEXTS[0], WIDE)) < 0.3

    pictures = [place.passed(each) for place, each in zip(map(known, [b"gate"] * 3), sent[4:7], strict=True)]
    assert [(each.why, each.whole) for each in pictures] == [("", False)] * 3, "an event's picture shows no less"
    stills = [jpeg_decoded(each.jpeg) for each in pictures]
    assert np.abs(stills[1][:60].astype(int) - STREET[:60]).mean() < 8
    assert max(min(detail(each)) for each in at(stills, faces[4:7], SIDE, SIDE)) <= 3, "and no more"
    assert read([(each, TEXTS[0]) for each in at(stills, plates[4:7], WIDE, HIGH)]) == 0

    monkeypatch.setattr(blocks, "COARSER", 1)
    monkeypatch.setattr(blocks, "STIR", (0.0, 0.0, 0.0))
    finer = at(decoded(made(kept, 3.0, known()).webp), plates, WIDE, HIGH)
    assert likeness(together(finer), plate(TEXTS[0], WIDE)) > 0.35, "blocks of pictures would not do"


def test_nothing_is_shown_of_a_place_that_is_not_known() -> None:
    kept, faces, _ = visited()
    clip = made(kept[:4], 0.0, Place(3, S, b"gate"))
    assert clip.whole
    shown = decoded(clip.webp)
    assert all(min(detail(each)) <= 6 for each in at(shown, faces[: len(shown)], SIDE, SIDE))
    assert detail(shown[0][:, ::4])[0] < 24


def crossing(text: str, number: int) -> Array:
    """A car that goes slowly, by parts of a pixel."""
    car = np.full((HIGH + 86, 2 * WIDE, 3), (70, 60, 150), np.uint8)
    put(car, plate(text, WIDE), WIDE // 2, 68)
    moved = np.array([[1, 0, 20 + 2.3 * number + 0.3 * np.sin(number)], [0, 1, 140 + 0.2 * number]])
    frame: Array = STREET.copy()
    cv2.warpAffine(car, moved, (640, 360), dst=frame, borderMode=cv2.BORDER_TRANSPARENT)
    return frame


def test_whoever_knows_all_but_the_plate_does_not_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Car, colours and way are known to a part of a pixel, and where the blocks are: each plate is put in them so."""
    random, real = np.random.default_rng(4), put_in_blocks
    plates = ["".join(random.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), 6)) for _ in range(12)]
    ring, boxes = Ring(10), list[list[Box]]()
    for number in range(FRAMES):
        ring.put(0.2 * number, noisy(crossing(TEXTS[0], number), number))

    def spied(picture: Array, found: list[Box], stir: Stir) -> None:
        boxes.append(found)
        real(picture, found, stir)

    def rank(coarser: int, stir: tuple[float, ...]) -> int:
        """How many plates are more like what is seen than the right one is, by brightness or by colour."""
        boxes.clear()
        monkeypatch.setattr(blocks, "COARSER", coarser)
        monkeypatch.setattr(blocks, "STIR", stir)
        clip = made(ring.cut(0, 100), 3.0, known(random.bytes(16)))
        monkeypatch.setattr(blocks, "STIR", (0.0, 0.0, 0.0))
        still = Stir(b"")
        animation = cv2.imdecodeanimation(np.frombuffer(clip.webp, np.uint8)[None])[1]
        both = zip(animation.frames, animation.durations, strict=True)
        shown = [frame[..., :3] for frame, ms in both for _ in range(round(ms / 200))]
        assert len(shown) == len(boxes) == FRAMES

        def differs(text: str) -> NDArray[np.float64]:
            total = np.zeros(2)
            for number in range(0, FRAMES, 2):
                guess = crossing(text, number)
                real(guess, boxes[number], still)
                for left, top, wide, high in boxes[number]:
                    spot = np.s_[top : top + high, left : left + wide]
                    difference = shown[number][spot].astype(float) - guess[spot]
                    total += (difference**2).sum(), (np.diff(difference) ** 2).sum()
            return total

        right = differs(TEXTS[0])
        return int(np.sum([differs(text) < right for text in plates], axis=0).min())

    monkeypatch.setattr("ingest.clips.making.put_in_blocks", spied)
    coarser, stir = blocks.COARSER, blocks.STIR
    assert rank(coarser, (0.0, 0.0, 0.0)) == 0, "blocks that are as they were would not do"
    assert [rank(coarser, stir), rank(coarser, stir)] != [0, 0]

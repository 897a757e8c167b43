"""What of a camera's place is known, by what has been there and for how long; and what of it may be kept."""

import numpy as np

from ingest.pictures.background import TILE, Background, Small, Tiles, place_of, views_in

OCCASIONS, LATER = 3, 6
"""A place is known after 3 occasions, what comes there after 18."""
RANDOM = np.random.default_rng(3)
STREET = RANDOM.integers(60, 200, (12, 24, 3), np.uint8).repeat(3, 0).repeat(3, 1)
SPOT = np.s_[12:30, 30:42]
TILES = np.s_[12 // TILE : 30 // TILE, 30 // TILE : 42 // TILE]
NOBODY = np.zeros((36 // TILE, 72 // TILE), np.bool_)


def with_somebody(number: int = 0) -> Small:
    picture = STREET.copy()
    picture[SPOT] = np.random.default_rng(50 + number).integers(0, 255, (18, 12, 3), np.uint8)
    return picture


class Camera:
    """One that sends a picture at each occasion."""

    def __init__(self, memory: bytes = b"") -> None:
        self.memory, self._now = memory, 0

    def see(self, picture: Small, times: int = 1, suspicious: Tiles = NOBODY) -> Tiles:
        """What is place when the last one has come."""
        for _ in range(times):
            background = Background(picture, self.memory, OCCASIONS)
            self._now += 1
            self.memory = background.learned(self._now, suspicious)
        return background.place


def test_a_place_is_known_after_its_occasions_and_who_waits_there_from_the_first_on_leaves_no_trace() -> None:
    camera = Camera()
    assert not camera.see(with_somebody(), OCCASIONS - 1).any()
    assert camera.see(STREET, 3)[0].all()
    place = camera.see(STREET, OCCASIONS)
    assert place.all()
    assert not camera.see(with_somebody())[TILES].any()


def test_what_comes_where_the_place_is_known_is_hidden_for_six_hours_and_what_it_hid_is_shown_as_it_goes() -> None:
    camera = Camera()
    camera.see(STREET, OCCASIONS + 1)
    assert not camera.see(with_somebody(), LATER * OCCASIONS)[TILES].any(), (
        "36 occasions of 10 minutes, as they are set"
    )
    assert camera.see(STREET).all()
    assert camera.see(with_somebody(), 2).all(), "another look of the place by now: a car that is left"
    assert camera.see(STREET).all(), "both are known"


def test_of_those_who_come_and_go_at_one_spot_nobody_becomes_place_by_their_number() -> None:
    camera = Camera()
    camera.see(STREET, OCCASIONS + 1)
    for number in range(2 * LATER * OCCASIONS + 2):
        shown = camera.see(with_somebody(number % 2))[TILES].mean()
        assert shown < 0.15, number
        camera.see(STREET)


def test_what_looks_like_a_person_does_not_become_place_and_the_place_stays() -> None:
    suspicious = NOBODY.copy()
    suspicious[TILES] = True
    camera = Camera()
    assert not camera.see(STREET, 3 * OCCASIONS, suspicious)[TILES].any()
    known = Camera()
    known.see(STREET, OCCASIONS + 1)
    assert not known.see(with_somebody(), 2 * LATER * OCCASIONS, suspicious)[TILES].any()
    assert known.see(STREET, 2, suspicious).all()


def test_what_is_kept_is_place_alone_and_the_first_picture_after_a_restart_shows_it() -> None:
    camera = Camera()
    camera.see(STREET, OCCASIONS - 1)
    assert place_of(camera.memory, OCCASIONS) == b"", "nothing is place yet"
    camera.see(STREET, 2)
    camera.see(with_somebody(), LATER * OCCASIONS - 2)
    kept = place_of(camera.memory, OCCASIONS)
    [view] = views_in(kept)
    assert not any(view.other), "nothing of who stands there"
    again = Camera(kept)
    assert not again.see(with_somebody())[TILES].any()
    assert again.see(STREET).all()

    anew = Camera()
    for number in range(OCCASIONS):
        anew.see(with_somebody(number))
    place = place_of(anew.memory, OCCASIONS)
    [view] = views_in(place)
    shown = np.frombuffer(view.small, np.uint8).reshape(36, 72, 3)
    assert not shown[SPOT].any(), "what is not place is black"
    again = Camera(place)
    assert again.see(STREET).mean() > 0.7
    assert not again.see(STREET)[TILES].any(), "what was behind somebody is learned first"

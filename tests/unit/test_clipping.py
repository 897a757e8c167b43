"""Which clips are made of a camera: of what, when, how many, and what is said where there is none."""

from collections.abc import Iterator

import numpy as np
import pytest

from hub.clip import BUSY, MOST_BYTES, NO_FRAMES, SHED, TOO_MANY_BYTES, TOO_SLOW, Clip, is_webp
from ingest.clips import clipping as clippings
from ingest.clips import making, ring
from ingest.clips.clipping import MOST, Clipping, Workshop
from ingest.clips.place import Place
from ingest.clips.ring import Ring
from ingest.video.decoding import Picture

Told = list[tuple[int, Clip]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def clipping(told: Told, workshop: Workshop) -> Clipping:
    return Clipping(1.0, Place(3, 1_000_000, b"gate"), lambda number, clip: told.append((number, clip)), workshop)


def frame(number: int, width: int = 64) -> Picture:
    return np.full((36, width, 3), number * 7 % 256, np.uint8)


def times(begin: float, end: float) -> Iterator[float]:
    return (float(t) for t in np.arange(begin, end, 0.2))


def see(clipping: Clipping, begin: float, end: float, width: int = 64) -> None:
    for number, t in enumerate(times(begin, end)):
        clipping.see(t, frame(number, width))


def test_a_clip_is_of_the_seconds_around_its_event_and_comes_once_they_are_over(clipping: Clipping, told: Told) -> None:
    see(clipping, 0, 5)
    assert clipping.asked(4.8) == (1, "")
    see(clipping, 5, 5.7)
    assert told == []
    see(clipping, 5.8, 8)
    [(number, clip)] = told
    assert number == 1
    assert is_webp(clip.webp)
    assert (clip.width, clip.height, clip.before_s) == (64, 36, 1.0)
    assert clip.seconds == pytest.approx(2.2, abs=0.2)


def test_of_a_camera_that_dies_the_clip_ends_there(clipping: Clipping, told: Told) -> None:
    see(clipping, 0, 3)
    clipping.asked(2.8)
    see(clipping, 3, 3.3)
    clipping.close()
    [(_, clip)] = told
    assert is_webp(clip.webp)
    assert clip.before_s == pytest.approx(1.0)
    assert clip.seconds == pytest.approx(1.6)


def test_no_more_are_made_at_one_time_than_are_stated(clipping: Clipping, told: Told) -> None:
    see(clipping, 0, 2)
    assert [clipping.asked(1.8)[1] for _ in range(MOST + 1)] == [""] * MOST + [BUSY]
    clipping.close()
    assert [number for number, _ in told] == [1, 2, 3, 4]


def test_while_clips_of_others_are_made_a_camera_looks_on_and_its_own_waits(
    clipping: Clipping, told: Told, workshop: Workshop
) -> None:
    see(clipping, 0, 2)
    clipping.asked(1.8)
    with workshop.making:
        see(clipping, 2, 6)
        assert told == [], "and it has not waited in between: no frame is missing"
    see(clipping, 6, 6.3)
    [(_, clip)] = told
    assert is_webp(clip.webp)
    assert clip.before_s == pytest.approx(1.0), "as it was cut"
    assert clip.seconds == pytest.approx(2.1, abs=0.2)


def test_what_waits_for_too_long_or_is_too_much_is_told_as_busy_and_leaves_its_room(
    clipping: Clipping, told: Told, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workshop.making, monkeypatch.context() as patch:
        patch.setattr(clippings, "WAIT_S", -1.0)
        see(clipping, 0, 2)
        clipping.asked(1.8)
        see(clipping, 2, 3)
        patch.undo()
        patch.setattr(clippings, "WAITING_BYTES", 1_000)
        clipping.asked(2.8)
        see(clipping, 3, 4)
    assert [clip.why for _, clip in told] == [BUSY, BUSY]
    assert workshop.has_room(clippings.WAITING_BYTES)
    assert not workshop.has_room(1)


def test_what_is_shed_says_so_and_holds_nothing(clipping: Clipping, told: Told) -> None:
    see(clipping, 0, 2)
    clipping.asked(1.8)
    clipping.shed = True
    see(clipping, 2, 2.5)
    assert [(number, clip.why) for number, clip in told] == [(1, SHED)]
    assert clipping.asked(2.4) == (0, SHED)
    assert clipping._ring.bytes == 0


def test_a_clip_in_which_nothing_moves_is_one_too(clipping: Clipping, told: Told) -> None:
    for t in times(0, 2):
        clipping.see(t, frame(1))
    clipping.asked(1.8)
    clipping.close()
    assert is_webp(told[0][1].webp)


def test_a_stream_whose_time_or_size_jumps_has_no_clip_across_it(clipping: Clipping, told: Told) -> None:
    see(clipping, 100, 102)
    clipping.asked(101.8)
    see(clipping, 0, 1)
    assert told[0][1].seconds == pytest.approx(1.2, abs=0.2), "what was there before"
    clipping.asked(0.8)
    see(clipping, 1.0, 3, width=48)
    assert (told[1][1].width, told[1][1].before_s) == (48, 0.0)


def test_why_there_is_none(clipping: Clipping, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    clipping.see(0.0, frame(1))
    clipping.asked(0.0)
    clipping.close()
    for name, value, frames in (("MOST_BYTES", 100, 2), ("CPU_S", -1.0, 2)):
        with monkeypatch.context() as patch:
            patch.setattr(making, name, value)
            see(clipping, 1, 1 + frames)
            clipping.asked(2.8)
            clipping.close()
    assert [clip.why for _, clip in told] == [NO_FRAMES, TOO_MANY_BYTES, TOO_SLOW]


def test_a_ring_holds_no_more_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MOST_BYTES", 20_000)
    kept, random = Ring(1000.0), np.random.default_rng(1)
    for number in range(40):
        kept.put(number * 0.04, random.integers(0, 256, (36, 64, 3), np.uint8))
        assert kept.bytes <= 20_000
    assert 3 <= len(kept.cut(0, 9)) <= 8, "five a second, and the oldest go"
    kept.put(50.0, frame(1))
    assert [each.t for each in kept.cut(0, 99)] == [50.0]


def test_what_is_no_clip_is_not_taken_for_one() -> None:
    head = b"RIFF" + (22).to_bytes(4, "little") + b"WEBPVP8X" + (10).to_bytes(4, "little")
    good = head + b"\x02" + bytes(9)
    assert is_webp(good)
    for bad in (b"", b"<html>", good[:20], good + b"x", good.replace(b"VP8X", b"EXIF"), good.replace(b"WEBP", b"WAVE")):
        assert not is_webp(bad)
    long = MOST_BYTES + 1
    assert not is_webp(b"RIFF" + (long - 8).to_bytes(4, "little") + good[8:] + bytes(long - len(good)))

"""RTP packets in the order of their numbers."""

import random

from ingest.video.ordering import HELD, Ordering
from ingest.video.rtp import Packet


def _packet(number: int) -> Packet:
    return Packet(96, False, number & 0xFFFF, 0, b"")


def _told(numbers: list[int]) -> list[int]:
    ordering = Ordering()
    return [each.sequence for number in numbers for each in ordering.take(_packet(number))]


def test_what_is_late_takes_its_place_and_what_comes_twice_is_left_out() -> None:
    source = random.Random(5)
    numbers = list(range(65_500, 65_700))
    mixed = [
        65_500,
        *sorted((each for each in numbers[1:] for _ in range(2)), key=lambda at: at + source.uniform(0, 9)),
    ]
    assert mixed != sorted(mixed)
    assert _told(mixed) == [each & 0xFFFF for each in numbers]


def test_what_is_lost_is_waited_for_by_so_many_and_no_more() -> None:
    assert _told([1, *range(3, 3 + HELD)]) == [1]
    assert _told([1, *range(3, 4 + HELD), 2]) == [1, *range(3, 4 + HELD)]


def test_a_sender_that_counts_anew_is_followed_at_once() -> None:
    assert _told([9, 11, 40_000, 40_001, 3, 4]) == [9, 11, 40_000, 40_001, 3, 4]

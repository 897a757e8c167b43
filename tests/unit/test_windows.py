"""How many deliveries of a consumer may be under way."""

from api.push.windows import FIRST, IDLE_S, SILENT_S, Windows

A, B = 1, 2


def busy(windows: Windows, consumer: int, count: int, now: float) -> None:
    for _ in range(count):
        windows.sent(consumer, now)


def answered(windows: Windows, consumer: int, count: int, now: float) -> None:
    for _ in range(count):
        windows.accepted(consumer, now)
        windows.ended(consumer)


def test_one_that_has_not_answered_yet_gets_few() -> None:
    windows = Windows(16)
    assert windows.first == FIRST
    busy(windows, A, 3, 0)
    assert windows.rooms(0) == {A: FIRST - 3}
    busy(windows, A, 1, 0.5)
    assert windows.rooms(0.5) == {A: 0}
    assert (windows.total, windows.under_way(A), windows.busy) == (4, 4, [A])


def test_each_answer_makes_room_for_one_more_up_to_the_most() -> None:
    windows = Windows(6)
    busy(windows, A, 4, 0)
    answered(windows, A, 1, 0.1)
    assert windows.rooms(0.1) == {A: 5 - 3}
    answered(windows, A, 3, 0.2)
    assert windows.rooms(0.2) == {A: 6}, "and no more"


def test_one_that_is_silent_gets_as_few_as_at_first_until_it_answers() -> None:
    windows = Windows(16)
    busy(windows, A, 4, 0)
    answered(windows, A, 4, 0.1)
    busy(windows, A, 2, 0.2)
    assert windows.rooms(0.2 + SILENT_S) == {A: 6}
    assert windows.rooms(0.3 + SILENT_S) == {A: FIRST - 2}, "what is new does not wait for a call that is lost"
    busy(windows, A, 2, 2.0)
    assert windows.rooms(2.0) == {A: 0}
    answered(windows, A, 1, 5.0)
    assert windows.rooms(5.0) == {A: 9 - 3}, "slow, and it answers"


def test_what_was_known_of_it_is_forgotten_once_it_fails_or_is_idle() -> None:
    windows = Windows(16)
    busy(windows, A, 4, 0)
    busy(windows, B, 4, 0)
    answered(windows, A, 4, 0.1)
    windows.failed(B)
    assert windows.rooms(0.1) == {A: 8, B: 0}
    assert windows.rooms(0.2 + IDLE_S) == {B: 0}, "of A nothing is known any more"
    windows.sent(A, 0.2 + IDLE_S)
    assert windows.rooms(0.2 + IDLE_S)[A] == FIRST - 1


def test_no_more_than_the_most_at_first() -> None:
    assert Windows(2).first == 2

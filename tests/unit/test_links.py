"""What the frame counters of a device tell: what is missing, what began anew, what came again; each message once."""

from functools import reduce

from devices.codecs.inner import Link
from devices.health.links import State


def after(*told: tuple[int, Link]) -> State:
    return reduce(lambda state, each: state.after(*each), told, State())


def frame(counter: int, session: str = "a") -> Link:
    return Link(session=session, counter=counter, rssi=-90.0)


def counts(state: State) -> tuple[int, int, int, int]:
    return state.received, state.missed, state.resets, state.repeats


def test_what_is_missing_between_two_frames_is_counted_once_however_often_it_is_told() -> None:
    told = [(1, frame(7)), (2, frame(9)), (2, frame(9)), (1, frame(7)), (3, frame(10))]
    assert counts(after(*told)) == (3, 1, 0, 0)
    assert counts(after(*told, *told)) == (3, 1, 0, 0), "delivered again"


def test_a_counter_that_begins_anew_is_a_reset_unless_the_device_has_joined() -> None:
    assert counts(after((1, frame(500)), (2, frame(0)), (3, frame(1)))) == (3, 0, 1, 0)
    assert counts(after((1, frame(500)), (2, Link(session="b")), (3, frame(0, "b")))) == (2, 0, 0, 0)
    assert counts(after((1, frame(500)), (2, frame(0, "b")))) == (2, 0, 0, 0), "its join was not heard"
    assert counts(after((1, frame(5)), (2, frame(5)))) == (2, 0, 0, 1)


def test_battery_margin_and_what_the_network_says_are_kept_with_their_time() -> None:
    state = after((1, frame(5)), (2, Link(battery=80.0, margin=7.0)), (3, Link(note="OTAA")), (4, frame(6)))
    assert (state.battery, state.margin, state.told_at, state.note, state.note_at) == (80.0, 7.0, 2, "OTAA", 3)
    assert (state.at, state.rssi, counts(state)) == (4, -90.0, (2, 0, 0, 0))

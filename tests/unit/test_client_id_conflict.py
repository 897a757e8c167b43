"""A rival for the MQTT session is told from a broker that was restarted, and is met less and less often."""

from ingest.mqtt.client_id_conflict import (
    SHORT_S,
    STOOD_S,
    SUSPICIOUS,
    WAIT_MAX_S,
    WAIT_MIN_S,
    ClientIdConflict,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _stand(conflict: ClientIdConflict, clock: Clock, seconds: float) -> bool:
    conflict.opened()
    clock.now += seconds
    return conflict.ended()


def test_short_connections_on_end_are_a_rival_and_told_once() -> None:
    clock = Clock()
    conflict = ClientIdConflict(clock)
    assert [_stand(conflict, clock, 1) for _ in range(10)] == [n == SUSPICIOUS for n in range(1, 11)]


def test_the_wait_grows_to_its_limit() -> None:
    clock = Clock()
    conflict = ClientIdConflict(clock)
    waits = []
    for _ in range(12):
        _stand(conflict, clock, 1)
        waits.append(conflict.wait_s)
    assert waits[:4] == [0, WAIT_MIN_S, 2 * WAIT_MIN_S, 4 * WAIT_MIN_S]
    assert waits[-1] == WAIT_MAX_S < SHORT_S


def test_a_connection_that_stood_begins_anew() -> None:
    clock = Clock()
    conflict = ClientIdConflict(clock)
    for _ in range(SUSPICIOUS - 1):
        assert not _stand(conflict, clock, 1)
    assert not _stand(conflict, clock, SHORT_S)
    assert conflict.wait_s == 0
    assert [_stand(conflict, clock, 1) for _ in range(SUSPICIOUS)] == [False] * (SUSPICIOUS - 1) + [True]


def test_a_broker_that_is_away_is_no_rival() -> None:
    conflict = ClientIdConflict(Clock())
    assert not any(conflict.ended() for _ in range(20))
    assert conflict.wait_s == 0


def test_it_is_suspected_until_a_connection_stands() -> None:
    clock = Clock()
    conflict = ClientIdConflict(clock)
    suspected = []
    for _ in range(SUSPICIOUS):
        suspected.append(conflict.suspected)
        _stand(conflict, clock, 1)
    assert suspected == [False] * SUSPICIOUS
    assert conflict.suspected
    conflict.opened()
    clock.now += STOOD_S / 2
    assert conflict.suspected
    clock.now += STOOD_S / 2
    assert not conflict.suspected


def test_a_connection_that_was_given_up_is_no_rival() -> None:
    clock = Clock()
    conflict = ClientIdConflict(clock)
    for _ in range(2 * SUSPICIOUS):
        conflict.opened()
        assert not conflict.ended(thrown_out=False)
    assert not conflict.suspected

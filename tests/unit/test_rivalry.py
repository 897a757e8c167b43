"""A rival for the MQTT session is told from a broker that was restarted, and is met less and less often."""

from ingest.mqtt.rivalry import SHORT_S, SUSPICIOUS, WAIT_MAX_S, WAIT_MIN_S, Rivalry


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _stand(rivalry: Rivalry, clock: Clock, seconds: float) -> bool:
    rivalry.opened()
    clock.now += seconds
    return rivalry.ended()


def test_short_connections_on_end_are_a_rival_and_told_once() -> None:
    clock = Clock()
    rivalry = Rivalry(clock)
    assert [_stand(rivalry, clock, 1) for _ in range(10)] == [n == SUSPICIOUS for n in range(1, 11)]


def test_the_wait_grows_to_its_limit() -> None:
    clock = Clock()
    rivalry = Rivalry(clock)
    waits = []
    for _ in range(12):
        _stand(rivalry, clock, 1)
        waits.append(rivalry.wait_s)
    assert waits[:4] == [0, WAIT_MIN_S, 2 * WAIT_MIN_S, 4 * WAIT_MIN_S]
    assert waits[-1] == WAIT_MAX_S < SHORT_S


def test_a_connection_that_stood_begins_anew() -> None:
    clock = Clock()
    rivalry = Rivalry(clock)
    for _ in range(SUSPICIOUS - 1):
        assert not _stand(rivalry, clock, 1)
    assert not _stand(rivalry, clock, SHORT_S)
    assert rivalry.wait_s == 0
    assert [_stand(rivalry, clock, 1) for _ in range(SUSPICIOUS)] == [False] * (SUSPICIOUS - 1) + [True]


def test_a_broker_that_is_away_is_no_rival() -> None:
    rivalry = Rivalry(Clock())
    assert not any(rivalry.ended() for _ in range(20))
    assert rivalry.wait_s == 0

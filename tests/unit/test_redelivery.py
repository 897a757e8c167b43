"""A message that is delivered again keeps its time of arrival; another message with its packet id does not get it."""

import pytest

from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.models import Batch
from hub.stage import run_steps
from hub.store.arrivals import Arrival, Known, Remembered
from tests.support.origins import raw_of

T = 1_772_352_000_000_000
TOPIC = "ganzhi/v1/stranger/telemetry"


def _received(resolver: Resolver, token: int, at: int, repeated: bool, topic: str = TOPIC) -> int:
    """Refused messages are remembered like those without a time; the resolver's own time for it."""
    batch = Batch([raw_of("mqtt", topic, b"{}", at, token, "hub", repeated)])
    run_steps(resolver, batch)
    return batch.raws[0].received


def _resolver(known: Known | None = None) -> Resolver:
    return Resolver(Registry(), {} if known is None else known)


def test_a_redelivery_keeps_its_time() -> None:
    resolver = _resolver()
    assert _received(resolver, 5, T, repeated=False) == T
    assert _received(resolver, 6, T + 1, repeated=False) == T + 1
    assert _received(resolver, 5, T + 9, repeated=True) == T
    assert _received(resolver, 6, T + 9, repeated=True) == T + 1


def test_a_packet_id_that_has_come_round_is_another_message() -> None:
    resolver = _resolver()
    for number in range(0, 90_000, 500):
        token = number % 65_535 + 1
        assert _received(resolver, token, T + number, repeated=False) == T + number
    assert _received(resolver, 90_001 - 65_535, T + 99_999, repeated=True) == T + 99_999
    assert _received(resolver, 40_001, T + 99_999, repeated=True) == T + 99_999
    assert _received(resolver, 89_500 - 65_535 + 1, T + 99_999, repeated=True) == T + 89_500


@pytest.mark.parametrize("first", [1, 1_000, 11_821, 45_100, 65_535])
def test_the_first_of_a_full_window_is_known(first: int) -> None:
    """20,000 in flight is the shipped bound, and mosquitto goes beyond it."""
    remembered = Remembered()
    for number in range(40_000):
        remembered.note(Arrival((first + number - 1) % 65_535 + 1, 7, T + number))
    assert remembered.recall(first, 7) == T


def test_another_topic_is_another_message() -> None:
    resolver = _resolver()
    _received(resolver, 5, T, repeated=False)
    assert _received(resolver, 5, T + 9, repeated=True, topic="ganzhi/v1/other/telemetry") == T + 9


def test_what_the_store_remembers_counts() -> None:
    known: Known = {}
    _received(_resolver(known), 7, T, repeated=False)
    assert _received(_resolver(known), 7, T + 9, repeated=True) == T


def test_messages_that_come_again_between_others_that_were_lost_keep_their_time() -> None:
    resolver = _resolver()
    for token in range(1, 1000, 2):
        _received(resolver, token, T + token, repeated=False)
    again = [_received(resolver, token, T + 10_000 + token, repeated=True) for token in range(1, 1000)]
    assert again == [T + token + (0 if token % 2 else 10_000) for token in range(1, 1000)]

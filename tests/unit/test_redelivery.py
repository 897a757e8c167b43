"""A message that is delivered again keeps its time of arrival; another message with its packet id does not get it."""

from collections.abc import Iterable

import pytest

from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.models import Batch, Repeat
from hub.stage import run_steps
from hub.store.arrivals import Arrival, Known, Remembered
from tests.support.origins import raw_of

T = 1_772_352_000_000_000
TOPIC = "ganzhi/v1/stranger/telemetry"


def _received(resolver: Resolver, token: int, at: int, repeated: int, topic: str = TOPIC) -> int:
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


def _delivered(resolver: Resolver, tokens: Iterable[int], at: int, say: str = "", repeated: int = 2) -> list[int]:
    """Times of messages of one batch, each of a topic of its own; as they are after the resolver."""
    raws = [
        raw_of("mqtt", f"ganzhi/v1/d{token}{say}/telemetry", b"{}", at + token, token, "hub", repeated)
        for token in tokens
    ]
    batch = Batch(raws)
    run_steps(resolver, batch)
    return [raw.received for raw in batch.raws]


@pytest.fixture
def back() -> Resolver:
    """A hub that comes back: 3,000 messages had come, and its broker has not noted that since it saved at 1,000."""
    known: Known = {}
    _delivered(_resolver(known), range(1, 3_000), T, repeated=Repeat.NO)
    return _resolver(known)


def test_a_replay_that_is_not_marked_keeps_its_times_up_to_the_first_message_that_is_new(back: Resolver) -> None:
    assert _delivered(back, range(1_000, 2_000), T + 9_000) == [T + token for token in range(1_000, 2_000)]
    assert _delivered(back, [2_000], T + 9_000, "new") == [T + 11_000]
    new = _delivered(back, range(2_001, 2_100), T + 9_000)
    assert new == [T + 9_000 + token for token in range(2_001, 2_100)], "the same content by the same packet id is new"
    again = _delivered(back, range(1_500, 2_000), T + 20_000)
    assert again == [T + token for token in range(1_500, 2_000)], "killed again, it goes back again"


def test_one_message_alone_that_is_like_another_is_new(back: Resolver) -> None:
    """As of a broker whose packet ids begin anew with each connection."""
    assert _delivered(back, [1], T + 9_000) == [T + 9_001]
    assert _delivered(back, [2], T + 9_000) == [T + 9_002]
    assert _delivered(back, range(3, 500), T + 9_000, "other") == [T + 9_000 + token for token in range(3, 500)]


def test_a_session_that_only_lost_its_connection_delivers_new_messages() -> None:
    resolver = _resolver()
    for number in range(70_000):
        if number % 15 == 0:  # the others have times of their own
            _received(resolver, number % 65_535 + 1, T + number, Repeat.NO)
    raws = [
        raw_of("mqtt", TOPIC, b"{}", T + number, number % 65_535 + 1, "hub", Repeat.POSSIBLE)
        for number in range(70_005, 80_000, 15)
    ]
    batch = Batch(raws)
    run_steps(resolver, batch)
    assert [raw.received for raw in batch.raws] == list(range(T + 70_005, T + 80_000, 15))

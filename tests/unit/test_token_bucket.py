"""How often a peer may come, on a clock that the test sets."""

import pytest

from hub.access.token_bucket import TokenBuckets


def test_one_seconds_worth_at_once_then_at_the_rate() -> None:
    buckets = TokenBuckets(10)
    assert [buckets.take("a", 100.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take("a", 100.0) == 0.1
    assert buckets.take("a", 100.05) == pytest.approx(0.05)
    assert [buckets.take("a", 100.55) == 0 for _ in range(6)] == [True] * 5 + [False]


def test_peers_have_buckets_of_their_own() -> None:
    buckets = TokenBuckets(1)
    assert buckets.take("a", 1.0) == 0.0
    assert buckets.take("a", 1.0) == 1.0
    assert buckets.take("b", 1.0) == 0.0


def test_being_refused_costs_no_token() -> None:
    buckets = TokenBuckets(2)
    taken = [buckets.take("a", 1.0 + step / 100) for step in range(100)]
    assert taken.count(0.0) == 3  # two at the start, one after half a second


def test_a_rate_below_one_a_second() -> None:
    buckets = TokenBuckets(0.5)
    assert [buckets.take("a", at) for at in (0.0, 1.0, 2.0)] == [0.0, 1.0, 0.0]


def test_the_table_forgets_who_has_been_quiet_the_longest() -> None:
    buckets = TokenBuckets(1, peers=2)
    for peer in ("quiet", "busy", "busy", "new"):
        buckets.take(peer, 1.0)
    assert buckets.take("busy", 1.0) == 1.0
    assert buckets.take("quiet", 1.0) == 0.0


def test_more_than_a_seconds_worth_where_there_is_room() -> None:
    buckets = TokenBuckets(1, room=3)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]

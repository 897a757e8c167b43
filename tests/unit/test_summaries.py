"""What waits is counted into summaries, for several consumers in one pass."""

from hub.alerts.summaries import Part, Parts


def test_each_summary_names_at_most_so_many_of_its_consumer_and_they_follow_on_each_other() -> None:
    parts = Parts({1: 10, 2: 12}, most=2)
    for cursor in range(11, 16):
        parts.add(cursor, [1, 2, 3], [])
    assert parts.made == [Part(1, 10, 12), Part(1, 12, 14), Part(1, 14, 15), Part(2, 12, 14), Part(2, 14, 15)]


def test_what_has_a_delivery_of_its_own_by_now_is_not_counted_and_makes_no_empty_summary() -> None:
    parts = Parts({1: 10, 2: 10, 4: 10}, most=2)
    parts.add(11, [1, 2], [])
    parts.add(12, [1, 2], [1])
    parts.add(13, [1, 2, 4], [4])
    parts.add(14, [1], [])
    assert parts.made == [Part(1, 10, 13), Part(1, 13, 14), Part(2, 10, 12), Part(2, 12, 13)]

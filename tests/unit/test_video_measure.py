"""Readings of the analysis."""

from analytics.video.measure import MOST, Means, Measure, Waiting


def test_a_reading_a_minute_is_the_mean_of_the_minute() -> None:
    means = Means("occupancy", ["a"])
    for second in range(61):
        means.take(float(second), "a", 10.0 if second < 30 else 30.0)
    assert means.taken() == [Measure(60.0, "occupancy", 20.0, "a")]
    assert means.taken() == []


def test_a_reading_comes_as_often_as_the_settings_say() -> None:
    means = Means("occupancy", ["a"], every_s=5)
    for second in range(0, 31, 10):  # a camera that is slowed to a look in 10 s gives one with each
        means.take(float(second), "a", float(second))
    assert [(one.t, one.value) for one in means.taken()] == [(10.0, 0.0), (20.0, 10.0), (30.0, 20.0)]


def test_time_that_goes_back_begins_a_minute_anew() -> None:
    means = Means("occupancy", ["a"])
    for t in (100.0, 150.0, 20.0, 79.0, 81.0):
        means.take(t, "a", t)
    assert [(one.t, one.value) for one in means.taken()] == [(81.0, 49.5)]


def test_what_nobody_takes_is_bounded() -> None:
    waiting = Waiting()
    for t in range(2 * MOST):
        waiting.put(Measure(float(t), "level", 0.0, "g"))
    assert len(waiting.taken()) == MOST

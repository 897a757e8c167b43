"""Who breaks its decoder again and again disturbs others less and less."""

from ingest.video.ward_time import FIRST_S, FORGIVEN_S, MOST_S, STAY_S, WardTime


class _Stream:
    """One that breaks its decoder after so many seconds, each time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ward = WardTime(lambda: self.now)

    def alone(self) -> float:
        """It is harmless meanwhile; returns how long it was alone, until it is among others again."""
        began = self.now
        while (stay_s := self.ward.stay_s) is not None:
            assert stay_s <= STAY_S, "others have their turn"
            self.now += stay_s
            self.ward.stayed(stay_s)
        return self.now - began


def test_time_alone_doubles_up_to_a_bound_and_is_forgiven_after_a_day() -> None:
    stream, times = _Stream(), list[float]()
    for _ in range(10):
        stream.now += 70.0  # among others
        stream.ward.harmed()
        times.append(stream.alone())
    assert times == [min(FIRST_S * 2**each, MOST_S) for each in range(10)]
    stream.now += FORGIVEN_S + 1
    stream.ward.harmed()
    assert stream.alone() == FIRST_S


def test_who_breaks_it_alone_stays_alone_for_longer() -> None:
    stream = _Stream()
    stream.ward.harmed()
    stream.ward.harmed()
    assert stream.alone() == 2 * FIRST_S


def test_a_day_of_a_stream_that_breaks_after_70_s_ends_others_few_times() -> None:
    """With a minute alone each time it ended them 665 times a day."""
    stream, ends = _Stream(), 0
    while stream.now < 86_400:
        stream.now += 70.0
        if not stream.ward.is_alone:
            ends += 1
            stream.ward.harmed()
            stream.alone()
    assert ends <= 14

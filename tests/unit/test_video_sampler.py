"""Which frames are looked at (app/video/sampler.py)."""

from random import Random

import pytest

from app.video.sampler import Sampler

RATES = (5.0, 7.0, 10.0, 12.5, 15.0, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 60.0)


def looked(fps: float, times: list[float]) -> list[float]:
    sampler = Sampler(fps)
    return [t for t in times if sampler.is_due(t)]


@pytest.mark.parametrize("fps", [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 30.0])
@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_as_many_are_looked_at_as_were_asked_for(fps: float, jitter: float) -> None:
    for rate in RATES:
        random = Random(f"{rate} {fps}")
        times = [(number + random.uniform(-jitter, jitter)) / rate + 7 for number in range(round(30 * rate))]
        expected, found = 30 * min(rate, fps), looked(fps, times)
        assert found == sorted(found), rate
        assert expected * (0.97 if jitter else 1) - 1 <= len(found) <= expected + 1.5, rate


def test_they_are_those_nearest_to_the_times_that_were_asked_for() -> None:
    assert looked(5, [number / 25 for number in range(26)]) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert looked(2, [number / 3 for number in range(7)]) == pytest.approx([0, 2 / 3, 1, 5 / 3, 2])


@pytest.mark.parametrize("jump", [-1e6, -40.0, -1.0, 1.0, 40.0, 1e6])
def test_after_a_jump_of_time_it_goes_on_at_once_and_as_before(jump: float) -> None:
    after = [10 + jump + number / 25 for number in range(250)]
    found = looked(5, [*(number / 25 for number in range(250)), *after])
    assert len(found) == pytest.approx(100, abs=1)
    assert after[0] in found


def test_half_as_many_are_looked_at_while_told_so() -> None:
    sampler = Sampler(5)
    assert sum(sampler.is_due(number / 25, 2) for number in range(750)) == 75
    assert sum(sampler.is_due(30 + number / 25) for number in range(750)) == pytest.approx(150, abs=1)

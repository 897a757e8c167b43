"""The score of the Numenta Anomaly Benchmark, by cases that can be told by hand."""

import math

import numpy as np
import pytest

from analytics.evaluation.files import BadData, Series
from analytics.evaluation.numenta import Judged, benchmark, judged

ROWS = 1000
WINDOW = ("s500", "s599")


def file(*alarms: int, level: float = 1.0, windows: tuple[tuple[str, str], ...] = (WINDOW,)) -> Judged:
    scores = np.zeros(ROWS)
    scores[list(alarms)] = level
    series = Series("a.csv", [f"s{row}" for row in range(ROWS)], np.arange(ROWS), np.zeros(ROWS))
    return judged(series, scores, list(windows))


def sigmoid(y: float) -> float:
    return 2 / (1 + math.exp(5 * y)) - 1


def test_never_and_always_in_time() -> None:
    assert benchmark([file()])["standard"] == (0.0, math.inf)
    assert benchmark([file(500)])["standard"] == pytest.approx((100.0, 1.0))
    assert benchmark([file(500, 510, 599)])["low FN"][0] == pytest.approx(100.0)  # only the first counts


def test_the_middle_of_a_window_is_worth_less() -> None:
    half = sigmoid(-0.5) / sigmoid(-1)
    assert benchmark([file(550)])["standard"][0] == pytest.approx(100 * (half + 1) / 2)
    assert benchmark([file(550)])["low FN"][0] == pytest.approx(100 * (half + 2) / 3)


def test_alarms_outside_cost_more_the_further_behind() -> None:
    far, near = file(300, 500), file(500, 600)
    assert benchmark([far])["standard"][0] == pytest.approx(100 * (2 - 0.11) / 2)
    assert benchmark([far])["low FP"][0] == pytest.approx(100 * (2 - 0.22) / 2)
    assert benchmark([near])["standard"][0] == pytest.approx(100 * (2 + 0.11 * sigmoid(1 / 99)) / 2)
    assert benchmark([file(500, 999)])["standard"][0] == pytest.approx(100 * (2 - 0.11) / 2)


def test_the_first_rows_are_not_scored() -> None:
    assert benchmark([file(10, 149, 500)])["standard"][0] == pytest.approx(100.0)
    assert benchmark([file(150, 500)])["standard"][0] < 99


def test_one_threshold_serves_all_files() -> None:
    good, noisy = file(500, level=0.8), file(*range(200, 400), level=0.9, windows=())
    score, threshold = benchmark([good, noisy])["standard"]
    assert (score, threshold) == (0.0, math.inf)  # to hear the one is to hear 200 false alarms
    assert benchmark([good, file(*range(200, 400), level=0.7, windows=())])["standard"] == pytest.approx((100.0, 0.8))
    assert benchmark([good, file()])["standard"][0] == pytest.approx(50.0)


def test_a_window_that_is_not_of_the_file_is_told() -> None:
    with pytest.raises(BadData, match="does not begin and end at times of its rows"):
        file(500, windows=(("s500", "s1000"),))

"""What is summed fast is what a resize makes of it."""

import cv2
import numpy as np
import pytest

from analytics.video.quality.measures import BLOCKS, Measures, by_block, without_light
from analytics.video.quality.quantile import median, quantile
from analytics.video.quality.stripes import power_of
from analytics.video.view import View


@pytest.mark.parametrize("size", [(360, 640), (360, 480), (270, 480), (345, 640)])
def test_means_by_block_and_by_strip(size: tuple[int, int]) -> None:
    random = np.random.default_rng(size[1])
    now = Measures(View(0.0, np.asarray(random.integers(0, 256, (*size, 3)), np.uint8)))
    grey = now.view.grey
    assert (by_block(grey) == cv2.resize(grey, BLOCKS, interpolation=cv2.INTER_AREA)).all()
    rows = cv2.resize(grey, (8, size[0] // 2), interpolation=cv2.INTER_AREA).astype(np.float32)
    columns = cv2.resize(grey, (size[1] // 2, 6), interpolation=cv2.INTER_AREA).T.astype(np.float32)
    assert np.allclose(now.rows, without_light(rows), atol=1e-3)
    assert np.allclose(now.columns, without_light(columns), atol=1e-3)


def test_what_has_changed_keeps_its_fractions() -> None:
    random = np.random.default_rng(1)
    first = Measures(View(0.0, np.asarray(random.integers(0, 256, (360, 640, 3)), np.uint8)))
    now = Measures(View(1.0, np.asarray(random.integers(0, 256, (360, 640, 3)), np.uint8)), first)
    apart = cv2.absdiff(now.view.grey, first.view.grey).astype(np.float32)
    assert now.change is not None
    assert np.allclose(now.change, cv2.resize(apart, BLOCKS, interpolation=cv2.INTER_AREA), atol=1e-3)


@pytest.mark.parametrize("count", [1, 2, 5, 144])
def test_quantiles_are_those_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count).astype(np.float32)
    for share in (0.0, 0.2, 0.5, 0.9, 1.0):
        assert quantile(values, share) == pytest.approx(float(np.percentile(values, 100 * share)), abs=1e-6)
    assert median(values) == pytest.approx(float(np.median(values)), abs=1e-6)


def test_the_power_of_waves_is_that_of_numpy() -> None:
    picture = np.random.default_rng(4).normal(size=(90, 160)).astype(np.float32)
    expected = np.abs(np.fft.rfft2(picture)) ** 2
    assert power_of(picture) == pytest.approx(expected, abs=1e-5 * float(expected.max()))

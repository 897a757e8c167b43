"""The vocabulary of quality flags is complete, stays as it was released, and fits the column."""

import numpy as np

from hub.quality import FLAGS, UNUSABLE, Quality, flags_of


def test_each_flag_is_described_once() -> None:
    assert [known.flag for known in FLAGS] == list(Quality)
    for names in ([known.name_en for known in FLAGS], [known.name_zh for known in FLAGS]):
        assert all(names)
        assert len(set(names)) == len(names)


def test_each_mark_of_another_standard_means_one_flag() -> None:
    marks = [known.hj212 for known in FLAGS if known.hj212]
    codes = [code for known in FLAGS for code in known.opcua]
    assert sorted(marks) == sorted("FMSDCTB")
    assert len(set(codes)) == len(codes)


def test_released_numbers_stay() -> None:
    """They are stored, and rollups hold the mask as a number: whoever changes it must make them anew."""
    assert (Quality.LATE, Quality.OUT_OF_RANGE, Quality.NO_TIME) == (1, 2, 4)
    assert int(UNUSABLE) == 13282
    assert not UNUSABLE & (Quality.LATE | Quality.NO_TIME | Quality.SUSPECT)


def test_all_flags_together_fit_the_column() -> None:
    together = sum(known.flag for known in FLAGS)
    assert np.int16(together) > 0
    assert flags_of(together) == list(FLAGS)
    assert flags_of(0) == []

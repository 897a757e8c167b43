"""Which readings arrived after a newer one of their series."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.quality import overtaken
from tests.support.batches import columns


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), max_size=30, unique=True))
def test_a_reading_is_overtaken_by_a_newer_one_of_an_earlier_message(rows: list[tuple[int, int]]) -> None:
    messages = [number // 2 for number in range(len(rows))]
    came = dict(zip(rows, messages, strict=True))
    readings = columns([(series, ts, 0.0, 0) for series, ts in rows])
    keys = list(zip(readings.series.tolist(), readings.ts.tolist(), strict=True))
    order = np.array([came[key] for key in keys], np.int32)
    expected = [
        any(other[0] == key[0] and other[1] > key[1] and came[other] < came[key] for other in rows) for key in keys
    ]
    assert overtaken(readings, order).tolist() == expected

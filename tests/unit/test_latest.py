"""How the series of a note are packed."""

import numpy as np
import pytest

from hub.store.latest import pack, unpack


@pytest.mark.parametrize("ids", [[7], [1, 2, 3, 9, 30], list(range(5, 20_000, 3)), [1, 2_000_000_000], [3, 500, 9_999]])
def test_packed_series_are_the_same_and_small(ids: list[int]) -> None:
    packed = pack(np.array(ids, np.int32))
    assert unpack(packed).tolist() == ids
    assert len(packed) <= 4 * len(ids) + 5

"""Which devices changed since a reader last looked, however much is remembered."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from devices.registry.changes import Changes


@given(st.lists(st.sets(st.integers(1, 9), min_size=1), max_size=12), st.integers(0, 12), st.integers(0, 20))
def test_a_reader_is_told_all_or_that_it_looked_too_long_ago(noted: list[set[int]], seen: int, limit: int) -> None:
    changes = Changes(limit)
    for ids in noted:
        changes.note(np.array(sorted(ids), np.int32))
    later = noted[min(seen, len(noted)) :]
    told = changes.since(min(seen, len(noted)))
    if told is None:
        assert sum(len(ids) for ids in later) > limit, "as much as it may remember"
    else:
        assert told.tolist() == sorted(set().union(*later))

"""What differed before it counted has emerged; what comes has not."""

import numpy as np
import pytest

from analytics.video.scenes.emerged import Emerged
from analytics.video.view import SMALL

NOWHERE, EVERYWHERE = np.zeros(SMALL[::-1], np.bool_), np.ones(SMALL[::-1], np.bool_)


def _seen(*levels: int) -> Emerged:
    """Looks of which the last one is the first that counts."""
    emerged = Emerged()
    for look, level in enumerate(levels):
        counts = EVERYWHERE if look == len(levels) - 1 else NOWHERE
        emerged.look(np.full(SMALL[::-1], level, np.uint8), counts, NOWHERE)
    return emerged


@pytest.mark.parametrize("levels", [(20, 20), (18, 20, 22)], ids=["a ghost of a car", "light that creeps"])
def test_what_differed_as_much_before_it_counted_has_emerged(levels: tuple[int, ...]) -> None:
    assert _seen(*levels).here.all()


def test_what_is_put_down_has_come() -> None:
    assert not _seen(0, 2, 40).here.any()


def test_what_takes_its_place_has_come() -> None:
    emerged = _seen(20, 20)
    emerged.replaced(EVERYWHERE)
    assert not emerged.here.any()


def test_what_stands_already_and_counts_again_is_what_it_was() -> None:
    emerged = _seen(0, 40)
    emerged.look(np.full(SMALL[::-1], 38, np.uint8), NOWHERE, EVERYWHERE)
    emerged.look(np.full(SMALL[::-1], 40, np.uint8), EVERYWHERE, EVERYWHERE)
    assert not emerged.here.any()


def test_another_place_is_not_compared_with_the_last() -> None:
    emerged = _seen(20, 20)
    emerged.begin()
    assert not emerged.here.any()
    emerged.look(np.full(SMALL[::-1], 20, np.uint8), EVERYWHERE, NOWHERE)
    assert not emerged.here.any()

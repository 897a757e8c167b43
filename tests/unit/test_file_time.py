"""Times of the frames of a file, as its decoder tells them."""

import pytest

from ingest.video.file_time import STILL, FileTime

NORMAL = [0.1 * number for number in range(60)]


@pytest.mark.parametrize(
    ("told", "last"),
    [
        pytest.param(NORMAL, 5.9, id="as usual"),
        pytest.param([*NORMAL[:30], *(7_200 + each for each in NORMAL[30:])], 5.9, id="ahead by hours"),
        pytest.param([*(7_200 + each for each in NORMAL[:30]), *NORMAL[:30]], 5.9, id="back by hours"),
        pytest.param([*NORMAL[:30], *[float("nan")] * 10, *NORMAL[40:]], 5.9, id="no times for a while"),
        pytest.param([each for at in range(0, 60, 2) for each in (NORMAL[at + 1], NORMAL[at])], 5.9, id="disorder"),
        pytest.param([60.0 * number for number in range(10)], 540, id="a picture a minute"),
        pytest.param([3.0] * 60, 3 + (60 - STILL - 1) * 0.04, id="one time for all"),
    ],
)
def test_they_go_on_whatever_the_file_tells(told: list[float], last: float) -> None:
    clock = FileTime()
    times = [clock.of(each) for each in told]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(last, abs=0.11)

"""What is said of a clip whose process has ended."""

import pytest

from app.cli.clip import fault_of
from hub.words.sentence import told


@pytest.mark.parametrize(
    ("status", "says"), [(None, "told nothing for 60 s"), (1, "fault of the hub"), (-6, "has crashed"), (0, None)]
)
def test_an_error_of_the_analysis_is_not_told_as_a_crash_of_the_decoder(status: int | None, says: str | None) -> None:
    sentence = told(fault_of(status), "en")
    assert says in sentence if says and sentence else says is sentence

"""The commands that the documents name explain themselves (simulator/__main__.py)."""

import pytest
from typer.testing import CliRunner

from simulator.__main__ import app


@pytest.mark.parametrize("given", [["-h"], ["stations", "-h"], ["library", "--help"]])
def test_either_word_for_help_helps(given: list[str]) -> None:
    told = CliRunner().invoke(app, given)
    assert told.exit_code == 0, told.output
    assert "Examples:" in told.output

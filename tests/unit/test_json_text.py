"""JSON that somebody wrote by hand."""

import pytest
import typer

from app.cli.json_text import json_of


@pytest.mark.parametrize(
    "text", ["", "{", "[NaN]", "[-Infinity]", '"\\ud800"', "[" * 100_000, "9" * 5_000], ids=lambda text: text[:8]
)
def test_what_cannot_be_sent_is_refused_in_a_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        json_of(text, "drill.json")
    assert capsys.readouterr().err.startswith("drill.json is not JSON")


def test_what_it_holds() -> None:
    assert json_of('[{"title": "三楼起火", "delay_s": 1.5}]', "drill.json") == [{"title": "三楼起火", "delay_s": 1.5}]

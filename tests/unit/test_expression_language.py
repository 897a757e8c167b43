"""Expressions: what is refused, at which column, in both languages; nothing but the refusal is ever raised."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.expressions.program import program_of
from devices.expressions.refused import ExpressionRefused
from devices.expressions.tokens import words_of

NAN = float("nan")


def _calculated(text: str, **values: float) -> float:
    program = program_of(text)
    return float(program({each: np.array([values.get(str(each), NAN)]) for each in program.inputs}, 1)[0])


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("level >", 8, "it ends here"),
        ("level > 3 && foo(1)", 14, "'foo'"),
        ("level > true", 7, "(double, bool)"),
        ("level ? 1 : 2", 7, "(double, double, double)"),
        ("3 > level x", 11, "extraneous input 'x'"),
        ("10 + 3 > 1 && (level>1)>(level>2)", 21, "a number is needed"),
        ("level == 3 ? (level > 1) : (level > 2 == level < 1) ", 39, ""),
        ("gateway.level > 1", 1, "the device itself"),
        ("level > gateway", 7, "map"),
        ("level + mean(neighbours(0).level)", 25, "1 to 5000"),
        ("level + mean(neighbours(level).level)", 25, "1 to 5000"),
        ("neighbours(500).level == neighbours(5).level", 16, "mean"),
        ("level > 1e400", 9, "finite"),
        ("level == 'high'", 7, "(double, string)"),
        ("[level][0] > 1", 8, ""),
        ("dyn(level) > 3", 4, "not used in rules"),
        ("level\n> 3", 6, "line breaks"),
        ("rule('other') > 1", 1, "'rule'"),
        ("rules.other > 1 && level > 1", 6, "select"),
        ("level > 1 && 水位 > 3", 14, 'device["水位"]'),
        ("level > 1 && type > 3", 14, "device.type"),
        ("loop > 3", 1, "device.loop"),
        ("abs(level, rate) > 1", 1, "abs(level)"),
        ("1 < max(level, rate, depth)", 5, "max(level, depth)"),
        ("mean(level) > 1", 1, "mean(neighbours(500).level)"),
        ("has(level)", 1, "has(device.level)"),
        ("level > neighbours(5).level", 7, "asked for a figure"),
        ("", 1, "it ends here"),
        ("level > 3" + " " * 9_991, 2_001, "10000"),
        ("(" * 300 + "level" + ")" * 300, 32, "32 deep"),
        ("+".join(["level"] * 200), 192, "32 deep"),
        (" && ".join([f"m{number} > 1" for number in range(17)]), 167, "at most 16 metrics"),
    ],
)
def test_what_is_refused_says_where_and_why_in_both_languages(text: str, column: int, words: str) -> None:
    with pytest.raises(ExpressionRefused) as refused:
        program_of(text)
    sentence = refused.value.sentence
    assert (refused.value.column, words in sentence) == (column, True), sentence
    assert sentence.told("zh").startswith(f"第 {column} 列：")


def test_a_rule_can_name_no_other_rule() -> None:
    """So no expression can be circular: what it names are metrics, of which `rule` would be one like any other."""
    assert [str(each) for each in program_of("a_rule + 1").inputs] == ["a_rule"]
    for text in ("rule.a > 1", "rule['a'] > 1", "alert('a')", "a() + b()"):
        with pytest.raises(ExpressionRefused):
            program_of(text)


def test_an_expression_that_is_large_but_not_deep_is_refused() -> None:
    part = "(" + " + ".join(["level"] * 12) + ")"
    with pytest.raises(ExpressionRefused, match="at most 200 operations"):
        program_of(" + ".join([part] * 12))


def test_whole_numbers_are_decimals_and_faults_behind_them_keep_their_column() -> None:
    assert words_of("1 + 2.5 * 3e2 > .5 - x1").text == "1.0 + 2.5 * 3e2 > .5 - x1"
    assert _calculated("level * 2 == 6 ? 1 : 0", level=3) == 1
    assert words_of("device['a 1'] + 1 // 2").text == "device['a 1'] + 1.0 // 2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level / zero", NAN),
        ("zero / zero == zero", NAN),
        ("level / zero > 1", NAN),
        ("level / zero > 1 || level > 3", 1),
        ("level / zero > 1 && level < 3", 0),
        ("big * big", NAN),
        ("-(big * big) < 0", NAN),
        ("absent + 1", NAN),
        ("absent > 1 || level > 3", 1),
        ("absent > 1 && level < 3", 0),
        ("absent > 1 || level < 3", NAN),
        ("!(absent > 1)", NAN),
        ("level > 3 ? level : absent", 4),
        ("level < 3 ? level : absent", NAN),
        ("absent > 3 ? 1 : 2", NAN),
        ("has(device.absent) ? absent : level", 4),
        ("has(device.level) && !has(gateway.level)", 1),
        ("device['level'] + gateway.battery", 9),
        ("max(level, 1) - min(level, 1) + abs(-level)", 7),
        ("level + mean(neighbours(500).level) * count(neighbours(500).level)", 10),
        ("true && level == 4", 1),
    ],
)
def test_what_is_missing_or_no_number_is_no_reading_unless_it_does_not_matter(text: str, expected: float) -> None:
    values = {"level": 4, "zero": 0, "big": 1e200, "gateway.battery": 5, "absent": NAN}
    figures = {"mean(neighbours(500).level)": 2, "count(neighbours(500).level)": 3}
    assert _calculated(text, **values, **figures) == pytest.approx(expected, nan_ok=True)


def test_what_is_asked_of_neighbours_is_one_input_for_each_figure() -> None:
    program = program_of("level > max(neighbours(500).level) && gateway['power-w'] > 1")
    assert [str(each) for each in program.inputs] == ["level", "max(neighbours(500).level)", "gateway.power-w"]
    assert (program.anchor, program.truth) == ("level", True)


PARTS = r"""
level 3 1.5 ( ) && || ! ? : > == + - / , . [ ] has device gateway neighbours(5)
mean 'x' true in null " // { } 0x1F 3u
"""


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(PARTS.split()), max_size=14).map(" ".join))
def test_no_text_raises_anything_but_the_refusal(text: str) -> None:
    refused = None
    try:
        program = program_of(text)
    except ExpressionRefused as error:
        refused = error
    if refused is None:
        assert program({each: np.zeros(2) for each in program.inputs}, 2).shape == (2,)
    else:
        assert 1 <= refused.column <= len(text) + 1
        assert refused.sentence.told("zh") != refused.sentence.told("en")


def test_the_library_is_loaded_by_the_first_expression_only() -> None:
    check = (
        "import sys, devices.expressions.program, analytics.rules.rulebook; sys.exit('cel_expr_python' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_library_that_is_missing_is_a_refusal_and_no_end_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    program_of.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(ExpressionRefused, match="install the hub again"):
        program_of("level > 12345.5")

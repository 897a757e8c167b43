"""Expressions of rules against the profiles: every metric that they name is there."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from api.problems import invalid
from devices.expressions.inputs import Input
from devices.expressions.program import Program, program_of
from devices.expressions.refused import ExpressionRefused
from hub.words import Lang
from hub.words.sentence import Sentence

SHOWN = 5
"""Names that are suggested where none is close."""


def expression_of(
    text: str, profile: str, metrics: Mapping[str, Any], anywhere: Collection[str], lang: Lang
) -> Program:
    """An expression over metrics of a profile; `anywhere` are those of any profile.

    422 with the column of what is wrong with it.
    """
    try:
        program = program_of(text)
    except ExpressionRefused as error:
        raise invalid("/expression", error.sentence.told(lang)) from error
    for each, column in program.columns.items():
        there = metrics.keys() if each.scope == "device" else anywhere
        if each.metric not in there:
            problem = _unknown(each, profile, sorted(there))
            raise invalid("/expression", Sentence("refusal.expression.at", column=column, problem=problem).told(lang))
    return program


def asks_neighbours(text: str | None) -> bool:
    """Whether a valid expression asks for figures of neighbours."""
    return text is not None and any(each.scope == "neighbours" for each in program_of(text).inputs)


def metrics_in(text: str | None) -> list[str]:
    """The metrics of a device that a stored expression names; none where there is none, or it cannot be used."""
    try:
        return [] if text is None else [each.metric for each in program_of(text).inputs if each.scope == "device"]
    except ExpressionRefused:
        return []


def metric_of(program: Program, given: str | None, lang: Lang) -> str:
    """The metric that alerts of a rule are about; 422 when the expression does not name it."""
    own = [each.metric for each in program.inputs if each.scope == "device"]
    if given is not None and given not in own:
        problem = Sentence("refusal.expression.metric_in_it", known=", ".join(own))
        raise invalid("/metric", problem.told(lang))
    return given or program.anchor


def _unknown(each: Input, profile: str, there: list[str]) -> Sentence:
    close = ", ".join(get_close_matches(each.metric, there, cutoff=0.5) or there[:SHOWN])
    if each.scope == "device":
        return Sentence("refusal.expression.unknown_metric", name=each.metric, profile=profile, known=close)
    return Sentence("refusal.expression.unknown_elsewhere", name=each.metric, known=close)

"""Random expressions, and what CEL's own evaluator says of them."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cel_expr_python import cel
from hypothesis import strategies as st

NUMBER, TRUTH = cel.Type.DOUBLE, cel.Type.BOOL
OWN = ("a", "b", "c")
FIGURES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "count": lambda some: float(len(some)),
    "max": max,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
}


class Text(NamedTuple):
    """An expression as it is given, and with each calculation said to be no value unless it is finite."""

    given: str
    finite: str


def numbers(depth: int) -> st.SearchStrategy[Text]:
    leaf = st.sampled_from([*OWN, "device.a", "gateway.g", "1", "0", "2.5", "1e300"]) | st.sampled_from(
        [f"{figure}(neighbours(5).a)" for figure in FIGURES]
    )
    leaves = leaf.map(lambda text: Text(text, _decimal(text)))
    if not depth:
        return leaves
    less = numbers(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(less, st.sampled_from("+-*/"), less).map(_calculated),
        st.tuples(st.sampled_from(["max", "min"]), less, less).map(
            lambda of: Text(f"{of[0]}({of[1].given}, {of[2].given})", f"{of[0]}({of[1].finite}, {of[2].finite})")
        ),
        less.map(lambda one: Text(f"-({one.given})", f"-({one.finite})")),
        less.map(lambda one: Text(f"abs({one.given})", f"abs({one.finite})")),
        st.tuples(truths(depth - 1), less, less).map(_chosen),
    )


def truths(depth: int) -> st.SearchStrategy[Text]:
    leaf = st.sampled_from(["true", "false", "has(device.a)", "has(gateway.g)"]).map(lambda text: Text(text, text))
    if not depth:
        return leaf
    number, truth = numbers(depth - 1), truths(depth - 1)
    return st.one_of(
        st.tuples(number, st.sampled_from([">", ">=", "<", "<=", "==", "!="]), number).map(_joined),
        st.tuples(truth, st.sampled_from(["&&", "||", "==", "!="]), truth).map(_joined),
        truth.map(lambda one: Text(f"!({one.given})", f"!({one.finite})")),
        st.tuples(truth, truth, truth).map(_chosen),
    )


def said(text: Text, own: Mapping[str, float], gateway: Mapping[str, float], near: Sequence[float]) -> float | None:
    """What the evaluator says, true as 1; None where it says that there is no value."""
    values = {"device": dict(own), "gateway": dict(gateway), **own}
    result = _environment(tuple(near)).compile(text.finite).eval(data=values)
    return None if result.type() == cel.Type.ERROR else float(result.value())


def _environment(near: tuple[float, ...]) -> cel.Env:
    some, of_device = cel.Type.List(NUMBER), cel.Type.Map(cel.Type.STRING, NUMBER)
    of_near = cel.Type.Map(cel.Type.STRING, some)

    def one(name: str, *overloads: tuple[Any, list[Any], Callable[..., Any]]) -> cel.FunctionDecl:
        made = [
            cel.Overload(f"{name}_{place}", returned, taken, impl=impl)
            for place, (returned, taken, impl) in enumerate(overloads)
        ]
        return cel.FunctionDecl(name, made)

    two = {name: [(NUMBER, [NUMBER, NUMBER], FIGURES_OF_TWO[name])] for name in FIGURES_OF_TWO}
    functions = [
        one(
            name,
            (NUMBER, [some], lambda given, figure=figure: figure([float(each) for each in given])),
            *two.get(name, []),
        )
        for name, figure in FIGURES.items()
    ]
    functions += [
        one("abs", (NUMBER, [NUMBER], abs)),
        one("finite", (NUMBER, [NUMBER], _finite)),
        one("neighbours", (of_near, [NUMBER], lambda _: {"a": list(near)})),
    ]
    variables = {**dict.fromkeys(OWN, NUMBER), "device": of_device, "gateway": of_device}
    return cel.NewEnv(variables=variables, functions=functions)


FIGURES_OF_TWO: Mapping[str, Callable[[float, float], float]] = {"max": max, "min": min}


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("no value")
    return value


def _decimal(text: str) -> str:
    return f"{text}.0" if text.isdecimal() else text.replace("neighbours(5)", "neighbours(5.0)")


def _calculated(of: tuple[Text, str, Text]) -> Text:
    left, operator, right = of
    return Text(f"({left.given}) {operator} ({right.given})", f"finite(({left.finite}) {operator} ({right.finite}))")


def _joined(of: tuple[Text, str, Text]) -> Text:
    left, operator, right = of
    return Text(*(f"({first}) {operator} ({second})" for first, second in zip(left, right, strict=True)))


def _chosen(of: tuple[Text, Text, Text]) -> Text:
    return Text(*(f"({first}) ? ({second}) : ({third})" for first, second, third in zip(*of, strict=True)))

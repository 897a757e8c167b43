"""A checked expression made into a calculation over arrays, of all devices of a batch at once."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from devices.expressions.checked import Call, Constant, Name, Node, Select
from devices.expressions.inputs import Input
from devices.expressions.language import parse
from devices.expressions.operations import ARITHMETIC, COMPARISONS, EQUALITY, LOGIC, Column, chosen
from devices.expressions.refused import ExpressionRefused
from hub.danger import is_dangerous
from hub.words.sentence import Sentence

MAX_NODES = 200
"""Operations, names and numbers of an expression: at 5 ns each and reading none costs more than a microsecond."""
MAX_INPUTS = 16
MAX_RADIUS = 5_000
"""Metres."""
WAIT_S = 10
"""So long a reading waits for other metrics of its device that are not heard up to its time."""
FIGURES = ("count", "max", "mean", "median", "min")

Floats = NDArray[np.float64]
Values = Mapping[Input, Column]
Step = Callable[[Values], Column]
_NOTHING = np.zeros((), np.bool_)


class Program:
    """A compiled expression; call it with the values of its inputs."""

    def __init__(self, step: Step, inputs: Mapping[Input, int], truth: bool) -> None:
        self.inputs = tuple(inputs)
        """In the order in which they are named."""
        self.columns = dict(inputs)
        """The column of the text where each is named first, from 1."""
        self.truth = truth
        """Whether it tells true or false, as 1 and 0."""
        self.asks_others = any(each.scope != "device" for each in self.inputs)
        """Whether it needs values of other devices."""
        self.several = sum(each.scope == "device" for each in self.inputs) > 1
        """Whether it needs several metrics of the device itself."""
        self._step = step

    def waiting_dangers(self, category: str | None) -> list[str]:
        """Metrics of the device that are a danger on a profile of a category, and wait for others that are named."""
        named = [each.metric for each in self.inputs if each.scope == "device"]
        return [metric for metric in named if is_dangerous(metric, category)] if self.several else []

    @property
    def anchor(self) -> str:
        """The first metric of the device itself that is named."""
        return next(each.metric for each in self.inputs if each.scope == "device")

    def __call__(self, values: Mapping[Input, Floats], count: int) -> Floats:
        """Results, shape (count,), of inputs of that shape; NaN where a value that matters is missing (NaN)."""
        with np.errstate(all="ignore"):
            columns = {each: Column(value, ~np.isfinite(value)) for each, value in values.items()}
            result = self._step(columns)
            return np.broadcast_to(np.where(result.missing, np.nan, result.values.astype(np.float64)), (count,))


@lru_cache(maxsize=4096)
def program_of(text: str) -> Program:
    """Compile an expression. ExpressionRefused when it cannot be used."""
    tree, words = parse(text)
    compiler = _Compiler(words.place)
    step, truth = compiler.compiled(tree)
    if not any(each.scope == "device" for each in compiler.inputs):
        raise ExpressionRefused(1, Sentence("refusal.expression.anchor"))
    return Program(step, compiler.inputs, truth)


class _Compiler:
    """Walks a tree once; refuses what the language has not, and what has another type than is needed."""

    def __init__(self, place: Callable[[int], int]) -> None:
        self.inputs: dict[Input, int] = {}
        self._place, self._nodes = place, 0

    def compiled(self, node: Node) -> tuple[Step, bool]:
        """The calculation of a node, and whether it tells a truth; else it is a number."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._refused(node, "large", most=MAX_NODES)
        if isinstance(node, Constant):
            return self._constant(node)
        if isinstance(node, Name):
            if node.name in ("device", "gateway"):
                raise self._refused(node, "metric", name=node.name)
            return self._input(node, Input("device", node.name))
        if isinstance(node, Select):
            return self._selected(node, node.operand, node.field, node.test)
        if isinstance(node, Call):
            return self._called(node)
        raise self._refused(node, "part")

    def _constant(self, node: Constant) -> tuple[Step, bool]:
        if isinstance(node.value, str) or not np.isfinite(node.value):
            raise self._refused(node, "constant")
        column = Column(np.asarray(node.value), _NOTHING)
        return lambda _: column, isinstance(node.value, bool)

    def _selected(self, node: Node, operand: Node, field: str, test: bool) -> tuple[Step, bool]:
        if not isinstance(operand, Name) or operand.name not in ("device", "gateway"):
            raise self._refused(node, "neighbours" if isinstance(operand, Call) else "part")
        wanted = Input("device" if operand.name == "device" else "gateway", field)
        return self._input(node, wanted, test)

    def _input(self, node: Node, wanted: Input, test: bool = False) -> tuple[Step, bool]:
        if wanted not in self.inputs:
            if len(self.inputs) == MAX_INPUTS:
                raise self._refused(node, "inputs", most=MAX_INPUTS)
            self.inputs[wanted] = self._place(node.at) + 1
        if test:
            return lambda values: Column(~values[wanted].missing, _NOTHING), True
        return lambda values: values[wanted], False

    def _called(self, node: Call) -> tuple[Step, bool]:
        name, arguments = node.function, node.arguments
        if name == "_[_]" and isinstance(arguments[1], Constant) and isinstance(arguments[1].value, str):
            return self._selected(node, arguments[0], arguments[1].value, test=False)
        if name in FIGURES and len(arguments) == 1:
            return self._figure(node, name, arguments[0])
        if name == "_?_:_":
            (condition, _), (first, truth), (second, same) = self._of(node, [True, None, None])
            if truth != same:
                raise self._refused(node, "mixed")
            return lambda values: chosen(condition(values), first(values), second(values)), truth
        for kind, wanted, returned in ((ARITHMETIC, False, False), (COMPARISONS, False, True), (LOGIC, True, True)):
            if name in kind:
                return _applied(kind[name], [step for step, _ in self._of(node, [wanted] * len(arguments))]), returned
        if name in EQUALITY:
            (left, truth), (right, same) = self._of(node, [None, None])
            if truth != same:
                raise self._refused(node, "mixed")
            return _applied(EQUALITY[name], [left, right]), True
        raise self._refused(node, "part")

    def _of(self, node: Call, wanted: list[bool | None]) -> list[tuple[Step, bool]]:
        """The arguments of a call, each a truth, a number, or any of them (None)."""
        found = [self.compiled(each) for each in node.arguments]
        for (_, truth), needed, each in zip(found, wanted, node.arguments, strict=True):
            if needed is not None and truth != needed:
                raise self._refused(each, "truth" if needed else "number")
        return found

    def _figure(self, node: Call, figure: str, argument: Node) -> tuple[Step, bool]:
        """A figure of the neighbours' newest values, which whoever knows all of them calculates."""
        field, near = "", argument
        if isinstance(argument, Select) and not argument.test:
            field, near = argument.field, argument.operand
        elif isinstance(argument, Call) and argument.function == "_[_]":
            near, index = argument.arguments
            field = index.value if isinstance(index, Constant) and isinstance(index.value, str) else ""
        if not field or not isinstance(near, Call) or near.function != "neighbours":
            raise self._refused(node, "neighbours")
        (radius,) = near.arguments
        metres = radius.value if isinstance(radius, Constant) and isinstance(radius.value, float) else 0.0
        if not 1 <= metres <= MAX_RADIUS:
            raise self._refused(radius, "radius", most=MAX_RADIUS)
        return self._input(node, Input("neighbours", field, figure, metres))

    def _refused(self, node: Node, what: str, **values: object) -> ExpressionRefused:
        return ExpressionRefused(self._place(node.at) + 1, Sentence(f"refusal.expression.{what}", **values))


def _applied(operation: Callable[..., Column], steps: list[Step]) -> Step:
    if len(steps) == 1:
        (only,) = steps
        return lambda values: operation(only(values))
    left, right = steps
    return lambda values: operation(left(values), right(values))

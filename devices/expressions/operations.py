"""What the operators and functions of expressions do to arrays: each value with whether it is missing.

A `Column` is (values, missing), both of shape (n,) or (). What is no finite number is missing: a division by zero, an
overflow, the root of them. `&&` and `||` are as in CEL: what decides alone decides, whatever is missing beside it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Column(NamedTuple):
    """Numbers or truths; where they are missing, they may be anything."""

    values: NDArray[Any]
    missing: NDArray[np.bool_]


Operation = Callable[..., Column]


def _numeric(function: Callable[..., Any]) -> Operation:
    def calculated(*columns: Column) -> Column:
        values = np.asarray(function(*(column.values for column in columns)))
        return Column(values, _any_missing(columns) | ~np.isfinite(values))

    return calculated


def _compared(function: Callable[[Any, Any], Any]) -> Operation:
    def told(left: Column, right: Column) -> Column:
        return Column(np.asarray(function(left.values, right.values)), left.missing | right.missing)

    return told


def _any_missing(columns: tuple[Column, ...]) -> NDArray[np.bool_]:
    missing = columns[0].missing
    for column in columns[1:]:
        missing = missing | column.missing
    return missing


def _both(left: Column, right: Column) -> Column:
    no = (~left.values & ~left.missing) | (~right.values & ~right.missing)
    return Column(left.values & right.values & ~no, (left.missing | right.missing) & ~no)


def _either(left: Column, right: Column) -> Column:
    yes = (left.values & ~left.missing) | (right.values & ~right.missing)
    return Column(yes, (left.missing | right.missing) & ~yes)


def _opposite(column: Column) -> Column:
    return Column(~column.values, column.missing)


def chosen(condition: Column, first: Column, second: Column) -> Column:
    """CONDITION ? FIRST : SECOND; what is not chosen may be missing."""
    values = np.where(condition.values, first.values, second.values)
    return Column(values, condition.missing | np.where(condition.values, first.missing, second.missing))


ARITHMETIC: dict[str, Operation] = {
    "_+_": _numeric(np.add),
    "_-_": _numeric(np.subtract),
    "_*_": _numeric(np.multiply),
    "_/_": _numeric(np.divide),
    "-_": _numeric(np.negative),
    "abs": _numeric(np.abs),
    "max": _numeric(np.maximum),
    "min": _numeric(np.minimum),
}
"""Of numbers to a number."""
COMPARISONS: dict[str, Operation] = {
    "_>_": _compared(np.greater),
    "_>=_": _compared(np.greater_equal),
    "_<_": _compared(np.less),
    "_<=_": _compared(np.less_equal),
}
"""Of numbers to a truth."""
EQUALITY: dict[str, Operation] = {"_==_": _compared(np.equal), "_!=_": _compared(np.not_equal)}
"""Of two numbers, or two truths."""
LOGIC: dict[str, Operation] = {"_&&_": _both, "_||_": _either, "!_": _opposite}
"""Of truths to a truth."""

"""Parses and checks an expression by CEL's own parser; what it finds wrong is told in the hub's words.

The library is loaded by the first expression: a hub without any starts as fast, and needs as little memory, as before.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from devices.expressions.checked import Node, read_checked
from devices.expressions.refused import ExpressionRefused
from devices.expressions.tokens import Words, words_of
from hub.words.sentence import Sentence

if TYPE_CHECKING:
    from cel_expr_python import cel

MAX_CHARACTERS = 2_000
DEPTH = 32
"""How deep operations may lie in each other; the limit of CEL's parser."""
FUNCTIONS = ("abs", "has", "max", "min")
"""Those that are suggested."""
_AROUND = "neighbours(500).level"
USAGES = {
    "abs": "abs(level)", "has": "has(device.level)", "max": f"max(level, depth), max({_AROUND})",
    "min": f"min(level, depth), min({_AROUND})", "neighbours": f"mean({_AROUND})",
    **{name: f"{name}({_AROUND})" for name in ("count", "mean", "median")},
}  # fmt: skip
"""How each function is written."""

_FAULT = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_TYPES = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_OPENING = re.compile(r"[([{!?]|[-+*/<>=&|]+")


def parse(given: str) -> tuple[Node, Words]:
    """The tree of an expression, and its words. ExpressionRefused tells the column of the fault."""
    if len(given) > MAX_CHARACTERS:
        raise ExpressionRefused(
            MAX_CHARACTERS + 1, Sentence("refusal.expression.long", given=len(given), most=MAX_CHARACTERS)
        )
    for at, character in enumerate(given, 1):
        if not character.isprintable():
            raise ExpressionRefused(at, Sentence("refusal.expression.character"))
    words = words_of(given)
    if words.taken is not None:
        at, name = words.taken
        raise ExpressionRefused(at + 1, Sentence("refusal.expression.taken", name=name))
    if words.foreign is not None:
        at, name = words.foreign
        raise ExpressionRefused(at + 1, Sentence("refusal.expression.foreign", name=name))
    try:
        return read_checked(_environment(words.names).compile(words.text).serialize()), words
    except RuntimeError as error:  # the library has no error of its own
        raise _refused(given, words, str(error)) from None
    except (ImportError, ValueError, KeyError) as error:  # one rule must not keep a hub from starting
        raise ExpressionRefused(1, Sentence("refusal.expression.library", problem=str(error))) from None


def _environment(names: frozenset[str]) -> "cel.Env":
    from cel_expr_python import cel

    number, device, near = _types()
    variables = {**dict.fromkeys(names, number), "device": device, "gateway": device}
    return cel.NewEnv(variables=variables, functions=_functions(near))


@cache
def _types() -> Any:
    """A number, metrics of a device, and those of several."""
    from cel_expr_python.cel import Type

    several = Type.Map(Type.STRING, Type.List(Type.DOUBLE))
    return Type.DOUBLE, Type.Map(Type.STRING, Type.DOUBLE), several


def _functions(near: "cel.Type") -> "list[cel.FunctionDecl]":
    from cel_expr_python.cel import FunctionDecl, Overload, Type

    number, some = Type.DOUBLE, Type.List(Type.DOUBLE)

    def declared(name: str, returned: Type, *parameters: list[Type]) -> FunctionDecl:
        overloads = [Overload(f"{name}_{place}", returned, taken) for place, taken in enumerate(parameters)]
        return FunctionDecl(name, overloads)

    return [
        *(declared(name, number, [some]) for name in ("count", "mean", "median")),
        *(declared(name, number, [some], [number, number]) for name in ("max", "min")),
        declared("abs", number, [number]),
        declared("neighbours", near, [number]),
    ]


def _usage(name: str) -> Sentence:
    return Sentence("refusal.expression.usage", name=name, usage=USAGES[name])


def _refused(given: str, words: Words, said: str) -> ExpressionRefused:
    """What the library said, in the hub's words."""
    fault = _FAULT.search(said)
    line, column, problem = (int(fault[1]), int(fault[2]), fault[3]) if fault else (-1, -1, said.split("\n")[0])
    if "recursion" in problem or line < 0:
        places = [found.start() + 1 for found in _OPENING.finditer(given)]
        at = places[min(DEPTH, len(places)) - 1] if places else 1
        return ExpressionRefused(at, Sentence("refusal.expression.deep", most=DEPTH))
    at = words.place(column - 1) + 1
    if unknown := _UNKNOWN.match(problem):
        name, known = unknown[1], ", ".join(FUNCTIONS)
        unknown_ = Sentence("refusal.expression.function", name=name, known=known)
        return ExpressionRefused(max(1, at - len(name)), _usage(name) if name in USAGES else unknown_)
    if problem.startswith("has() "):
        return ExpressionRefused(max(1, at - len("has(")), _usage("has"))
    if types := _TYPES.match(problem):
        if types[1] in USAGES and types[1] != "abs":
            return ExpressionRefused(max(1, at - len(types[1])), _usage(types[1]))
        if "list(" in types[2]:
            return ExpressionRefused(at, Sentence("refusal.expression.neighbours"))
        operation = types[1].strip("_").replace("_", " ")
        return ExpressionRefused(at, Sentence("refusal.expression.types", operation=operation, types=types[2]))
    problem = problem.removeprefix("Syntax error: ").split(" expecting ")[0]
    if problem == "mismatched input '<EOF>'":
        return ExpressionRefused(at, Sentence("refusal.expression.ends"))
    return ExpressionRefused(at, Sentence("refusal.expression.syntax", problem=problem))

"""Map foreign JSON to the hub's payload format with a profile's JMESPath expression, within a cost budget.

What a device sends and what an expression asks for may both be hostile: each step and each value that is walked
through is counted, and nothing is built that has not been counted first.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

import msgspec
from jmespath import exceptions as jmes
from jmespath import parser
from jmespath.visitor import Options, TreeInterpreter

from devices.codecs.decoded import Codec, Decoded
from devices.codecs.jsontext import names_in, parse
from devices.codecs.mapping_functions import SIGNATURES, Functions, TooLarge
from devices.privacy import without_private
from devices.similar import nearest
from hub.errors import DecodeError, PermanentError
from hub.models import Micros

FORMS = ("telemetry", "event")
"""The forms whose payloads may be mapped."""
MAX_EXPRESSION = 4_000
"""Characters of an expression."""
MAX_NODES = 1_000
"""Nodes of a parsed expression, and of their nesting MAX_NESTING: Python's own stack is not endless."""
MAX_NESTING = 60
MAX_PARTS = 4_000
"""Members and elements of a payload that is mapped; a plain one may have five times as many."""
MAX_NAMES = 250
"""Different names in it: one seen for the first time costs the privacy gate up to 14 microseconds."""
BUDGET = 20_000
"""What the mapping of one payload may cost, in fifths of a microsecond: about 4 ms."""
_STEP, _WALK, _CALL = 4, 1, 12
_DEEPEST = 16


class MappingError(PermanentError):
    """The mapping cannot be used"""


class Mapped(NamedTuple):
    """What became of a payload."""

    payload: bytes | None
    """A payload of the contract; None where the expression gave false: the message is not for the hub."""
    private: int
    """Fields that the privacy gate took out before the expression saw them."""
    cost: int
    """Of BUDGET."""


class Transform:
    """A compiled expression; call it with a payload."""

    def __init__(self, expression: str, *, lenient: bool = False) -> None:
        """Raises MappingError with what is wrong and where; if lenient, each call raises it as a DecodeError."""
        self.expression = expression
        self._flaw = ""
        try:
            self._tree = _parsed(expression)
        except MappingError as error:
            if not lenient:
                raise
            self._flaw = error.detail

    def __call__(self, payload: bytes) -> Mapped:
        """Map a payload. DecodeError when it is not JSON, or the mapping fails, yields nothing or costs too much."""
        if self._flaw:
            raise DecodeError("mapping_failed", f"the profile's mapping cannot be used: {self._flaw}", "")
        message, private = _public(parse(payload, MAX_PARTS))
        meter = _Meter()
        try:
            found = meter.visit(self._tree, message)
            if found is False:
                return Mapped(None, private, BUDGET - meter.left)
            valued = isinstance(found, dict) and "values" in found
            found = meter.tidy(found)
            encoded = msgspec.json.encode(found)
        except (_TooCostly, TooLarge):
            detail = "the profile's mapping costs too much on this message: send smaller messages, or simplify it"
            raise DecodeError("mapping_too_costly", detail, "") from None
        except jmes.JMESPathError as error:
            raise DecodeError("mapping_failed", f"the profile's mapping fails on it: {_said(error)}", "") from None
        except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
            raise DecodeError("mapping_failed", f"the profile's mapping fails on it: {str(error)[:200]}", "") from None
        if not isinstance(found, dict | list):
            if found is None:
                raise _empty(message)
            sentence = "the profile's mapping gives no object: it must give {values: {...}}"
            raise DecodeError("mapping_failed", sentence, "")
        if not found or (valued and "values" not in found):
            raise _empty(message)
        return Mapped(encoded, private, BUDGET - meter.left)


def compiled(mapping: Mapping[str, str]) -> dict[str, Transform]:
    """Compile a stored profile's mappings by form; an invalid one rejects each message with its error."""
    return {form: Transform(expression, lenient=True) for form, expression in mapping.items()}


def decode_mapped(
    transform: Transform, codec: Codec, payload: bytes, received: Micros, zone: tzinfo
) -> tuple[Decoded, int]:
    """Map a payload, then decode it; returns the result and the mapping's cost. Both may raise DecodeError."""
    mapped = transform(payload)
    if mapped.payload is None:
        return Decoded(private=mapped.private), mapped.cost
    try:
        decoded = codec(mapped.payload, received, zone)
    except DecodeError as error:
        # Its place is one in what the mapping made, which nobody sent.
        raise DecodeError(error.reason, f"after the profile's mapping: {error.detail}") from None
    decoded.faults = [fault._replace(at=None) for fault in decoded.faults]
    decoded.private += mapped.private
    return decoded, mapped.cost


class _TooCostly(Exception):
    """The cost budget is exhausted"""


class _Meter(TreeInterpreter):
    """Evaluates with a budget. Values are shared, never copied: one may be far larger written out than in memory, so
    whatever walks through one pays for the walk."""

    def __init__(self) -> None:
        super().__init__(_OPTIONS)
        self.left = BUDGET

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self.left -= _STEP
        if self.left < 0:
            raise _TooCostly
        return super().visit(node, *args, **kwargs)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self.pay(sum([len(each) if isinstance(each, list) else 1 for each in base]))
        return [part for each in base for part in (each if isinstance(each, list) else (each,))]

    def visit_slice(self, node: Any, value: Any) -> Any:
        self.pay(len(value) if isinstance(value, list) else 1)
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        self.walk(left)
        self.walk(right)
        given: Any = {"type": "comparator", "value": node["value"], "children": [_literal(left), _literal(right)]}
        return super().visit_comparator(given, None)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        given = [self.visit(child, value) for child in node["children"]]
        for each in given:
            self.walk(each)
        found = _FUNCTIONS.call_function(node["value"], given)
        self.pay(_CALL + (len(found) // 64 if isinstance(found, str) else 0))
        return found

    def pay(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise _TooCostly

    def walk(self, value: Any) -> None:
        """Charge for walking a value at its serialised size."""
        waiting = [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                self.pay(_WALK + len(part))
                waiting += part.values()
            elif isinstance(part, list):
                self.pay(_WALK + len(part))
                waiting += part
            else:
                self.pay(_WALK + (len(part) // 64 if isinstance(part, str) else 0))

    def tidy(self, value: Any, deep: int = _DEEPEST) -> Any:
        """Copy without null members (values the message lacks); null when nothing is left."""
        self.pay(_STEP)
        if not isinstance(value, dict | list):
            return value
        if deep == 0:
            raise ValueError("what it gives is nested too deeply")
        if isinstance(value, list):
            return [kept for part in value if (kept := self.tidy(part, deep - 1)) is not None]
        found = {str(name): kept for name, part in value.items() if (kept := self.tidy(part, deep - 1)) is not None}
        return found or None


_FUNCTIONS = Functions()
_OPTIONS = Options(custom_functions=_FUNCTIONS)


def _literal(value: Any) -> dict[str, Any]:
    return {"type": "literal", "value": value, "children": []}


def _public(message: object) -> tuple[object, int]:
    """Drop private fields before mapping, because their names are lost afterwards."""
    if len(names_in(message)) > MAX_NAMES:
        raise DecodeError("too_many_values", f"a message that is mapped may hold {MAX_NAMES} different names", "")
    try:
        return without_private(message)
    except RecursionError:
        raise DecodeError("too_deep", "the message is nested deeper than 16 levels: it cannot be mapped", "") from None


def _empty(message: object) -> DecodeError:
    said = "it is a list"
    if isinstance(message, dict):
        said = f"it has: {', '.join([str(name)[:40] for name in message][:12]) or 'nothing'}"
    sentence = f"the profile's mapping finds nothing of what it names in the message; {said}"
    return DecodeError("mapping_empty", sentence, "")


def _said(error: jmes.JMESPathError) -> str:
    if isinstance(error, jmes.JMESPathTypeError):
        wanted = " or ".join(error.expected_types)
        return f"{error.function_name}() takes {wanted}, and the message has {error.actual_type} there"
    return str(error).splitlines()[0][:200]


def _parsed(expression: str) -> Any:
    if len(expression) > MAX_EXPRESSION:
        raise MappingError(f"an expression has at most {MAX_EXPRESSION:,} characters, this one {len(expression):,}")
    try:
        tree = parser.Parser().parse(expression).parsed
    except jmes.EmptyExpressionError:
        raise MappingError("the expression is empty: write for example {values: {pm25: data.pm25}}") from None
    except jmes.LexerError as error:
        raise MappingError(_at(expression, error.lex_position, f"{error.message}")) from None
    except jmes.IncompleteExpressionError:
        raise MappingError(_at(expression, len(expression), "it ends too early")) from None
    except jmes.ParseError as error:
        raise MappingError(
            _at(expression, error.lex_position, f"{str(error.token_value)!r} cannot stand there")
        ) from None
    except (RecursionError, ValueError) as error:
        raise MappingError(f"the expression cannot be read: {str(error)[:200]}") from None
    _check(tree, expression)
    return tree


def _at(expression: str, position: int, problem: str) -> str:
    shown = expression[max(0, position - 20) : position] + "⟶" + expression[position : position + 20]
    return f"at character {position + 1} ({shown.strip()}): {problem}"


def _check(tree: Any, expression: str) -> None:
    """Raise MappingError when the expression is too large or calls an unknown function."""
    waiting, count = [(tree, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict):
            continue
        count += 1
        if count > MAX_NODES or depth > MAX_NESTING:
            raise MappingError("the expression is too large or nested too deeply: simplify it")
        if node["type"] == "function_expression":
            _check_call(str(node["value"]), len(node["children"]), expression)
        waiting += [(child, depth + 1) for child in node["children"]]


def _check_call(name: str, given: int, expression: str) -> None:
    position = max(expression.find(name), 0)
    if name not in SIGNATURES:
        near = nearest(name, dict.fromkeys(SIGNATURES, ""))
        known = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(SIGNATURES))}"
        raise MappingError(_at(expression, position, f"there is no function {name}(); {known}"))
    least, most = SIGNATURES[name]
    if not least <= given <= most:
        wanted = f"{least}" if least == most else f"{least} or more"
        raise MappingError(_at(expression, position, f"{name}() is given {given} arguments, it takes {wanted}"))

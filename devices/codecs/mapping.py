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

from devices.codecs.decoded import Codec, Decoded
from devices.codecs.jsontext import names_in, parse
from devices.codecs.mapping_functions import SIGNATURES, TooLarge
from devices.codecs.mapping_interpreter import BUDGET, ERRORS, Interpreter, TooCostly, holds_null, told_of
from devices.privacy import without_private
from devices.similar import nearest
from hub.errors import DecodeError, PermanentError
from hub.models import Micros
from hub.words.sentence import Sentence

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


class MappingError(PermanentError):
    """The mapping cannot be used"""


class Mapped(NamedTuple):
    """What became of a payload."""

    payload: bytes | None
    """A payload of the contract; None where the expression gave false (the message is not for the hub), or all values
    are null."""
    private: int
    """Fields that the privacy gate took out before the expression saw them."""
    cost: int
    """Of BUDGET."""
    failed: tuple[Sentence, ...] = ()
    """Why members of it are left out."""
    measured: bool = True
    """Whether the payload is not missing because all values are null."""


class Transform:
    """A compiled expression; call it with a payload."""

    def __init__(self, expression: str, form: str = "telemetry", *, lenient: bool = False) -> None:
        """`form` is that of the payload that it makes.

        Raises MappingError with what is wrong and where; if lenient, each call raises it as a DecodeError.
        """
        self.expression, self._form = expression, form
        self._flaw = ""
        try:
            self._tree = _parsed(expression)
        except MappingError as error:
            if not lenient:
                raise
            self._flaw = error.detail

    def __call__(self, payload: bytes) -> Mapped:
        """Map a payload; a member of the result that fails is left out, and so is one that is null.

        DecodeError when it is not JSON, or the mapping fails, yields nothing or costs too much.
        """
        if self._flaw:
            raise DecodeError("mapping_failed", Sentence("refusal.mapping.flaw", flaw=self._flaw), "")
        message, private = _public(parse(payload, MAX_PARTS))
        run = Interpreter(self._form)
        try:
            found = run.visit(self._tree, message)
            if found is False:
                return Mapped(None, private, BUDGET - run.left)
            valued = isinstance(found, dict) and "values" in found
            found = run.tidy(found, event=self._form == "event")
            encoded = msgspec.json.encode(found)
        except (TooCostly, TooLarge):
            raise DecodeError("mapping_too_costly", Sentence("refusal.mapping.costly"), "") from None
        except (*ERRORS, RecursionError) as error:
            sentence = Sentence("refusal.mapping.fails", error=told_of(error))
            raise DecodeError("mapping_failed", sentence, "") from None
        failed = tuple(run.failed)
        if not isinstance(found, dict | list | None):
            raise DecodeError("mapping_failed", Sentence("refusal.mapping.no_object"), "")
        if found and not (valued and "values" not in found):
            return Mapped(encoded, private, BUDGET - run.left, failed)
        if failed:
            raise DecodeError("mapping_failed", failed[0], "")
        if holds_null(message):
            return Mapped(None, private, BUDGET - run.left, measured=False)
        raise DecodeError("mapping_empty", Sentence("refusal.mapping.nothing", held=_held(message)), "")


def compiled(mapping: Mapping[str, str]) -> dict[str, Transform]:
    """Compile a stored profile's mappings by form; an invalid one rejects each message with its error."""
    return {form: Transform(expression, form, lenient=True) for form, expression in mapping.items()}


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
        raise DecodeError(error.reason, Sentence("refusal.mapping.after", detail=error.detail)) from None
    decoded.faults = [fault._replace(at=None) for fault in decoded.faults]
    for sentence in mapped.failed:
        decoded.leave_out(DecodeError("mapping_failed", sentence))
    decoded.private += mapped.private
    return decoded, mapped.cost


def _public(message: object) -> tuple[object, int]:
    """Drop private fields before mapping, because their names are lost afterwards."""
    if len(names_in(message)) > MAX_NAMES:
        raise DecodeError("too_many_values", Sentence("refusal.mapping.names", most=MAX_NAMES), "")
    try:
        return without_private(message, texts=False)  # it may name devices; what is made of it passes the gate
    except RecursionError:
        raise DecodeError("too_deep", Sentence("refusal.mapping.depth"), "") from None


def _held(message: object) -> Sentence:
    if not isinstance(message, dict):
        return Sentence("refusal.mapping.list")
    names = ", ".join([str(name)[:40] for name in message][:12])
    return Sentence("refusal.mapping.holds", names=names) if names else Sentence("refusal.mapping.holds_nothing")


def _parsed(expression: str) -> Any:
    if len(expression) > MAX_EXPRESSION:
        most, length = f"{MAX_EXPRESSION:,}", f"{len(expression):,}"
        raise MappingError(Sentence("refusal.mapping.long", most=most, length=length))
    try:
        tree = parser.Parser().parse(expression).parsed
    except jmes.EmptyExpressionError:
        raise MappingError(Sentence("refusal.mapping.empty")) from None
    except jmes.LexerError as error:
        problem = Sentence("refusal.mapping.error", error=str(error.message))
        raise MappingError(_at(expression, error.lex_position, problem)) from None
    except jmes.IncompleteExpressionError:
        raise MappingError(_at(expression, len(expression), Sentence("refusal.mapping.early"))) from None
    except jmes.ParseError as error:
        problem = Sentence("refusal.mapping.token", token=repr(str(error.token_value)))
        raise MappingError(_at(expression, error.lex_position, problem)) from None
    except (RecursionError, ValueError) as error:
        raise MappingError(Sentence("refusal.mapping.unreadable", error=str(error)[:200])) from None
    _check(tree, expression)
    return tree


def _at(expression: str, position: int, problem: Sentence) -> Sentence:
    shown = expression[max(0, position - 20) : position] + "⟶" + expression[position : position + 20]
    return Sentence("refusal.mapping.at", number=position + 1, shown=shown.strip(), problem=problem)


def _check(tree: Any, expression: str) -> None:
    """Raise MappingError when the expression is too large or calls an unknown function."""
    waiting, count = [(tree, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict):
            continue
        count += 1
        if count > MAX_NODES or depth > MAX_NESTING:
            raise MappingError(Sentence("refusal.mapping.large"))
        if node["type"] == "function_expression":
            _check_call(str(node["value"]), len(node["children"]), expression)
        waiting += [(child, depth + 1) for child in node["children"]]


def _check_call(name: str, given: int, expression: str) -> None:
    position = max(expression.find(name), 0)
    if name not in SIGNATURES:
        near = nearest(name, dict.fromkeys(SIGNATURES, ""))
        known = Sentence("refusal.mapping.functions", names=", ".join(sorted(SIGNATURES)))
        if near:
            known = Sentence("refusal.near", near=" / ".join(near))
        raise MappingError(_at(expression, position, Sentence("refusal.mapping.function", name=name, known=known)))
    least, most = SIGNATURES[name]
    if not least <= given <= most:
        counts = {"name": name, "given": given, "wanted": least}
        problem = Sentence("refusal.mapping.arguments", **counts)
        if least != most:
            problem = Sentence("refusal.mapping.arguments_more", **counts)
        raise MappingError(_at(expression, position, problem))

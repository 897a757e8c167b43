"""Evaluates a mapping expression within a budget, and part by part: what fails or is missing leaves the rest.

Values are shared, never copied: one may be far larger written out than in memory, so whatever walks through one pays
for the walk.
"""

from collections.abc import Iterable
from typing import Any

from jmespath import exceptions as jmes
from jmespath.visitor import Options, TreeInterpreter

from devices.codecs.event_names import tells_state
from devices.codecs.jsontext import NotFinite
from devices.codecs.mapping_functions import Functions
from hub.words.sentence import Sentence

BUDGET = 20_000
"""What the mapping of one payload may cost, in fifths of a microsecond: about 4 ms."""
ERRORS = (jmes.JMESPathError, ArithmeticError, TypeError, ValueError)
"""What a part of an expression may raise."""
_STEP, _WALK, _CALL = 4, 1, 12
_DEEPEST = 16
_MAX_LEFT = 16
"""Failures that are kept."""
_HOLDERS = frozenset({"values", "attributes"})
"""Members whose members are the device's own."""
_WHOLE = {
    "telemetry": frozenset({"ts", "device", "values"}),
    "event": frozenset({"ts", "device", "kind", "id", "state", "level"}),
}
"""Members without which a payload would say something else: what fails there fails as a whole."""


class TooCostly(Exception):
    """The cost budget is exhausted"""


class Interpreter(TreeInterpreter):
    """One evaluation: counts its cost, and keeps which members of the result failed."""

    def __init__(self, form: str) -> None:
        super().__init__(_OPTIONS)
        self.left = BUDGET
        self.failed: list[Sentence] = []
        """Why members of the result are left out. What is null in the message is only missing."""
        self._whole = _WHOLE.get(form, frozenset())
        self._aligned = False

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self.left -= _STEP
        if self.left < 0:
            raise TooCostly
        return super().visit(node, *args, **kwargs)

    def visit_multi_select_dict(self, node: Any, value: Any) -> Any:
        if value is None:
            return None
        found, whole = {}, self._whole
        for child in node["children"]:
            name = child["value"]
            if name in _HOLDERS:
                self._whole = frozenset()
            try:
                found[name] = self.visit(child, value)
            except ERRORS as error:
                if name in whole:
                    raise
                self._leave_out(name, error)
            finally:
                self._whole = whole
        return found

    def visit_projection(self, node: Any, value: Any) -> Any:
        return self._project(node, value)

    def visit_filter_projection(self, node: Any, value: Any) -> Any:
        return self._project(node, value, node["children"][2])

    def _project(self, node: Any, value: Any, condition: Any = None) -> list[Any] | None:
        """The elements' results without nulls, which stay where they have to stand beside another list."""
        base, wanted, aligned = self.visit(node["children"][0], value), node["children"][1], self._aligned
        if not isinstance(base, list):
            return None
        apart = aligned or wanted["type"] == "multi_select_dict"
        found = []
        for element in base:
            if condition is not None and _is_false(self.visit(condition, element)):
                continue
            try:
                result = self.visit(wanted, element)
            except ERRORS as error:
                if not apart:
                    raise
                self._leave_out("[]", error)
                result = None
            if result is not None or aligned:
                found.append(result)
        return found

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
        aligned, self._aligned = self._aligned, node["value"] == "object"
        try:
            given = [self.visit(child, value) for child in node["children"]]
        finally:
            self._aligned = aligned
        for each in given:
            self.walk(each)
        found = _FUNCTIONS.call_function(node["value"], given)
        self.pay(_CALL + (len(found) // 64 if isinstance(found, str) else 0))
        return found

    def pay(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise TooCostly

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

    def tidy(self, value: Any, deep: int = _DEEPEST, *, event: bool = False) -> Any:
        """Copy without null members (values the message lacks); null when nothing is left.

        Of events the state stays, for without it they would be others; their codec refuses null.
        What is no finite number becomes text, which a codec refuses by itself.
        """
        self.pay(_STEP)
        if not isinstance(value, dict | list):
            return str(value) if type(value) is NotFinite else value
        if deep == 0:
            raise ValueError(Sentence("refusal.mapping.result_depth"))
        if isinstance(value, list):
            return [kept for part in value if (kept := self.tidy(part, deep - 1, event=event)) is not None]
        found, something = {}, False
        for name, part in value.items():
            kept = self.tidy(part, deep - 1)
            something |= kept is not None
            if kept is not None or (event and tells_state(str(name))):
                found[str(name)] = kept
        return found if something else None

    def _leave_out(self, name: str, error: Exception) -> None:
        missing = isinstance(error, jmes.JMESPathTypeError) and error.actual_type == "null"
        if not missing and len(self.failed) < _MAX_LEFT:
            self.failed.append(Sentence("refusal.mapping.member", name=repr(name), error=told_of(error)))


_FUNCTIONS = Functions()
_OPTIONS = Options(custom_functions=_FUNCTIONS)


def _is_false(value: object) -> bool:
    return value is None or value is False or value in ("", [], {})


def _literal(value: Any) -> dict[str, Any]:
    return {"type": "literal", "value": value, "children": []}


def holds_null(message: object) -> bool:
    """Whether a JSON value holds a null anywhere."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part is None:
            return True
        inner: Iterable[Any] = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        waiting += inner
    return False


def told_of(error: Exception) -> Sentence:
    """An error of an expression as a sentence."""
    if error.args and isinstance(error.args[0], Sentence):  # of a function of this hub
        return error.args[0]
    if isinstance(error, jmes.JMESPathTypeError):
        wanted, given = " / ".join(error.expected_types), str(error.actual_type)
        return Sentence("refusal.mapping.type", function=str(error.function_name), wanted=wanted, given=given)
    return Sentence("refusal.mapping.error", error=str(error).partition("\n")[0][:200])

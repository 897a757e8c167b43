import json
import time
from contextlib import suppress
from datetime import UTC
from typing import Any

import pytest

from devices.codecs.decoded import Decoded
from devices.codecs.mapping import MAX_NAMES, MappingError, Transform, decode_mapped
from devices.codecs.protocols import CODECS
from hub.errors import DecodeError
from hub.models import GANZHI
from tests.support.chinese import check_chinese

LIMIT_S = 0.020
"""Twice the 10 ms that hold on a machine with nothing else to do: tests run beside each other."""
"""What one message may cost at the most."""


def mapped(expression: str, message: Any) -> Any:
    found = Transform(expression)(json.dumps(message).encode())
    return None if found.payload is None else json.loads(found.payload)


@pytest.mark.parametrize(
    ("expression", "message", "expected"),
    [
        ("{values: {t: data.temp}}", {"data": {"temp": 5}}, {"values": {"t": 5}}),
        ("{values: {t: temp, h: hum}}", {"temp": 5}, {"values": {"t": 5}}),
        (
            "{ts: multiply(s, `1000`), values: {t: add(k, `-273`)}}",
            {"s": 9, "k": 300},
            {"ts": 9000, "values": {"t": 27}},
        ),
        ("{values: object(p[].n, p[].v)}", {"p": [{"n": "a", "v": 1}]}, {"values": {"a": 1}}),
        ("{ts: replace(at, '/', '-'), values: {v: v}}", {"at": "2026/5", "v": 1}, {"ts": "2026-5", "values": {"v": 1}}),
        ("{values: {v: to_number(split(line, ',')[1])}}", {"line": "x,7"}, {"values": {"v": 7}}),
        ("list[].{ts: t, values: {v: v}}", {"list": [{"t": 1, "v": 2}]}, [{"ts": 1, "values": {"v": 2}}]),
        ("{values: {on: state == 'ON'}}", {"state": "ON"}, {"values": {"on": True}}),
        ("kind == 'data' && {values: {v: v}}", {"kind": "heartbeat", "v": 1}, None),
    ],
)
def test_foreign_json_becomes_a_payload_of_the_contract(expression: str, message: Any, expected: Any) -> None:
    assert mapped(expression, message) == expected


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("", "is empty"),
        ("{values: {a: b}", "at character 16 "),
        ("data[", "at character 6 "),
        ("a b", "at character 3 (a ⟶b): 'b' cannot stand there"),
        ("{a: 'x}", "at character 5 "),
        ("a.lenght(b)", "there is no function lenght(); did you mean length"),
        ("length(a, b)", "length() is given 2 arguments, it takes 1"),
        ("(" * 3_000, "cannot be read"),
        ("@" + " | @" * 100, "too large or nested too deeply"),
        ("a" * 5_000, "at most 4,000 characters"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_place(expression: str, told: str) -> None:
    with pytest.raises(MappingError, match="The mapping cannot be used") as refusal:
        Transform(expression)
    assert told in refusal.value.detail
    check_chinese(refusal.value.detail)


@pytest.mark.parametrize(
    ("expression", "message", "reason", "told"),
    [
        ("{values: {t: temp}}", {"t": 5, "licensePlate": "x"}, "mapping_empty", "it has: t"),
        ("{ts: a, values: {t: temp}}", {"a": 5}, "mapping_empty", "it has: a"),
        ("{values: {t: temp}}", {}, "mapping_empty", "it has: nothing"),
        ("{values: {t: temp}}", [1], "mapping_empty", "it is a list"),
        ("{v: replace(a, '', 'x')}", {"a": "x"}, "mapping_failed", "an empty text to look for"),
        ("a", {"a": 5}, "mapping_failed", "gives no object"),
        ("{v: multiply(a, `2`)}", {"a": "x"}, "mapping_failed", "multiply() takes number, and the message has string"),
        ("{v: add(a, a)}", {"a": 10**400}, "mapping_failed", "too large"),
        ("{v: object(n, v)}", {"n": ["a"], "v": []}, "mapping_failed", "1 names and 0 values"),
        ("a", {f"n{number}": 1 for number in range(MAX_NAMES + 1)}, "too_many_values", "different names"),
    ],
)
def test_a_mapping_that_fails_says_why(expression: str, message: Any, reason: str, told: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        mapped(expression, message)
    assert refusal.value.reason == reason
    assert told in refusal.value.detail
    assert "licensePlate" not in refusal.value.detail
    check_chinese(refusal.value.detail)


def decoded_by(expression: str, message: bytes, form: str = "telemetry") -> Decoded:
    return decode_mapped(Transform(expression, form), CODECS[GANZHI, form], message, 0, UTC)[0]


@pytest.mark.parametrize(
    ("expression", "message", "values", "faults"),
    [
        ("{values: {a: multiply(x, `10`), b: y}}", b'{"y": 2}', {"b": 2}, []),
        ("{values: {a: multiply(x, `10`), b: y}}", b'{"x": null, "y": 2}', {"b": 2}, []),
        ("{a: multiply(add(x, `1`), `10`), b: y}", b'{"x": null, "y": 2}', {"b": 2}, []),
        ("{values: {level: multiply(x, `10`), b: y}}", b'{"x": "n/a", "y": 2}', {"b": 2}, ["mapping_failed"]),
        ("{values: {a: x, b: y}}", b'{"x": nan, "y": 2}', {"b": 2}, ["value_not_a_number"]),
        ("{values: {a: multiply(x, `2`), b: y}}", b'{"x": -inf, "y": 2}', {"b": 2}, ["mapping_failed"]),
        ("{values: object(p[].n, p[].v)}", b'{"p": [{"n": "a"}, {"n": "b", "v": 2}]}', {"b": 2}, []),
        ("{values: object(p[].n, p[].v)}", b'{"p": [{"n": "a", "v": null}, {"v": 3}, {"n": "b", "v": 2}]}',
         {"b": 2}, []),
        (
            "{values: object(p[?ok].n, p[?ok].multiply(v, `2`))}",
            b'{"p": [{"n": "a", "ok": true}, {"n": "c", "v": 7}, {"n": "b", "v": 1, "ok": true}]}',
            {"b": 2},
            [],
        ),
        (
            "{values: object(p[].n, p[].multiply(v, `2`))}",
            b'{"p": [{"n": "a", "v": "x"}, {"n": "b", "v": 1}]}',
            {"b": 2},
            ["mapping_failed"],
        ),
        (
            "l[].{ts: multiply(t, `1000`), values: {b: v}}",
            b'{"l": [{"t": "x", "v": 1}, {"t": 1e9, "v": 2}]}',
            {"b": 2},
            ["mapping_failed"],
        ),
        ("{values: {a: x}}", b'{"x": null}', {}, []),
        ("{values: {a: multiply(x, `2`)}}", b'{"x": null}', {}, []),
    ],
)  # fmt: skip
def test_a_value_that_fails_or_is_missing_leaves_the_others(
    expression: str, message: bytes, values: dict[str, float], faults: list[str]
) -> None:
    decoded = decoded_by(expression, message)
    assert dict(zip(decoded.metrics, decoded.values, strict=True)) == values
    assert [fault.reason for fault in decoded.faults] == faults
    for fault in decoded.faults:
        check_chinese(fault.detail)


@pytest.mark.parametrize(
    ("form", "expression", "message"),
    [
        ("telemetry", "{ts: multiply(t, `1000`), values: {a: v}}", b'{"t": "x", "v": 1}'),
        ("telemetry", "{ts: t, values: {a: v}}", b'{"t": nan, "v": 1}'),
        ("event", "{kind: k, state: replace(s, 'a', 'b')}", b'{"k": "smoke", "s": 1}'),
        ("event", "{kind: k, state: replace(s, 'a', 'b')}", b'{"k": "smoke"}'),
        ("event", "{kind: k, level: to_string(l)}", b'{"k": "offline", "l": 9}'),
    ],
)
def test_what_a_payload_would_not_be_the_same_without_refuses_it(form: str, expression: str, message: bytes) -> None:
    with pytest.raises(DecodeError):
        decoded_by(expression, message, form)


def test_attributes_that_fail_leave_the_event() -> None:
    (event,) = decoded_by(
        "{kind: k, attributes: {a: multiply(x, `2`), b: y}}", b'{"k": "smoke", "x": "z", "y": 1}', "event"
    ).events
    assert event.attributes == {"b": 1}


def test_the_privacy_gate_stands_before_the_mapping() -> None:
    message = json.dumps({"car": {"licensePlate": "A12345", "speed": 5}}).encode()
    found = Transform("{attributes: {room: car.licensePlate, speed: car.speed}}")(message)
    assert (found.payload, found.private) == (b'{"attributes":{"speed":5}}', 1)
    decoded, _ = decode_mapped(
        Transform("{values: {faceId: x, v: v}}"), CODECS[GANZHI, "telemetry"], b'{"x": 1, "v": 2}', 0, UTC
    )
    assert (decoded.metrics, decoded.private) == (["v"], 1)


BIG = {"r": [{"id": number, "v": number * 1.5, "s": "x" * 10} for number in range(900)]}
HOSTILE = [
    ("[@,@][]" + " | [@,@][]" * 25, [1, 2, 3]),
    ("to_string(@" + " | [@,@]" * 28 + ")", [1]),
    ("@" + " | [@,@]" * 28, {"a": 1}),
    ("[@" + " | [@,@]" * 28 + ", @" + " | [@,@]" * 28 + "] | [0]==[1]", {"a": 1}),
    ("join(a, b)", {"a": "x" * 60_000, "b": ["y"] * 3_000}),
    ("replace(a, 'x', a)", {"a": "x" * 200_000}),
    ("split(a, 'x')", {"a": "x" * 500_000}),
    ("r[*].s" + " | join('', @) | [@,@,@,@,@,@,@,@]" * 8, BIG),
    ("r[*].{a: v, b: id, c: s, d: @}", BIG),
    ("r[?contains(s, 'x')].v", BIG),
    ("map(&to_string(@), r)", BIG),
    ("sort_by(r, &v)[*].{v: v}", BIG),
    ("[" + ",".join("@" * 900) + "][]", [1] * 3_000),
    ("[" + ",".join("@" * 900) + "] | [@,@,@,@] | [] | [] | to_string(@)", [1] * 3_900),
    ("[multiply(@[0], @[0])" + " | multiply(@, @)" * 40 + "]", [10**3_000]),
    ("sum(@)", [10**18] * 3_900),
    ("*.*.*.*.*.*.*.*", {"a": {"a": {"a": {"a": 1}}}}),
    ("a", {f"plateNumberX{number}y": 1 for number in range(MAX_NAMES)}),
    ("a", {"a": "\u0001" * 80_000}),
]


@pytest.mark.timed
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_message_and_no_expression_costs_more_than_10_ms(number: int) -> None:
    expression, message = HOSTILE[number]
    transform, payload = Transform(expression), json.dumps(message).encode()
    took = []
    for _ in range(5):  # the best of some: the machine has other things to do too
        began = time.thread_time()
        with suppress(DecodeError):
            assert len(transform(payload).payload or b"") < 2_000_000
        took.append(time.thread_time() - began)
    assert min(took) < LIMIT_S


def test_a_stored_expression_that_is_wrong_refuses_each_message() -> None:
    with pytest.raises(DecodeError, match=r"cannot be used: at character 5"):
        Transform("foo(", lenient=True)(b"{}")

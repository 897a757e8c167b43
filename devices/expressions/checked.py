"""Reads an expression that CEL has checked: `CheckedExpr` of cel/expr/checked.proto, as the library serialises it.

Only the nodes that the language has (docs/adr/0031) are read; others are `Other`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import unpack

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(slots=True, frozen=True)
class Constant:
    """A number, true or false, or a text."""

    at: int
    value: float | bool | str


@dataclass(slots=True, frozen=True)
class Name:
    """A name by itself."""

    at: int
    name: str


@dataclass(slots=True, frozen=True)
class Select:
    """OPERAND.FIELD, or has(OPERAND.FIELD)."""

    at: int
    operand: "Node"
    field: str
    test: bool


@dataclass(slots=True, frozen=True)
class Call:
    """A function, or an operator by the name that CEL gives it (_+_)."""

    at: int
    function: str
    arguments: tuple["Node", ...]


@dataclass(slots=True, frozen=True)
class Other:
    """What the language has not: a list, a map, a macro, a method."""

    at: int


Node = Constant | Name | Select | Call | Other
Fields = list[tuple[int, int | bytes]]


def read_checked(serialized: bytes) -> Node:
    """The tree, each node with the offset of its character. ValueError when these are not the bytes of one."""
    ((_, checked),) = (field for field in _fields(serialized) if field[0] == 2)  # of google.protobuf.Any
    parts = dict(_fields(_message(checked)))
    source = _fields(_message(parts.get(5, b"")))
    places = {}
    for number, entry in source:
        if number == 4:
            pair = dict(_fields(_message(entry)))
            places[pair.get(1, 0)] = pair.get(2, 0)
    return _node(_fields(_message(parts.get(4, b""))), places)


def _node(fields: Fields, places: dict[int | bytes, int | bytes]) -> Node:
    given = dict(fields)
    place = places.get(given.get(2, 0), 0)
    at = place if isinstance(place, int) else 0
    for number, read in ((3, _constant), (4, _name)):
        if number in given:
            return read(at, _fields(_message(given[number])))
    if 5 in given:
        select = dict(_fields(_message(given[5])))
        operand = _node(_fields(_message(select.get(1, b""))), places)
        return Select(at, operand, _message(select.get(2, b"")).decode(), bool(select.get(3, 0)))
    if 6 in given:
        call = _fields(_message(given[6]))
        if any(number == 1 for number, _ in call):
            return Other(at)
        function = _message(dict(call)[2]).decode()
        arguments = [_node(_fields(_message(value)), places) for number, value in call if number == 3]
        return Call(at, function, tuple(arguments))
    return Other(at)


def _constant(at: int, fields: Fields) -> Node:
    for number, value in fields:
        if number == 2:
            return Constant(at, bool(value))
        if number == 5:
            return Constant(at, float(unpack("<d", _message(value))[0]))
        if number == 6:
            return Constant(at, _message(value).decode())
    return Other(at)


def _name(at: int, fields: Fields) -> Node:
    return Name(at, _message(dict(fields).get(1, b"")).decode())


def _message(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number where a message was expected")
    return value


def _fields(data: bytes) -> Fields:
    return list(_walk(data))


def _walk(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of the kind {kind}")
        if at + size > len(data):
            raise ValueError("cut off")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("cut off")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at

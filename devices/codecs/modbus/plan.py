"""Which requests read the registers of a map: neighbours of one interval in one request. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from devices.codecs.modbus.registers import COILS, Register
from devices.codecs.modbus.requests import MAX_COILS, MAX_REGISTERS


class Block(NamedTuple):
    """What one request reads."""

    function: int
    address: int
    size: int
    every_s: float
    registers: tuple[Register, ...]


def plan(registers: Iterable[Register], every_s: Mapping[str, float], gap: int = 0) -> tuple[Block, ...]:
    """The fewest blocks of neighbours that read all registers; `every_s` is the interval of each metric.

    Registers up to `gap` apart are neighbours, too: what lies between them is read, and dropped.
    """
    groups: dict[tuple[float, int], list[Register]] = {}
    for register in registers:
        groups.setdefault((every_s[register.metric], register.function), []).append(register)
    blocks = []
    for (seconds, function), group in sorted(groups.items(), key=lambda each: each[0]):
        most = MAX_COILS if function in COILS else MAX_REGISTERS
        blocks += [Block(function, begin, end - begin, seconds, some) for begin, end, some in _runs(group, gap, most)]
    return tuple(blocks)


def _runs(group: list[Register], gap: int, most: int) -> Iterable[tuple[int, int, tuple[Register, ...]]]:
    """Begin, end and registers of each run of neighbours that is not too long."""
    begin, end, run = 0, 0, list[Register]()
    for register in sorted(group, key=lambda each: each.span):
        first, last = register.span
        if run and (first > end + gap or max(end, last) - begin > most):
            yield begin, end, tuple(run)
            run = []
        if not run:
            begin, end = first, last
        end = max(end, last)
        run.append(register)
    if run:
        yield begin, end, tuple(run)

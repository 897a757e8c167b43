"""The register map of a profile as tables: where each value is, and which requests read them."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from app.cli.client import out
from devices.codecs.modbus.polling import polling_of
from devices.codecs.modbus.requests import read, read_meter

_STYLE = {1: 1, 2: 10_001, 3: 40_001, 4: 30_001}
"""By function: the first address in the style of 40001."""


def tell_registers(profile: Mapping[str, Any], slave: int) -> None:
    """Print the map of a profile, as the API tells it."""
    polling = polling_of(profile["polling"], profile["metrics"], profile["interval_s"])
    if polling is None:
        return
    if polling.framing == "cjt188":
        out.print(f"CJ/T 188, every {polling.every_s:g} s; meter 00000000000001 is asked:")
        out.print(f"  {_hex(read_meter('00000000000001').octets)}")
        return
    table = Table("metric", "function", "address", "like 40001", "type", "order", "scale", "unit", box=SIMPLE_HEAD)
    for each in sorted(polling.registers, key=lambda register: (register.function, register.at)):
        kind = each.type if each.bit is None else f"bit {each.bit}"
        shown = (each.metric, each.function, each.at, each.at + _STYLE[each.function], kind, each.order)
        unit = ", ".join(each.units.values()) or each.unit or ""
        table.add_row(*map(str, shown), f"{each.scale:g}", unit)
    out.print(table)
    out.print(f"{polling.framing}, slave {slave}:")
    for block in polling.blocks:
        octets = read(polling.framing, slave, block.function, block.address, block.size, transaction=1).octets
        last = block.address + block.size - 1
        out.print(f"  every {block.every_s:g} s  {block.address}-{last}  {_hex(octets)}")
    for name, write in polling.writes.items():
        value = f"parameter {write.param}" if write.param is not None else f"{write.value:g}"
        out.print(f"  {name}: function {write.function} writes {value} to {write.address}")


def _hex(octets: bytes) -> str:
    return octets.hex(" ").upper()

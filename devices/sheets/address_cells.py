"""Addresses of a device in a cell: hj212=010000A8900016F000169DC0; imei=860000000000041. Pure."""

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches

from devices.schemes import MOST, SCHEMES, normal
from devices.sheets.damage import Wrong
from devices.sheets.mistakes import short
from hub.errors import DecodeError

NONE = "-"
"""A cell that takes all addresses from a device; an empty one leaves them, so that no device falls silent by it."""
_RIGHT = "write scheme=address; scheme=address, like imei=860000000000041"


def read_addresses(cell: str, scheme: str = "") -> list[str] | Wrong:
    """Addresses as they are stored, each scheme=address, in order and once; the first mistake.

    `scheme` is that of those that name none, of a column that is headed by it.
    """
    if cell == NONE:
        return []
    found = set[str]()
    for told in _json(cell) if cell.startswith("[") else re.split(r"[;；\n]", cell):
        if told.strip():
            one = _address(told.strip(), scheme)
            if isinstance(one, Wrong):
                return one
            found.add(one)
    if not found:
        return Wrong(f"'{short(cell)}' holds no address", _RIGHT)
    if len(found) > MOST:
        return Wrong(f"{len(found)} addresses", f"a device has at most {MOST}")
    return sorted(found)


def written_addresses(addresses: Iterable[str]) -> str:
    """The cell that reads back as these; empty for none."""
    listed = list(addresses)
    if any(";" in address for address in listed):
        return json.dumps(listed, ensure_ascii=False)
    return "; ".join(listed)


def _json(cell: str) -> list[str]:
    """The strings of a JSON array; of what is none, the cell itself."""
    try:
        listed = json.loads(cell)
    except (ValueError, RecursionError):
        return [cell]
    return listed if isinstance(listed, list) and all(isinstance(each, str) for each in listed) else [cell]


def _address(told: str, of_column: str) -> str | Wrong:
    scheme, equals, address = (part.strip() for part in re.sub("＝", "=", told, count=1).partition("="))
    if not equals and of_column:
        scheme, address = of_column, told
    elif not equals:
        return Wrong(f"'{short(told)}' names no scheme", _RIGHT)
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        near = get_close_matches(scheme, SCHEMES, n=1, cutoff=0.6)
        right = f"did you mean {near[0]}?" if near else f"schemes are {', '.join(SCHEMES)}"
        return Wrong(f"there is no scheme '{short(scheme)}' of addresses", right)
    try:
        return f"{scheme}={normal(scheme, address)}"
    except DecodeError as error:
        return Wrong(str(error.detail), "write it as it is on the device or in its platform")

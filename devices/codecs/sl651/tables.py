"""What elements and states of SL 651 are: data in codes.json, with its tables."""

from functools import cache

from devices.codecs.code_table import Meant, Measured, shipped

KNOWN = 1 << 7 | 1 << 9 | 1 << 10
"""Bits of a state that tell of no trouble: the door of the box, the card, the pump."""


@cache
def elements() -> dict[int, Measured]:
    """By identifier."""
    return {int(code, 16): each for code, each in shipped(__package__).metrics.items()}


@cache
def states() -> dict[int, Meant]:
    """By bit of a station's state what is wrong."""
    return {int(code.partition(".")[2]): each for code, each in shipped(__package__).states.items()}

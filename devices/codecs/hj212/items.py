"""The items of a segment's data: what `w01018-Avg` is in a message of a kind. Pure."""

from enum import Enum
from typing import NamedTuple

from devices.codecs.decoded import Coded
from devices.codecs.hj212.codes import codes
from devices.codecs.metric import Verdict, judge

PERIODS = {"2011": "", "2021": "", "2031": "_day", "2041": "_day", "2051": "_minute", "2061": "_hour"}
"""Uploads that hold readings, by command; what their metrics' names get."""
_STATISTICS = {
    "Rtd": "",
    "Avg": "_avg",
    "Min": "_min",
    "Max": "_max",
    "Cou": "_total",
    "RS": "_state",
    "RT": "_running",
}
_CAPITALS = {each.lower(): each for each in (*_STATISTICS, "Flag", "SampleTime", "DataTime")}
_CONVERTED = "Zs"
"""Begins what was converted to the standard's content of oxygen."""
_REMEMBERED = 20_000
"""Items; protects memory from a peer that invents codes."""


class Kind(Enum):
    """What an item tells."""

    VALUE = 1
    TIME = 2
    """Of the whole message."""
    SAMPLED = 3
    """The time of its code alone."""
    FLAG = 4
    UNUSED = 5
    PRIVATE = 6


class Item(NamedTuple):
    """What an item's name means."""

    kind: Kind
    code: str = ""
    """What the time or the flag is of; of a flag that names none, whatever stands with it between two semicolons."""
    metric: str = ""
    unit: str | None = None
    coded: Coded | None = None
    """Where no table knows the code."""


_UNUSED, _PRIVATE, _TIME = Item(Kind.UNUSED), Item(Kind.PRIVATE), Item(Kind.TIME)


class Items(dict[bytes, Item]):
    """By name, in messages of one command."""

    def __init__(self, period: str) -> None:
        super().__init__()
        self._period = period

    def __missing__(self, name: bytes) -> Item:
        if len(self) >= _REMEMBERED:
            self.clear()
        found = self[name] = self._found(name.decode("latin-1").strip())
        return found

    def _found(self, name: str) -> Item:
        code, told = _as_written(name)
        if judge(name) is Verdict.PRIVATE or judge(code) is Verdict.PRIVATE:
            return _PRIVATE
        if not code and told == "DataTime":
            return _TIME
        if told == "Flag" or (told == "SampleTime" and code):
            return Item(Kind.FLAG if told == "Flag" else Kind.SAMPLED, code)
        statistic = _STATISTICS.get(told.removeprefix(_CONVERTED))
        if statistic is None or not code:
            return _UNUSED
        known = codes().get(code)
        converted = "_converted" if told.startswith(_CONVERTED) else ""
        tail = f"{converted}{self._period}{statistic}"
        metric = (known.metric if known else code) + tail
        if judge(metric) is not Verdict.GOOD:
            return _UNUSED
        total = statistic == "_total"  # an amount, whose unit is another one
        coded = Coded(code, tail) if known is None else None
        return Item(Kind.VALUE, code, metric, known.unit if known and not total else None, coded)


def _as_written(name: str) -> tuple[str, str]:
    """Code and what is told of it, as the standard writes them: stations do so in other capitals, too."""
    code, _, told = name.rpartition("-")
    converted = len(told) > len(_CONVERTED) and told[: len(_CONVERTED)].lower() == _CONVERTED.lower()
    plain = told[len(_CONVERTED) :] if converted else told
    told = (_CONVERTED if converted else "") + _CAPITALS.get(plain.lower(), plain)
    return next((each for each in (code, code.lower(), code.upper()) if each in codes()), code), told


ITEMS = {command: Items(period) for command, period in PERIODS.items()}
"""By command."""

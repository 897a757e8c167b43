"""Column layout: long (device, metric, ts, value), wide (one column per metric), or ts and value."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import HistoryRefused

TIME_NAMES = ("ts", "timestamp", "time", "datetime", "date_time")


@dataclass(slots=True, frozen=True)
class Naming:
    """Column options of an import."""

    device: str | None = None
    """The one device that all rows are of."""
    metric: str | None = None
    device_column: str | None = None
    metric_column: str | None = None
    time_column: str | None = None
    value_column: str | None = None
    ignore: tuple[str, ...] = ()

    def knows(self, name: str) -> bool:
        """Whether a column of this name has a role of its own."""
        given = (self.device_column, self.metric_column, self.time_column, self.value_column, *self.ignore)
        return name in given or name.lower() in (*TIME_NAMES, "device", "metric", "value")


@dataclass(slots=True, frozen=True)
class Layout:
    """Role of each column; a device or metric without a column is constant for all rows."""

    time: str
    device_column: str | None
    device: str | None
    metric_column: str | None
    metric: str | None
    values: tuple[str, ...]
    """One column, or in the wide form one for each metric, of its name."""

    @property
    def wide(self) -> bool:
        return self.metric_column is None and self.metric is None

    @property
    def columns(self) -> list[str]:
        """All columns in use."""
        named = (self.time, self.device_column, self.metric_column, *self.values)
        return [name for name in named if name is not None]


def lay_out(names: Sequence[str], naming: Naming) -> Layout:
    """Determine the layout from column names; HistoryRefused lists the columns when one is missing."""
    time = _find(names, naming.time_column, TIME_NAMES, "time", "--time-column")
    if time is None:
        raise HistoryRefused(f"no column for the time among {_told(names)}: name it with --time-column")
    device = None if naming.device else _find(names, naming.device_column, ("device",), "device", "--device-column")
    if device is None and not naming.device:
        raise HistoryRefused(f"no column 'device' among {_told(names)}: give --device-column, or --device for all rows")
    metric = None if naming.metric else _find(names, naming.metric_column, ("metric",), "metric", "--metric-column")
    value = _find(names, naming.value_column, ("value",), "value", "--value-column")
    if metric is not None or naming.metric:
        if value is None:
            raise HistoryRefused(f"no column 'value' among {_told(names)}: name it with --value-column")
        return Layout(time, device, naming.device, metric, naming.metric, (value,))
    if value is not None and {*names} <= {time, value, device}:
        raise HistoryRefused("nothing says of which metric the column 'value' is: give --metric, or --metric-column")
    rest = tuple(name for name in names if name not in (time, device, *naming.ignore))
    if not rest:
        raise HistoryRefused(f"no column of values among {_told(names)}")
    return Layout(time, device, naming.device, None, None, rest)


def _find(names: Sequence[str], given: str | None, usual: Sequence[str], what: str, option: str) -> str | None:
    """Find a column by option or by usual name, case-insensitively; None if absent."""
    if given is not None:
        if given not in names:
            raise HistoryRefused(f"{option} {given}: there is no such column among {_told(names)}")
        return given
    found = [name for name in names if name.lower() in usual]
    if len(found) > 1:
        raise HistoryRefused(f"the {what} may be in {_told(found)}: choose with {option}")
    return found[0] if found else None


def _told(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")

"""What can be watched: the devices and their series, as the store tells."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Device(NamedTuple):
    id: int
    code: str
    name: str
    profile_id: int


class Catalogue:
    """Devices by id, the device of each series, and the series of a profile's metric."""

    def __init__(self) -> None:
        self.devices: dict[int, Device] = {}
        self.device_of: dict[int, int] = {}
        self._metric: dict[int, str] = {}

    def merge(self, rows: Iterable[tuple[int, str, str, int, int | None, str | None]]) -> None:
        """Add or renew; rows are (device id, code, name, profile id, series id or None, metric or None)."""
        for device_id, code, name, profile_id, series_id, metric in rows:
            self.devices[device_id] = Device(device_id, code, name, profile_id)
            if series_id is not None and metric is not None:
                self.device_of[series_id] = device_id
                self._metric[series_id] = metric

    def series(self) -> dict[tuple[int, str], list[int]]:
        """The series ids of each (profile id, metric)."""
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for series_id, metric in self._metric.items():
            found[self.devices[self.device_of[series_id]].profile_id, metric].append(series_id)
        return found

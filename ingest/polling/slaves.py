"""The devices behind each DTU, and their addresses on its line: kept as the registry changes."""

from collections.abc import Iterable

from devices.registry.device import Device
from devices.registry.registry import Registry
from ingest.polling.line import Slave

MODBUS, METER = "modbus", "cjt188"
"""Schemes of addresses: `DTU/7` is slave 7 on the line of the device DTU, and a meter has its own number."""
_DIGITS = 14
"""Of a meter's number."""


class Slaves:
    """Who is polled, by the code of the DTU."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._generation = -1
        self._behind: dict[str, set[int]] = {}
        """Ids of devices with a map, by the DTU that they hang on, or that they are."""
        self._line_of: dict[int, str] = {}

    def refresh(self) -> set[str]:
        """Take over what has changed in the registry; returns the DTUs whose lines it may concern."""
        changed = self._registry.changed_since(self._generation) if self._generation >= 0 else None
        self._generation = self._registry.generation
        ids = [each.id for each in self._registry.devices.values()] if changed is None else changed.tolist()
        touched: set[str] = set()
        for id_ in ids:
            before = self._line_of.pop(id_, None)
            if before is not None:
                self._behind[before].discard(id_)
                touched.add(before)
            device = self._registry.device(id_)
            if device is None or not device.active or device.profile.polling is None:
                continue
            line = device.gateway or device.code
            self._line_of[id_] = line
            self._behind.setdefault(line, set()).add(id_)
            touched.add(line)
        return touched

    def of(self, code: str) -> list[Slave]:
        """The slaves of a DTU, each with its address on the line."""
        devices = [self._registry.device(id_) for id_ in sorted(self._behind.get(code, ()))]
        return list(self._slaves(code, [device for device in devices if device is not None]))

    def _slaves(self, code: str, devices: list[Device]) -> Iterable[Slave]:
        for device in devices:
            polling = device.profile.polling
            if polling is None:
                continue
            address = self._address(code, device, polling.framing, alone=len(devices) == 1)
            if address is not None:
                yield Slave(device.code, address, polling)

    def _address(self, line: str, device: Device, framing: str, *, alone: bool) -> str | None:
        """Its address on the line; who is alone there and has none told is slave 1. None: it cannot be asked."""
        told = self._registry.addresses_of(device)
        if framing == "cjt188":
            meters = [address for scheme, address in told if scheme == METER] or [device.code]
            return next((each for each in meters if len(each) == _DIGITS and each.isascii() and each.isdigit()), None)
        units = [address.rpartition("/") for scheme, address in told if scheme == MODBUS]
        if not units:
            return "1" if alone else None
        return next((unit for on, _, unit in units if on == line), None)

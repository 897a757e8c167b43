"""Devices by the addresses that protocols call them by, as a part of the registry."""

from collections.abc import Iterable
from sys import intern
from typing import Any

Key = tuple[str, str]
"""(scheme, address)."""


class AddressIndex:
    """Device ids by address. A device that changes is told with all addresses that it has then."""

    def __init__(self) -> None:
        self._owners: dict[Key, int] = {}
        self._keys: dict[int, list[Key]] = {}
        """By device id, of those that have any."""

    def __len__(self) -> int:
        return len(self._owners)

    def at(self, scheme: str, address: str) -> int | None:
        """Id of the device that has an address; None where there is none."""
        return self._owners.get((scheme, address))

    def of(self, device: int) -> list[Key]:
        """Addresses of a device, by its id."""
        return self._keys.get(device, [])

    def take(self, devices: Iterable[int], row: Any) -> None:
        """Replace the addresses of these devices by those of a row of `addresses` (registry.sql)."""
        if self._keys:
            for device in devices:  # all of them first: an address may go from one to another
                for key in self._keys.pop(device, ()):
                    if self._owners.get(key) == device:
                        del self._owners[key]
        if row is None or row[0] is None:
            return
        ids, schemes, addresses = row
        for device, scheme, address in zip(ids, schemes, addresses, strict=True):
            key = intern(scheme), address
            self._owners[key] = device
            self._keys.setdefault(device, []).append(key)

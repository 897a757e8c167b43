"""Messages that call their device by an address of the protocol: whose they are."""

from dataclasses import replace

from devices.addressing import MAX_ORIGINS
from devices.registry.device import Device
from devices.registry.registry import Registry
from devices.schemes import CHANNELLED, unknown_address
from hub.errors import DecodeError
from hub.models import GANZHI, HUB, Origin, Raw
from hub.words.sentence import Sentence

BY_CODE = (GANZHI, HUB)
"""Protocols that call devices by their codes."""
MAX_DEPTH = 8
"""Gateways above a device: a platform, another one, a recorder."""


class Addressed:
    """Finds the codes of addressed devices; an origin is looked up again each time, for addresses move."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._meant: dict[str, Origin] = {}
        """By the text of an origin with an address: the one with the device's code."""

    def by_code(self, raw: Raw) -> Raw:
        """The message with the code of the device that its address is of, and that of its gateway; as it is where
        nobody has the address."""
        origin = raw.origin
        device = self._registry.called(origin.protocol, origin.device)
        if device is None and origin.gateway is not None:
            device = self._registry.devices.get(origin.device)
        if device is None:
            return raw
        gateway = None if origin.gateway is None else self._gateway(origin, device)
        if origin.protocol in CHANNELLED and device.gateway == origin.device.partition("/")[0]:
            gateway = device.gateway  # its recorder has spoken for it
        meant = self._meant.get(origin.text)
        if meant is None or (meant.device, meant.gateway) != (device.code, gateway):
            if len(self._meant) >= MAX_ORIGINS:
                self._meant.clear()
            meant = self._meant[origin.text] = replace(origin, device=device.code, gateway=gateway)
        return raw._replace(origin=meant)

    def _gateway(self, origin: Origin, device: Device) -> str:
        """The direct gateway of a device for which that, or one further up, speaks; else whoever speaks for it."""
        told = origin.gateway or ""
        sender = self._registry.called(origin.protocol, told) or self._registry.devices.get(told)
        if sender is None:
            return origin.gateway or ""
        above, steps = device.gateway, 0
        while above is not None and steps < MAX_DEPTH:
            if above == sender.code:
                return device.gateway or ""
            parent = self._registry.devices.get(above)
            above, steps = None if parent is None else parent.gateway, steps + 1
        return sender.code


def unknown_device(origin: Origin) -> DecodeError:
    """Nobody is registered by the code, or the address, of an origin."""
    if origin.protocol in BY_CODE:
        sentence = Sentence("refusal.device.unknown", device=repr(origin.device), code=origin.device)
    else:
        sentence = unknown_address(origin.protocol, origin.device)
    return DecodeError("unknown_device", sentence)

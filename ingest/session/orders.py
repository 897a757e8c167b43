"""What stations can be told: a command of the hub as a frame of the protocol, and what its answer means. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from devices.codecs.gb26875 import order as gb26875
from devices.codecs.gb26875.frame import DENY
from devices.codecs.gb26875.frame import read as read_gb26875
from devices.codecs.sl651 import order as sl651
from hub.errors import TransientError
from hub.models import Micros, from_micros

BEIJING = ZoneInfo("Asia/Shanghai")
"""Of the clocks of stations."""
SET_CLOCK, DUTY_CHECK, READ_NOW, READ_MANUAL = "set_clock", "duty_check", "read_now", "read_manual"
"""Names of commands, as profiles list them."""


class OrderRefused(TransientError):
    """The command cannot be given to this station"""


class Order(NamedTuple):
    """A frame, and what an answer to it is known by (`Frame.answers`)."""

    octets: bytes
    key: str


class Orders(Protocol):
    """Commands of one protocol."""

    def order(
        self, name: str, params: Mapping[str, Any], station: str, password: str | None, serial: int, now: Micros
    ) -> Order:
        """The frame of a command; `serial` is from 1 to 65535. OrderRefused where there is none."""

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """What an answer says: {"result": JSON}, or {"error": text}."""


class FireOrders:
    """GB/T 26875.3: the clock (90), and whether somebody is on duty (91)."""

    def order(
        self, name: str, params: Mapping[str, Any], station: str, password: str | None, serial: int, now: Micros
    ) -> Order:
        """See Orders; the serial number comes back in the answer."""
        at = _clock(now)
        if name == SET_CLOCK:
            return Order(gb26875.clock(station, serial, at), str(serial))
        if name == DUTY_CHECK:
            minutes = params.get("minutes", 5)
            if not isinstance(minutes, int) or not 1 <= minutes <= 255:
                raise OrderRefused("minutes is a whole number from 1 to 255")
            return Order(gb26875.duty(station, serial, at, minutes), str(serial))
        raise _unknown("GB/T 26875.3", name, (SET_CLOCK, DUTY_CHECK))

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """Confirmed or denied."""
        if read_gb26875(octets).command == DENY:
            return {"error": "the device denied it"}
        return {"result": "confirmed"}


class WaterOrders:
    """SL 651: the clock (4A), and what is measured now (37) or was put in by hand (39)."""

    _FUNCTIONS: Mapping[str, int] = {
        SET_CLOCK: sl651.CLOCK,
        READ_NOW: sl651.REALTIME,
        READ_MANUAL: sl651.MANUAL,
    }

    def order(
        self, name: str, params: Mapping[str, Any], station: str, password: str | None, serial: int, now: Micros
    ) -> Order:
        """See Orders; a station answers by the function that it was asked by."""
        if name not in self._FUNCTIONS:
            raise _unknown("SL 651", name, tuple(self._FUNCTIONS))
        function = self._FUNCTIONS[name]
        octets = sl651.order(station, password or "0000", function, serial, _clock(now))
        return Order(octets, f"{function:02X}")

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """That it answered; what it measured is stored as what it reports itself."""
        return {"result": "answered"}


class NoOrders:
    """A protocol whose stations are told nothing."""

    def __init__(self, why: str) -> None:
        self._why = why

    def order(
        self, name: str, params: Mapping[str, Any], station: str, password: str | None, serial: int, now: Micros
    ) -> Order:
        """OrderRefused, always."""
        raise OrderRefused(self._why)

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """Nobody was asked."""
        return {"result": None}


ORDERS: Mapping[str, Orders] = {
    "gb26875": FireOrders(),
    "sl651": WaterOrders(),
    "hj212": NoOrders("monitors of HJ 212 are regulated: the hub tells them nothing (反控 is off)"),
    "szy206": NoOrders("stations of SZY 206 are told nothing"),
}
"""By protocol."""


def _clock(now: Micros) -> datetime:
    return from_micros(now).astimezone(BEIJING)


def _unknown(protocol: str, name: str, known: tuple[str, ...]) -> OrderRefused:
    return OrderRefused(f"{protocol} has no {name!r}: stations can be told {', '.join(known)}")

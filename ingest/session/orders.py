"""What stations can be told: a command of the hub as a frame of the protocol, and what its answer means. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from devices.codecs.gb26875 import order as gb26875
from devices.codecs.gb26875.frame import DENY
from devices.codecs.gb26875.frame import read as read_gb26875
from devices.codecs.hj212 import order as hj212
from devices.codecs.hj212.frame import read as read_hj212
from devices.codecs.hj212.writing import request_number
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

    renewed: Callable[[Micros], bytes] | None = None
    """The frame at a later time, where it tells a time; what it is known by stays."""
    final: bool = True
    """Whether any good answer is the last: otherwise one says that it was accepted, and a later one what came of it."""


class Called(NamedTuple):
    """Who is told."""

    station: str
    password: str | None
    """What the command shows."""
    style: str
    """As `Frame.style` told it last."""


class Patience(NamedTuple):
    """How long the first answer is waited for, and how often the frame is sent again."""

    answer_s: float
    resends: int


class Orders(Protocol):
    """Commands of one protocol."""

    @property
    def regulated(self) -> bool:
        """Whether two people must have switched it on for the device (反控)."""

    @property
    def patience(self) -> Patience | None:
        """None: the frame is written once, whatever else is under way; otherwise a station has one at a time."""

    def order(self, name: str, params: Mapping[str, Any], to: Called, serial: int, now: Micros) -> Order:
        """The frame of a command; `serial` is from 1 to 65535. OrderRefused where there is none."""

    def outcome(self, octets: bytes) -> dict[str, Any] | None:
        """What an answer says: {"result": JSON}, or {"error": text}; None: accepted, and nothing more yet."""


class FireOrders:
    """GB/T 26875.3: the clock (90), and whether somebody is on duty (91)."""

    regulated, patience = False, None

    def order(self, name: str, params: Mapping[str, Any], to: Called, serial: int, now: Micros) -> Order:
        """See Orders; the serial number comes back in the answer."""
        at = _clock(now)
        if name == SET_CLOCK:
            return Order(gb26875.clock(to.station, serial, at), str(serial))
        if name == DUTY_CHECK:
            minutes = params.get("minutes", 5)
            if not isinstance(minutes, int) or not 1 <= minutes <= 255:
                raise OrderRefused("minutes is a whole number from 1 to 255")
            return Order(gb26875.duty(to.station, serial, at, minutes), str(serial))
        raise _unknown("GB/T 26875.3", name, (SET_CLOCK, DUTY_CHECK))

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """Confirmed or denied."""
        if read_gb26875(octets).command == DENY:
            return {"error": "the device denied it"}
        return {"result": "confirmed"}


class WaterOrders:
    """SL 651: the clock (4A), and what is measured now (37) or was put in by hand (39)."""

    regulated, patience = False, None
    _FUNCTIONS: Mapping[str, int] = {
        SET_CLOCK: sl651.CLOCK,
        READ_NOW: sl651.REALTIME,
        READ_MANUAL: sl651.MANUAL,
    }

    def order(self, name: str, params: Mapping[str, Any], to: Called, serial: int, now: Micros) -> Order:
        """See Orders; a station answers by the function that it was asked by."""
        if name not in self._FUNCTIONS:
            raise _unknown("SL 651", name, tuple(self._FUNCTIONS))
        function = self._FUNCTIONS[name]
        octets = sl651.order(to.station, to.password or "0000", function, serial, _clock(now))
        return Order(octets, f"{function:02X}")

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """That it answered; what it measured is stored as what it reports itself."""
        return {"result": "answered"}


class MonitorOrders:
    """HJ 212: the clock (1012), how often values of the moment are told (1062), and what was measured (2011 to 2061).

    A request is answered (9011) or sent again; the result (9012) may take as long as the command has.
    """

    regulated, patience = True, Patience(10.0, 3)  # HJ 212-2017, 6.4.3: GPRS

    def order(self, name: str, params: Mapping[str, Any], to: Called, serial: int, now: Micros) -> Order:
        """See Orders; QN comes back in both answers."""
        system, _, flag = to.style.partition("/")
        if not flag:
            raise OrderRefused("the station has not told its system (ST) since it connected: wait for its next report")
        qn = request_number(now, BEIJING)
        called = hj212.Called(to.station, to.password or "", system, int(flag))

        def at(time: Micros) -> bytes:
            return hj212.request(called, qn, name, params, (time, BEIJING))

        try:
            return Order(at(now), qn, at, hj212.ends_when_accepted(name, params))
        except ValueError as error:
            raise OrderRefused(str(error)) from None

    def outcome(self, octets: bytes) -> dict[str, Any] | None:
        """By QnRtn and ExeRtn."""
        return hj212.outcome(read_hj212(octets))


class NoOrders:
    """A protocol whose stations are told nothing."""

    regulated, patience = False, None

    def __init__(self, why: str) -> None:
        self._why = why

    def order(self, name: str, params: Mapping[str, Any], to: Called, serial: int, now: Micros) -> Order:
        """OrderRefused, always."""
        raise OrderRefused(self._why)

    def outcome(self, octets: bytes) -> dict[str, Any]:
        """Nobody was asked."""
        return {"result": None}


ORDERS: Mapping[str, Orders] = {
    "gb26875": FireOrders(),
    "sl651": WaterOrders(),
    "hj212": MonitorOrders(),
    "szy206": NoOrders("stations of SZY 206 are told nothing"),
}
"""By protocol."""


def _clock(now: Micros) -> datetime:
    return from_micros(now).astimezone(BEIJING)


def _unknown(protocol: str, name: str, known: tuple[str, ...]) -> OrderRefused:
    return OrderRefused(f"{protocol} has no {name!r}: stations can be told {', '.join(known)}")

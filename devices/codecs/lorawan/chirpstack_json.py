"""Events of ChirpStack 4 in JSON. Pure."""

from binascii import Error, a2b_base64
from datetime import UTC, datetime, timedelta

import msgspec

from devices.codecs.clock import EARLIEST, LATEST, parse_time
from devices.codecs.lorawan.happening import Happening
from devices.codecs.lorawan.network import Gateway, Uplink
from devices.codecs.typed_json import TypedJson
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence


class _Received(msgspec.Struct, rename="camel", gc=False):
    gateway_id: str = ""
    rssi: float = 0.0
    snr: float = 0.0


class _Device(msgspec.Struct, rename="camel", gc=False):
    dev_eui: str = ""


class _Up(msgspec.Struct, rename="camel"):
    deduplication_id: str = ""
    time: str | None = None
    dev_addr: str = ""
    f_cnt: int = 0
    f_port: int = 0
    data: str | None = None
    object: msgspec.Raw = msgspec.Raw()
    rx_info: list[_Received] = []


class _Other(msgspec.Struct, rename="camel"):
    deduplication_id: str = ""
    time: str | None = None
    dev_addr: str = ""
    margin: int = 0
    external_power_source: bool = False
    battery_level_unavailable: bool = False
    battery_level: float = 0.0
    level: str | int = ""
    code: str | int = ""
    description: str = ""
    queue_item_id: str = ""
    acknowledged: bool = False
    context: dict[str, str] = {}


class _Named(msgspec.Struct, rename="camel"):
    device_info: _Device | None = None


ITEM = "queue_item_id"
"""In the context of the log."""
NOTHING = (b"", b"null", b"{}")
"""An object that is not there, or says nothing."""
_UP, _OTHER, _NAMED = TypedJson(_Up), TypedJson(_Other), TypedJson(_Named)


def dev_eui(payload: bytes) -> str:
    """The device that an event is about; DecodeError when it cannot be read."""
    named = _NAMED.read(payload).device_info
    return "" if named is None else named.dev_eui


def uplink(payload: bytes) -> Uplink:
    """An uplink."""
    told = _UP.read(payload)
    read = bytes(told.object)
    return Uplink(
        told.deduplication_id,
        _time(told.time),
        told.dev_addr,
        told.f_cnt,
        told.f_port,
        base64_of(told.data, "/data"),
        "/data",
        None if read in NOTHING else read,
        "/object",
        tuple([Gateway(each.gateway_id, each.rssi, each.snr) for each in told.rx_info]),
    )


def happening(payload: bytes, event: str) -> Happening:
    """What is no uplink."""
    told = _OTHER.read(payload)
    unknown = event != "status" or told.battery_level_unavailable or told.external_power_source
    return Happening(
        at=_time(told.time),
        session=told.dev_addr,
        margin=told.margin if event == "status" else None,
        external_power=told.external_power_source,
        battery=None if unknown else told.battery_level,
        level=str(told.level),
        code=str(told.code),
        text=told.description,
        item=told.queue_item_id or told.context.get(ITEM, ""),
        is_acknowledged=told.acknowledged,
    )


def base64_of(told: str | None, at: str) -> bytes:
    """The bytes that a text holds; DecodeError when it is no base64."""
    if not told:
        return b""
    try:
        return a2b_base64(told, strict_mode=True)
    except (Error, ValueError):
        raise DecodeError("bad_base64", Sentence("refusal.base64"), at) from None


def _time(told: str | None) -> Micros | None:
    """Nanoseconds beyond the microsecond are cut."""
    return time_of(told, "/time")


def time_of(told: str | None, at: str) -> Micros | None:
    """A time as networks write it; DecodeError at its place."""
    if not told:
        return None
    try:
        when = datetime.fromisoformat(told)
        if when.tzinfo is not None and EARLIEST <= (ts := (when - _EPOCH) // _MICROSECOND) < LATEST:
            return ts
    except ValueError:
        pass  # parse_time reads more, or says what is wrong
    try:
        return parse_time(told, UTC)
    except DecodeError as error:
        error.at = at
        raise


_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

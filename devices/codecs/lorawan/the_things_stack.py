"""Messages of The Things Stack 3 in JSON, of its webhooks and its MQTT server. Pure.

Which message it is, is told by its member: `uplink_message`, `join_accept`, ...; what is empty or 0 is left out. A
repeat has the same session key and frame counter. What its console simulates is no measurement and is refused.
"""

from datetime import tzinfo

import msgspec

from devices.codecs.decoded import Decoded
from devices.codecs.inner import Downlink, Envelope, Link
from devices.codecs.lorawan.chirpstack import NOT_ACKNOWLEDGED
from devices.codecs.lorawan.chirpstack_json import NOTHING, base64_of, time_of
from devices.codecs.lorawan.downlink import CORRELATION
from devices.codecs.lorawan.network import Gateway, Uplink, decoded_of, enveloped
from devices.codecs.typed_json import TypedJson
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence


class _Ids(msgspec.Struct, gc=False):
    dev_eui: str = ""
    dev_addr: str = ""


class _GatewayIds(msgspec.Struct, gc=False):
    gateway_id: str = ""
    eui: str = ""


class _Received(msgspec.Struct):
    gateway_ids: _GatewayIds | None = None
    rssi: float = 0.0
    snr: float = 0.0


class _Battery(msgspec.Struct, gc=False):
    value: float = 0.0


class _Uplink(msgspec.Struct):
    session_key_id: str = ""
    f_port: int = 0
    f_cnt: int = 0
    frm_payload: str | None = None
    decoded_payload: msgspec.Raw = msgspec.Raw()
    rx_metadata: list[_Received] = []
    received_at: str | None = None
    last_battery_percentage: _Battery | None = None


class _Join(msgspec.Struct, gc=False):
    session_key_id: str = ""
    received_at: str | None = None


class _Downlink(msgspec.Struct):
    correlation_ids: list[str] = []


class _Failure(msgspec.Struct, gc=False):
    message_format: str = ""


class _Failed(msgspec.Struct):
    error: _Failure | None = None
    downlink: _Downlink | None = None


class _Message(msgspec.Struct):
    received_at: str | None = None
    simulated: bool = False
    uplink_message: _Uplink | None = None
    join_accept: _Join | None = None
    downlink_failed: _Failed | None = None
    downlink_nack: _Downlink | None = None
    downlink_ack: _Downlink | None = None
    downlink_sent: _Downlink | None = None
    downlink_queued: _Downlink | None = None
    service_data: msgspec.Raw = msgspec.Raw()
    location_solved: msgspec.Raw = msgspec.Raw()


class _Named(msgspec.Struct):
    end_device_ids: _Ids | None = None


_MESSAGE, _NAMED = TypedJson(_Message), TypedJson(_Named)
_KNOWN = ("service_data", "location_solved")
"""Of which the hub makes nothing but a sign of life."""


def dev_eui(message: bytes) -> str:
    """The device that a message is about; DecodeError when it cannot be read."""
    named = _NAMED.read(message).end_device_ids
    return "" if named is None else named.dev_eui


def decode(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a message; DecodeError when it is none, or simulated."""
    told = _MESSAGE.read(payload)
    if told.simulated:
        raise DecodeError("simulated", Sentence("refusal.things_stack.simulated"), "/simulated")
    if told.uplink_message is not None:
        return _timed(decoded_of(_uplink(told.uplink_message, told.received_at)))
    at = time_of(told.received_at, "/received_at")
    if told.join_accept is not None:
        link = Link(session=told.join_accept.session_key_id or None)
        return _timed(enveloped(Envelope(ts=at, link=link), online=True))
    if told.downlink_failed is not None:
        error = told.downlink_failed.error
        note = "downlink failed" + (f": {error.message_format[:250]}" if error and error.message_format else "")
        refused = Downlink(_item(told.downlink_failed.downlink), "refused", note)
        return _timed(enveloped(Envelope(ts=at, link=Link(note=note), downlink=refused)))
    if (downlink := _downlink(told)) is not None:
        return _timed(enveloped(Envelope(ts=at, link=Link(), downlink=downlink)))
    if not any(bytes(getattr(told, name)) for name in _KNOWN):
        raise DecodeError("bad_frame", Sentence("refusal.things_stack.none"), "")
    return _timed(enveloped(Envelope(ts=at, link=Link())))


def _downlink(told: _Message) -> Downlink | None:
    if told.downlink_queued is not None:
        return Downlink(_item(told.downlink_queued), "queued")
    if told.downlink_sent is not None:
        return Downlink(_item(told.downlink_sent), "sent")
    if told.downlink_ack is not None:
        return Downlink(_item(told.downlink_ack), "done")
    if told.downlink_nack is not None:
        return Downlink(_item(told.downlink_nack), "refused", NOT_ACKNOWLEDGED)
    return None


def _item(told: _Downlink | None) -> str:
    """The id of the hub's command that it was, else nothing: of others' downlinks nothing is made."""
    ids = [] if told is None else told.correlation_ids
    return next((each.removeprefix(CORRELATION) for each in ids if each.startswith(CORRELATION)), "")


def _uplink(told: _Uplink, received_at: str | None) -> Uplink:
    place = "/uplink_message"
    read = bytes(told.decoded_payload)
    at = time_of(told.received_at, "/uplink_message/received_at") or time_of(received_at, "/received_at")
    return Uplink(
        f"{told.session_key_id}:{told.f_cnt}" if told.session_key_id else "",
        at,
        told.session_key_id,
        told.f_cnt,
        told.f_port,
        base64_of(told.frm_payload, f"{place}/frm_payload"),
        f"{place}/frm_payload",
        None if read in NOTHING else read,
        f"{place}/decoded_payload",
        tuple([Gateway(_id(each.gateway_ids), each.rssi, each.snr) for each in told.rx_metadata]),
        None if told.last_battery_percentage is None else told.last_battery_percentage.value,
    )


def _id(ids: _GatewayIds | None) -> str:
    return "" if ids is None else ids.gateway_id or ids.eui


def _timed(decoded: Decoded) -> Decoded:
    decoded.timeless = decoded.envelope is not None and decoded.envelope.ts is None
    return decoded

"""Which codec decodes which protocol and form: all of them are imported by this module, and by it alone."""

from collections.abc import Mapping

from devices.codecs import cjt188, event, reply, senml_cbor, senml_pack, status, szy206, telemetry
from devices.codecs.carriers import aliyun, ctwing, iotda, onenet, tencent
from devices.codecs.carriers.envelope import PUSH
from devices.codecs.decoded import Codec, Places
from devices.codecs.gat1400 import reports as gat1400
from devices.codecs.gb26875 import reports as gb26875
from devices.codecs.gb28181 import reports as gb28181
from devices.codecs.hj212 import readings as hj212
from devices.codecs.isapi import events as isapi
from devices.codecs.lorawan import chirpstack, the_things_stack
from devices.codecs.lorawan.vendors import cayenne, dragino, dragino_models, dragino_name, milesight
from devices.codecs.modbus import answers as modbus
from devices.codecs.modbus.poll import poll
from devices.codecs.onvif import events as onvif
from devices.codecs.sl651 import readings as sl651
from devices.codecs.sparkplug import readings as sparkplug
from devices.codecs.sparkplug.node import KINDS as SPARKPLUG_KINDS
from devices.codecs.strict import StrictCodec
from devices.codecs.video import findings as video
from hub.models import GANZHI, HUB

GB26875, HJ212, SL651, GB28181 = "gb26875", "hj212", "sl651", "gb28181"
MILESIGHT, CAYENNE = "milesight", "cayenne"
CJT188, SZY206, MODBUS_RTU, MODBUS_TCP = "cjt188", "szy206", "modbus-rtu", "modbus-tcp"
CHIRPSTACK, THINGS_STACK, SPARKPLUG = "chirpstack", "the-things-stack", "sparkplug"
CTWING, ONENET, IOTDA, ALIYUN, TENCENT = "ctwing", "onenet", "iotda", "aliyun", "tencent"
MODBUS = "modbus"
ISAPI, ONVIF, GAT1400, VIDEO = "isapi", "onvif", "gat1400", "video"
"""Names of protocols."""

_PLATFORMS: Mapping[str, Codec] = {
    CTWING: ctwing.decode, ONENET: onenet.decode, IOTDA: iotda.decode, ALIYUN: aliyun.decode, TENCENT: tencent.decode,
}  # fmt: skip

ENVELOPES = frozenset({CHIRPSTACK, THINGS_STACK, *_PLATFORMS})
"""Protocols whose messages carry what the profile of a device says how to decode (devices/codecs/inner.py)."""

CODECS: Mapping[tuple[str, str], Codec] = {
    (GANZHI, "telemetry"): telemetry.decode,
    (GANZHI, "senml"): senml_pack.decode,
    (GANZHI, "senml-cbor"): senml_cbor.decode,
    (GANZHI, "event"): event.decode,
    (GANZHI, "reply"): reply.decode,
    (GANZHI, "status"): status.decode,
    (HUB, "presence"): event.decode,
    (HJ212, "frame"): hj212.decode,
    (GB26875, "frame"): gb26875.decode,
    **{(GB28181, form): codec for form, codec in gb28181.FORMS.items()},
    (SL651, "frame"): sl651.decode,
    (CJT188, "frame"): cjt188.decode,
    (SZY206, "frame"): szy206.decode,
    (MODBUS_RTU, "frame"): modbus.rtu(),
    (MODBUS_TCP, "frame"): modbus.tcp(),
    (MODBUS, "poll"): poll(),
    (ISAPI, "frame"): isapi.decode,
    (ONVIF, "frame"): onvif.decode,
    (GAT1400, "frame"): gat1400.decode,
    (VIDEO, "frame"): video.decode,
    (MILESIGHT, "frame"): milesight,
    (CAYENNE, "frame"): cayenne,
    **{(dragino_name(model), "frame"): dragino(model) for model in dragino_models()},
    **{(CHIRPSTACK, event): chirpstack.codec(event) for event in chirpstack.EVENTS},
    (THINGS_STACK, "frame"): the_things_stack.decode,
    **{(SPARKPLUG, kind): sparkplug.codec(kind) for kind in SPARKPLUG_KINDS},
    **{(name, PUSH): codec for name, codec in _PLATFORMS.items()},
}
"""By protocol and form."""

STRICT: Mapping[tuple[str, str], StrictCodec] = {
    (GANZHI, "telemetry"): telemetry.decode,
    (GANZHI, "senml"): senml_pack.decode,
    (GANZHI, "event"): event.decode,
}
"""By protocol and form: codecs of messages with several parts, of which some may be left out. See `Strict`."""


def name_of(protocol: str, form: str) -> str:
    """What a codec is called where people name it: `senml`, `hj212`, `chirpstack-up`."""
    if protocol == GANZHI:
        return form
    return protocol if form in ("frame", PUSH) else f"{protocol}-{form}"


PLACES: Mapping[tuple[str, str], Places] = {
    (GANZHI, "telemetry"): telemetry.places,
    (GANZHI, "senml"): senml_pack.places,
    (GANZHI, "senml-cbor"): senml_cbor.places,
    (GANZHI, "event"): event.places,
}
"""By protocol and form: locates the readings or events that the codec returned."""

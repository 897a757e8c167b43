"""The frames of every codec, by the last level of its topic or by its protocol."""

from tests.support import (
    frames_carriers,
    frames_event,
    frames_gb26875,
    frames_hj212,
    frames_lorawan,
    frames_meters,
    frames_modbus,
    frames_networks,
    frames_reply,
    frames_senml,
    frames_senml_cbor,
    frames_sl651,
    frames_status,
    frames_telemetry,
)
from tests.support.frames import Frames

FRAMES: dict[str, Frames] = {
    "telemetry": frames_telemetry.FRAMES,
    "senml": frames_senml.FRAMES,
    "senml-cbor": frames_senml_cbor.FRAMES,
    "event": frames_event.FRAMES,
    "reply": frames_reply.FRAMES,
    "status": frames_status.FRAMES,
    "hj212": frames_hj212.FRAMES,
    "gb26875": frames_gb26875.FRAMES,
    "sl651": frames_sl651.FRAMES,
    "cjt188": frames_meters.CJT188,
    "szy206": frames_meters.SZY206,
    "modbus-rtu": frames_modbus.RTU,
    "modbus-tcp": frames_modbus.TCP,
    "milesight": frames_lorawan.MILESIGHT,
    "cayenne": frames_lorawan.CAYENNE,
    "dragino-lht65": frames_lorawan.LHT65,
    **frames_networks.FRAMES,
    "ctwing": frames_carriers.CTWING,
    "onenet": frames_carriers.ONENET,
    "iotda": frames_carriers.IOTDA,
    "aliyun": frames_carriers.ALIYUN,
    "tencent": frames_carriers.TENCENT,
}

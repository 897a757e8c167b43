"""What a ChirpStack 4 publishes of an uplink: its topic and its JSON, with defaults left out as it does."""

from base64 import b64encode
from datetime import UTC
from uuid import NAMESPACE_OID, uuid5

import msgspec

from hub.models import Micros, from_micros
from simulator.messages import Message
from simulator.stations.uplinks import Sensor

APPLICATION = "7f1b6a6e-0000-4000-8000-000000000001"
PORT = 85


def message(sensor: Sensor, at: Micros) -> Message:
    """The next uplink of a sensor, with its own id; the time has nanoseconds."""
    told, readings = sensor.uplink(at)
    count = sensor.frame_count - 1
    body: dict[str, object] = {
        "deduplicationId": str(uuid5(NAMESPACE_OID, f"{sensor.name}/{at}")),
        "time": from_micros(at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000+00:00",
        "deviceInfo": {
            "tenantName": "city", "applicationId": APPLICATION, "applicationName": "sensors",
            "deviceProfileName": "EM300-TH", "deviceName": sensor.name, "devEui": sensor.name.lower(),
        },
        **({"fCnt": count} if count else {}),
        "fPort": PORT,
        "data": b64encode(told).decode(),
        "rxInfo": [{"gatewayId": "24e124fffef00001", "rssi": -87, "snr": 9.5}],
    }  # fmt: skip
    topic = f"application/{APPLICATION}/device/{sensor.name.lower()}/event/up"
    return Message(topic, msgspec.json.encode(body), readings)

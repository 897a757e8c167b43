"""Codecs: what the payloads of devices mean. Pure functions, one form of payload a module."""

from collections.abc import Mapping

from devices.codecs import event, reply, senml, status, telemetry
from devices.codecs.decoded import Codec, Places

CODECS: Mapping[str, Codec] = {
    "telemetry": telemetry.decode,
    "senml": senml.decode,
    "event": event.decode,
    "reply": reply.decode,
    "status": status.decode,
}
"""By the last level of a topic."""

PLACES: Mapping[str, Places] = {"telemetry": telemetry.places, "senml": senml.places, "event": event.places}
"""By the last level of a topic: where each of the readings or events stands that its codec gives."""

"""Messages of tests, with the origin that their source would give them."""

from devices.addressing import Origins
from hub.models import Micros, Raw, Repeat

ORIGINS = Origins("ganzhi/v1", {"ganzhi.telemetry": "telemetry", "ganzhi.events": "event"})


def raw_of(
    transport: str,
    address: str,
    payload: bytes,
    received: Micros,
    token: int = 0,
    source: str = "",
    repeated: int = Repeat.NO,
) -> Raw:
    """A message as it came over a transport, to a topic, a path or a record's topic and key."""
    return Raw(ORIGINS.of_letter(transport, address), payload, received, token, source, repeated)

"""What an edge of the bus tells of itself: since when and until when it hears all devices."""

import msgspec

from hub.models import Micros


class _Told(msgspec.Struct):
    source: str
    since: Micros | None
    until: Micros


_DECODER = msgspec.json.Decoder(_Told)


def decode_listening(payload: bytes) -> dict[str, tuple[Micros | None, Micros]]:
    """By edge: since when (None: it does not) and until when; empty for what cannot be read."""
    try:
        told = _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {told.source: (told.since, told.until)}

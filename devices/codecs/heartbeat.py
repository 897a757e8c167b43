"""Heartbeats of bus edges: the interval during which an edge received everything devices sent."""

import msgspec

from hub.models import Micros


class _Told(msgspec.Struct):
    source: str
    since: Micros | None
    until: Micros


_DECODER = msgspec.json.Decoder(_Told)


def decode_heartbeat(payload: bytes) -> dict[str, tuple[Micros | None, Micros]]:
    """Decode a heartbeat: by edge, (since, until); since None means not receiving. Empty if unreadable."""
    try:
        told = _DECODER.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {told.source: (told.since, told.until)}

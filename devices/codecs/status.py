"""Status: the text `online` or `offline`, bare or in quotes, or `{"state": "online"}`; as a last will it is retained.

An empty message says nothing: it is what removes a retained one. A time in it is not looked at, for a will is written
when the connection begins: the time of arrival counts.
"""

from datetime import tzinfo

from devices.codecs.decoded import MAX_BYTES, Decoded
from devices.codecs.jsontext import BYTE_ORDER_MARK, parse, quoted
from devices.codecs.metric import leave_unused
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

MAX_PARTS = 500
"""Members of an object: who sends more sends something else."""
_STATES = {"online": True, "offline": False, "在线": True, "离线": False}
_BARE = {word.encode(): online for word, online in _STATES.items()}
_EXAMPLE = Sentence("refusal.status.example")


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode online or offline; DecodeError when the payload is neither."""
    online = _BARE.get(payload)
    if online is not None:
        return Decoded(online=online, timeless=True)
    if len(payload) <= MAX_BYTES and not payload.strip():
        return Decoded()
    decoded = Decoded(timeless=True)
    said: object = _word(payload)
    at = ""
    if said is None:
        message = parse(payload, MAX_PARTS)
        if isinstance(message, dict):
            decoded.name(message.get("device"))
            if "state" not in message:
                raise DecodeError("status_unknown", Sentence("refusal.status.no_state", example=_EXAMPLE), "")
            for name in sorted(message.keys() - {"state", "device", "ts"}):
                leave_unused(decoded, name)
            message, at = message["state"], "/state"
        said = message
    decoded.online = _STATES.get(said.strip().lower()) if isinstance(said, str) else None
    if decoded.online is None:
        sentence = Sentence("refusal.status.state", value=quoted(said), example=_EXAMPLE)
        raise DecodeError("status_unknown", sentence, at)
    return decoded


def _word(payload: bytes) -> str | None:
    """The payload as a bare word; None when it has to be parsed as JSON."""
    word = payload.removeprefix(BYTE_ORDER_MARK.encode()).strip()
    if word.endswith(b"\0") and word.rstrip(b"\0").isalpha():
        raise DecodeError("not_json", Sentence("refusal.json.zero"), len(payload.rstrip().rstrip(b"\0")))
    return word.decode() if len(word) <= 32 and word.isalpha() else None

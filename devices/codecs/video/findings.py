"""Findings of the hub's own analysis of video (ingest/video) become events, and its measures readings. Pure.

A finding that lasts is told again and again and goes on as one episode. Each kind of fault of the picture, and each
zone or line, is a part of the camera of its own: a frozen picture that is dark too is two things.
"""

from datetime import UTC, tzinfo

from devices.codecs.clock import parse_time
from devices.codecs.code_table import shipped
from devices.codecs.decoded import Decoded, EventDraft
from devices.codecs.jsontext import parse, quoted
from devices.codecs.video.readings import add_readings
from devices.personal_values import masked
from devices.vocabulary import OTHER
from hub.errors import DecodeError
from hub.models import Micros
from hub.quality import FINITE_LIMIT
from hub.words.findings import PICTURE
from hub.words.sentence import Sentence

PROTOCOL = "video"
_STATES = {"active": "active", "ended": "inactive"}
PATROL = "patrol"
"""The source of what is told once when it begins and once when it has ended, hours apart perhaps: no episode."""
_LONGEST = 64
_MAX_PARTS = 200
MOST_CUES = 32
_SIDES = 4
_WHOLE = frozenset({"video_loss", "occlusion"})
"""Kinds that are one thing, of all of the camera, as cameras tell them themselves."""


def decode(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a finding, {"ts", "kind", "state", "score", "zone", "box", "cues", "source"}, or readings.

    Those are {"ts", "values"}.

    `box` is where in the picture it is: left, top, right and bottom, in shares of its width and height.
    A finding that comes again with its clip has `"clip": true`.
    """
    message = parse(payload, _MAX_PARTS)
    if not isinstance(message, dict):
        raise DecodeError("not_an_object", Sentence("refusal.video.object", value=quoted(message)), "")
    decoded = Decoded()
    if "values" in message:
        ts = _time(message.get("ts"), decoded)
        add_readings(message["values"], received if ts is None else ts, decoded)
        return decoded.settled()
    kind, state = message.get("kind"), message.get("state")
    if not isinstance(kind, str) or not kind:
        raise DecodeError(
            "event_no_kind", Sentence("refusal.video.kind", value=quoted(kind)), "/kind" if "kind" in message else ""
        )
    if not isinstance(state, str) or state not in _STATES:
        raise DecodeError(
            "event_bad_state",
            Sentence("refusal.video.state", value=quoted(state)),
            "/state" if "state" in message else "",
        )
    decoded.events.append(_event(message, kind[:_LONGEST], _STATES[state], decoded))
    return decoded.settled()


def finding_of(kind: str, code: str) -> str:
    """What is found where an event has this kind and code; the code where the table does not know it."""
    states = shipped(__package__).states
    return next((name for name, meant in states.items() if (meant.kind, meant.code) == (kind, code)), code)


def _event(message: dict[str, object], code: str, state: str, decoded: Decoded) -> EventDraft:
    meant = shipped(__package__).states.get(code)
    attributes: dict[str, object] = {}
    if meant is None:
        decoded.unmapped(PROTOCOL).states[0] = code
        attributes["code"] = code
    elif meant.code:
        attributes["code"] = meant.code
    zone, hidden = zone_of(message.get("zone"))
    decoded.private += hidden
    if zone:
        attributes["zone"] = zone
    if (score := _number(message.get("score"))) is not None:
        attributes["score"] = score
    if box := _box(message.get("box")):
        attributes["box"] = box
    if cues := _cues(message.get("cues")):
        attributes["cues"] = cues
    kind = OTHER if meant is None else meant.kind
    ts = _time(message.get("ts"), decoded)
    by_turns, is_stored = message.get("source") == PATROL, message.get("clip") is True
    if by_turns:
        attributes["source"] = PATROL
    continues = state == "active" and not by_turns and not is_stored
    return EventDraft(
        kind, ts, None, state, None, attributes, part=_part(kind, code, zone), is_stored=is_stored, continues=continues
    )


def _part(kind: str, code: str, zone: str) -> str | None:
    if zone:
        place = zone.replace("/", "-")
        return f"{place}/level" if code == "level" else place
    return None if kind in _WHOLE else f"{PICTURE}/{code.replace('/', '-')}"


def zone_of(told: object) -> tuple[str, int]:
    """The zone as an event carries it, "" for none, and how many numbers of persons were hidden in it."""
    if not isinstance(told, str) or not told.isprintable():
        return "", 0
    text, hidden = masked(told.strip()[:_LONGEST])
    return text, hidden


def _box(told: object) -> list[float]:
    if not isinstance(told, list) or len(told) != _SIDES:
        return []
    sides = [side for each in told if (side := _number(each)) is not None and 0 <= side <= 1]
    return sides if len(sides) == _SIDES and sides[0] < sides[2] and sides[1] < sides[3] else []


def _cues(told: object) -> dict[str, float]:
    if not isinstance(told, dict):
        return {}
    pairs = [(str(name)[:_LONGEST], _number(value)) for name, value in list(told.items())[:MOST_CUES]]
    return {name: value for name, value in pairs if value is not None and name.isprintable() and name}


def _number(told: object) -> float | None:
    # Compared before it is converted: a whole number may be larger than any float.
    if isinstance(told, bool) or not isinstance(told, int | float) or not abs(told) < FINITE_LIMIT:
        return None
    return round(float(told), 4)


def _time(told: object, decoded: Decoded) -> Micros | None:
    if isinstance(told, str):
        try:
            return parse_time(told, UTC)
        except DecodeError as error:
            error.at = "/ts"
            decoded.leave_out(error)
    decoded.timeless = True
    return None

import pytest

from devices.codecs.event import decode
from devices.codecs.mapping import Transform, decode_mapped
from hub.errors import DecodeError
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_event import REFUSED_NAMES, smoke

MAPPED = Transform("{kind: type, state: alarmState, attributes: {room: room, status: mode}}", "event")


@pytest.mark.parametrize(("at", "said"), REFUSED_NAMES)
def test_a_state_that_is_not_understood_is_refused_where_it_stands(at: str, said: dict[str, object]) -> None:
    with pytest.raises(DecodeError) as refused:
        decode(smoke(**said), RECEIVED, ZONE)
    assert (refused.value.reason, refused.value.at) == ("event_bad_state", at)


@pytest.mark.parametrize("payload", [b'{"type": "smoke", "alarmState": null}', b'{"type": "smoke", "room": 1}'])
def test_a_mapped_state_that_is_missing_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError, match="state is null") as refused:
        decode_mapped(MAPPED, decode, payload, RECEIVED, ZONE)
    assert refused.value.reason == "event_bad_state"


def test_a_mapped_state_is_taken_and_what_else_is_missing_is_not_needed() -> None:
    decoded, _ = decode_mapped(MAPPED, decode, b'{"type": "smoke", "alarmState": "off"}', RECEIVED, ZONE)
    assert [(draft.state, draft.attributes) for draft in decoded.events] == [("inactive", {})]
    stateless, _ = decode_mapped(Transform("{kind: type}", "event"), decode, b'{"type": "smoke"}', RECEIVED, ZONE)
    assert stateless.events[0].state is None
    assert MAPPED(b'{"heartbeat": null}').measured is False

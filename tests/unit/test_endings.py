"""Messages that tell of alerts that a desk ended."""

from uuid import UUID, uuid4

import pytest

from hub.alerts.endings import Ending, decode_ending, ending_raw
from hub.models import HUB


@pytest.mark.parametrize("series", [None, 7])
def test_an_ending_comes_back_from_its_message(series: int | None) -> None:
    ending = Ending(uuid4(), 3, 5, series, "false_alarm", 4, 1_767_225_600_123_456)
    raw = ending_raw(ending, "gauge-1", 99)
    assert (raw.origin.transport, raw.origin.protocol, raw.origin.form) == (HUB, HUB, "ended")
    assert (raw.origin.device, raw.origin.address, raw.received) == ("gauge-1", "ended/gauge-1", 99)
    assert decode_ending(raw.payload) == ending


def test_the_same_ending_is_the_same_message() -> None:
    ending = Ending(UUID(int=1), 3, 5, None, "closed", 4, 5)
    assert ending_raw(ending, "a", 1).payload == ending_raw(ending, "a", 2).payload


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b"[1]", b'{"alert_id": 5}'])
def test_what_cannot_be_read_tells_nothing(payload: bytes) -> None:
    assert decode_ending(payload) is None

"""Messages that are refused before they are decoded pass the privacy gate too."""

import pytest

from devices.letters import gated
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.models import Batch, DeadLetter
from hub.stage import run_steps
from tests.support.chinese import check_chinese
from tests.support.origins import raw_of


def _refused(payload: bytes, topic: str = "ganzhi/v1/stranger/event") -> DeadLetter:
    batch = Batch([raw_of("mqtt", topic, payload, 1_772_352_000_000_000)])
    run_steps(Resolver(Registry()), batch)
    return gated(batch.refused[0])


@pytest.mark.parametrize(
    "payload",
    [
        b'{"kind": "faceCapture", "image": "AAAA"}',
        b'{"kind": "intrusion", "attributes": {"plateNo": "X1"',
        b'{"kind": "smoke", "image": "/9j/4AAQ"}',
        b'{"kind": "smoke", "picture": "/9j/4AAQ',
        "<车牌号>X1</车牌号>".encode("gb18030"),
    ],
)
def test_payload_about_persons_is_not_kept(payload: bytes) -> None:
    letter = _refused(payload)
    assert letter.reason == "unknown_device"
    assert letter.raw.payload == b""
    assert "not kept" in letter.detail
    check_chinese(letter.detail)
    assert _refused(payload, "ganzhi/v1/bad code/event").raw.payload == b""


def test_other_payload_is_kept_as_it_came() -> None:
    letter = _refused(b'{"kind": "smoke"')
    assert letter.raw.payload == b'{"kind": "smoke"'
    assert "not kept" not in letter.detail

"""What a camera of ONVIF publishes, before any queue: of persons nothing is left, whatever the camera is called."""

from functools import partial

import pytest

from devices.network_topics import ONVIF, origin_of_topic
from hub.models import Raw
from ingest.networks.onvif import by_topic, published

PERSON = b'{"Source":{"VideoSource":"1"},"Data":{"Told":"Li Wei"}}'


@pytest.mark.parametrize(
    ("prefix", "device", "fault"),
    [("gate-1", "gate-1", None), ("\u53bf/\u95e8\u53e3", "", "bad_address"), ("x" * 300, "", "bad_address")],
)
@pytest.mark.parametrize("topic", ["Recognition/Face/&1/Li Wei", "tnsx:Recognition/tns1:FACE", "x/onvif-ej/Face"])
def test_nothing_of_persons_is_left(prefix: str, device: str, fault: str | None, topic: str) -> None:
    origin = by_topic(partial(origin_of_topic, ONVIF))(f"{prefix}/onvif-ej/RuleEngine/{topic}")
    [found] = published(Raw(origin, PERSON, 1))
    assert b"Li Wei" not in found.payload
    assert "Li Wei" not in found.origin.address
    assert (found.origin.device, found.origin.fault and found.origin.fault[0]) == (device, fault)

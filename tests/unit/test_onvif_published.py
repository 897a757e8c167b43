"""What a camera of ONVIF publishes, before any queue: of persons nothing is left, whatever the camera is called."""

from datetime import UTC
from functools import partial

import pytest

from devices.network_topics import ONVIF, origin_of_topic
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
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


def test_a_channel_is_of_the_camera_above_it_and_of_none_further_up() -> None:
    """Another's camera that publishes below the prefix of one is not that one."""
    registry = Registry()
    registry.devices["county"] = Device(1, "county", None, UTC, True, Profile(1, "p", 1, 1, {}, 0), 100, {})
    called = [registry.called(ONVIF, address) for address in ("county", "county/1", "county/gate-2/1", "gate/county/1")]
    assert [None if device is None else device.code for device in called] == ["county", "county", None, None]
    [of_slash] = published(Raw(by_topic(partial(origin_of_topic, ONVIF))("gate-1/onvif-ej/VideoSource/SignalLoss"),
                               b'{"Source":{"VideoSource":"a/b"},"Data":{"State":true}}', 1))  # fmt: skip
    assert of_slash.origin.device == "gate-1", "a token that looks like levels is none"

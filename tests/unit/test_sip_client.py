"""ingest/sip/client.py: a device is armed whatever else it answers, and asked again where it was not."""

import asyncio
from typing import Any, cast

import pytest

from devices.codecs.gb28181 import sip
from hub.sip_settings import Sip
from ingest.sip import client
from ingest.sip.bindings import Binding
from ingest.sip.client import Client
from ingest.sip.follower import Wire

CAMERA = Binding("34020000001320000001", "udp", "192.0.2.1", 5060, 2e9)


class Asked:
    """Requests that a device answers by their command; None: it is silent."""

    contact = "sip:x@y"

    def __init__(self, answers: dict[str, int | None]) -> None:
        self.answers, self.heard = answers, list[str]()

    def message(self, peer: object, device: str, body: bytes) -> bytes:
        return body

    async def send(self, peer: object, body: bytes) -> sip.Message | None:
        text = body.decode("gb18030")
        command = "SetGuard" if "SetGuard" in text else text.partition("<CmdType>")[2].partition("<")[0]
        self.heard.append(command)
        status = self.answers.get(command, 200)
        return None if status is None else sip.Message("", "", status, "", ())


class Hub:
    def __init__(self, answers: dict[str, int | None]) -> None:
        self.requests = Asked(answers)

    def peer_of(self, binding: Binding) -> object:
        return object()


def asking(answers: dict[str, int | None]) -> tuple[Client, Wire, Asked]:
    hub = Hub(answers)
    made = Client(Sip(), cast(Any, None), cast(Any, None), cast(Any, None), cast(Any, object()))
    return made, cast(Wire, hub), hub.requests


@pytest.mark.parametrize("refused", [{"DeviceInfo": 404}, {"DeviceInfo": None}, {"SetGuard": 404}])
async def test_a_camera_is_armed_first_and_asked_whatever_it_refuses(refused: dict[str, int | None]) -> None:
    made, wire, asked = asking(refused)
    await made._ask(wire, CAMERA)
    assert asked.heard == ["SetGuard", "DeviceInfo", "DeviceStatus", "Catalog"]


async def test_who_is_silent_twice_is_asked_no_more() -> None:
    made, wire, asked = asking({"SetGuard": None, "DeviceInfo": None})
    await made._ask(wire, CAMERA)
    assert asked.heard == ["SetGuard", "DeviceInfo"]


async def test_a_camera_that_could_not_be_armed_is_armed_later_and_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made, wire, asked = asking({"SetGuard": None})
    caplog.set_level("INFO", client.__name__)
    made._bindings[CAMERA.id] = CAMERA
    await made._ask(wire, CAMERA)
    now = asyncio.get_running_loop().time()
    assert made._due(now) == []
    assert made._due(now + client.ARM_AGAIN_S) == [CAMERA]
    del asked.answers["SetGuard"], asked.heard[:]
    await made._arm(wire, CAMERA)
    assert (asked.heard, made._due(now + 9 * client.ARM_AGAIN_S)) == (["SetGuard"], [])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert all(CAMERA.id in record.getMessage() for record in caplog.records)

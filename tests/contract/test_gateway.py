"""What only gateways do: templates that are escaped where they stand, and success where the answer says it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from api.push.channel import Accepted, Consumer, TryAgain
from api.push.gateway import GatewaySettings, Success
from tests.support.channel_kits import GatewayKit, gateway_kit
from tests.support.deliveries import change

HOSTILE = 'a "quoted" \\ title & more=1 {secret} 水\u2028'


@pytest.fixture
async def kit() -> AsyncIterator[GatewayKit]:
    async with gateway_kit() as made:
        yield made


def consumer(kit: GatewayKit, **settings: Any) -> Consumer:
    return replace(kit.consumer(), settings=kit.SETTINGS | settings)


async def test_a_title_cannot_leave_its_place_in_a_json_body(kit: GatewayKit) -> None:
    assert await kit.channel.send(kit.consumer(), change(title=HOSTILE)) == Accepted()
    [got] = kit.receiver.received
    assert got.headers["authorization"] == "APPCODE gateway-key-1"
    sent = json.loads(got.body)
    assert sent.keys() == {"mobile", "content", "id"}
    assert (sent["mobile"], sent["id"]) == ("13800000000", "a.1")
    assert 'a "quoted" \\ title & more=1 {secret} 水' in sent["content"], "a value that looks like a field stays"
    assert "gateway-key-1" not in sent["content"]


async def test_a_template_without_a_title_says_that_it_is_a_drill_in_each_of_its_facts(kit: GatewayKit) -> None:
    made = consumer(kit, body='{"level": "{level}", "place": "{place}", "to": "{to}", "drill": "{drill}"}')
    for drill, mark in ((True, "【演练】"), (False, "")):
        assert await kit.channel.send(made, change(drill=drill)) == Accepted()
        sent = json.loads(kit.receiver.received[-1].body)
        assert sent["level"] == f"{mark}红色"
        assert sent["place"].startswith(f"{mark}浙江省")
        assert (sent["to"], sent["drill"]) == ("13800000000", str(drill).lower())


async def test_nor_in_a_form_nor_in_a_query(kit: GatewayKit) -> None:
    body = "mobile={to}&content={title}"
    made = consumer(kit, form="form", body=body, to=["1", "2"])
    assert await kit.channel.send(made, change(title=HOSTILE)) == Accepted()
    form = parse_qs(kit.receiver.received[0].body.decode())
    assert form.keys() == {"mobile", "content"}
    assert form["mobile"] == ["1,2"]
    asked = replace(consumer(kit, method="GET", body=""), url=kit.receiver.url("/1?***"), query="key=k&text={title}")
    assert await kit.channel.send(asked, change(title=HOSTILE)) == Accepted()
    query = parse_qs(urlsplit(kit.receiver.received[1].path).query)
    assert query.keys() == {"key", "text"}
    assert query["text"][0].startswith('a "quoted"')


@pytest.mark.parametrize(
    ("success", "answer", "met"),
    [
        ({"pointer": "/code", "equals": 0}, b'{"code": 0}', True),
        ({"pointer": "/code", "equals": 0}, b'{"code": false}', False),
        ({"pointer": "/code", "equals": 0}, b'{"code": "0"}', False),
        ({"pointer": "/data/0/a~1b", "equals": ["x", "y"]}, b'{"data": [{"a/b": "y"}]}', True),
        ({"pointer": "/data/1", "equals": None}, b'{"data": []}', False),
        ({"pointer": "/code", "equals": 0}, b"<html>", False),
        ({"pointer": "", "equals": "OK"}, b'"OK"', True),
        ({"contains": "SUCCESS"}, b"<r>SUCCESS</r>", True),
        ({"contains": "SUCCESS"}, b"", False),
    ],
)
async def test_success_is_what_the_answer_says(
    kit: GatewayKit, success: dict[str, Any], answer: bytes, met: bool
) -> None:
    assert Success.model_validate(success).met(answer) == met
    kit.receiver.said = answer
    sent = await kit.channel.send(consumer(kit, success=success), change())
    assert isinstance(sent, Accepted if met else TryAgain)


def test_a_field_that_there_is_not_is_refused_when_it_is_set() -> None:
    with pytest.raises(ValidationError, match="there is no field titel"):
        GatewaySettings.model_validate({"body": '"{titel}"', "success": {"contains": "OK"}})

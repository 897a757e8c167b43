"""What platforms are asked, and that what they answer decodes to what they would have pushed."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest

from devices.carriers.asked import aliyun, tencent
from devices.carriers.asked.platforms import OFFERS
from devices.carriers.asked.talk import Access, Ask, Asked, Call, Found, PlatformSaysNoError, form
from devices.code_mapping import take_in_quotes
from devices.codecs.protocols import CODECS
from ingest.carriers.platforms import PLATFORMS
from tests.support.platform_api import PlatformApi, Request, Sent

BEGUN = 1_760_000_000_000
NOW = BEGUN / 1000 + 3600
ADDRESSES = {
    "ctwing": "acf7000000000001", "onenet": "pX0demo001/well-0031", "iotda": "6aa5_lamp-7", "aliyun": "a1b2/lamp-7",
    "tencent": "P1/lamp-7",
}  # fmt: skip
SECRET = "c2VjcmV0LW9mLXRoZS1wbGF0Zm9ybQ=="
SENT = [Sent(BEGUN + 60_000 * n, {"level": n / 4, "Alarm_Status": float(n % 2)}) for n in range(5)]
KNOWN = SENT[0].values
PUSHED = {(name, sent.at * 1000, value) for sent in SENT for name, value in sent.values.items()}
NEWEST = {each for each in PUSHED if each[1] == SENT[-1].at * 1000}


def talked(api: PlatformApi, ask: Ask, address: str) -> tuple[str, list[bytes]]:
    """Have a talk without a network."""
    asked = Asked(address, "15000002", BEGUN * 1000, SENT[-1].at * 1000)
    access = Access("https://iot.cn-shanghai.aliyuncs.com", "products/pX0demo001", "p1", SECRET)
    talk, bodies = ask(access, asked, NOW), list[bytes]()
    step = next(talk)
    while True:
        try:
            if isinstance(step, Found):
                assert step.current == (not bodies), "what comes first is so now"
                bodies += step.bodies
                step = next(talk)
            else:
                step = talk.send(answered(api, step))
        except StopIteration as done:
            return done.value, bodies


def answered(api: PlatformApi, call: Call) -> bytes:
    url = urlsplit(call.url)
    body = msgspec.json.decode(call.body) if call.body else {}
    return api.answer(Request(url.path, dict(parse_qsl(url.query)), dict(call.headers), body))[1]


def readings(platform: str, bodies: Iterable[bytes], address: str) -> list[tuple[str, int, float]]:
    found = list[tuple[str, int, float]]()
    for body in bodies:
        for sent in PLATFORMS[platform].messages(body):
            assert sent.address == address
            codec = CODECS[platform, sent.form]
            decoded = codec(sent.payload, int(NOW * 1e6), ZoneInfo("Asia/Shanghai"))
            assert not decoded.faults
            take_in_quotes(decoded, [], KNOWN)
            found += zip(decoded.metrics, decoded.ts, decoded.values, strict=True)
    return found


@pytest.mark.parametrize("platform", ADDRESSES)
def test_the_newest_state_comes_first_and_history_is_what_was_pushed(platform: str) -> None:
    api, address, offers = PlatformApi(platform), ADDRESSES[platform], OFFERS[platform]
    api.sent[address] = SENT
    assert offers.latest is not None
    known, bodies = talked(api, offers.latest, address)
    assert known == "latest"
    assert set(readings(platform, bodies, address)) == NEWEST
    if offers.history is not None:
        known, bodies = talked(api, offers.history, address)
        found = readings(platform, bodies, address)
        assert (known, set(found), set(found[:2])) == ("properties", PUSHED, NEWEST)


def test_the_older_onenet_has_streams() -> None:
    api = PlatformApi("onenet")
    api.sent["520000001"] = SENT
    assert OFFERS["onenet"].history is not None
    known, bodies = talked(api, OFFERS["onenet"].history, "520000001")
    found = readings("onenet", bodies, "520000001")
    assert (known, set(found), set(found[:2])) == ("properties", PUSHED, NEWEST)


def test_a_device_of_which_nothing_is_known_is_nothing_found() -> None:
    for platform, address in ADDRESSES.items():
        for ask in filter(None, OFFERS[platform][:2]):
            assert [body for body in talked(PlatformApi(platform), ask, address)[1] if b"19700101" not in body] == []


@pytest.mark.parametrize("platform", ADDRESSES)
@pytest.mark.parametrize("answer", [b"", b"[]", b"null", b"{}", b"\xff", b'{"code":7,"msg":"no"}', b'{"Data":[1]}'])
def test_an_answer_that_is_no_answer_is_refused_or_empty(platform: str, answer: bytes) -> None:
    ask = OFFERS[platform].history or OFFERS[platform].latest
    assert ask is not None
    talk = ask(Access("https://x", "products/p", "p", SECRET), Asked(ADDRESSES[platform], None, 0, 1), NOW)
    assert isinstance(next(talk), Call)
    with pytest.raises((PlatformSaysNoError, StopIteration)):
        talk.send(answer)


def test_the_things_stack_tells_of_all_devices_at_once_the_newest_first() -> None:
    api = PlatformApi("the-things-stack")
    api.uplinks = [
        {"end_device_ids": {"dev_eui": f"0004A30B001C053{n}"}, "received_at": f"2025-10-09T09:0{n}:20.5Z",
         "uplink_message": {"session_key_id": "s", "f_cnt": n, "f_port": 1, "frm_payload": "AQ=="}}
        for n in range(4)
    ]  # fmt: skip
    api.uplinks.insert(0, api.uplinks[0] | {"received_at": "2025-10-09T09:00:10.5Z"})
    offered = OFFERS["the-things-stack"].history
    assert offered is not None
    talk = offered(Access("https://x", "", "app", "key"), Asked("", None, BEGUN * 1000, int(NOW * 1e6)), NOW)
    call = next(talk)
    assert isinstance(call, Call)
    found = talk.send(answered(api, call))
    assert isinstance(found, Found)
    eui = [sent.address for body in found.bodies for sent in PLATFORMS["the-things-stack"].messages(body)]
    assert (eui, found.current) == ([f"0004A30B001C053{n}" for n in (3, 2, 1, 0)], True)
    older = next(talk)
    assert isinstance(older, Found)
    assert (len(older.bodies), older.current) == (1, False), "of one that was told already"
    with pytest.raises(StopIteration) as done:
        next(talk)
    assert done.value.value == "filled"


def test_requests_are_signed_as_the_platforms_publish() -> None:
    """The examples of help.aliyun.com (ECS, RPC) and cloud.tencent.com (TC3)."""
    query = form({
        "Timestamp": "2016-02-23T12:46:24Z", "Format": "XML", "AccessKeyId": "testid", "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1", "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26", "SignatureVersion": "1.0",
    })  # fmt: skip
    assert aliyun.signature(query, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    access = Access("", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
    told = tencent.authorization(access, "cvm", "cvm.tencentcloudapi.com", body, 1551113065)
    assert told.endswith("=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168")

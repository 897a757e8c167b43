"""What only a webhook does: how it is signed, and what each answer of HTTP means."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from api.cloudevents import encode, event_of
from api.push.channel import Accepted, Refused, TryAgain
from api.push.signature import verify
from tests.support.channel_kits import WebhookKit, webhook_kit
from tests.support.deliveries import change

CHANGE = change()
BODY = encode(event_of("a.1", "raised", CHANGE.at, CHANGE.picture))


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookKit]:
    async with webhook_kit() as made:
        yield made


async def test_what_is_accepted_arrived_byte_for_byte(webhook: WebhookKit) -> None:
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert answer == Accepted()
    assert isinstance(answer, Accepted)
    assert answer.said == "thank you"
    assert webhook.bodies() == [BODY]


async def test_a_repetition_has_the_same_id(webhook: WebhookKit) -> None:
    webhook.behave("refuse")
    assert isinstance(await webhook.channel.send(webhook.consumer(), CHANGE), TryAgain)
    webhook.behave("accept")
    assert await webhook.channel.send(webhook.consumer(), CHANGE) == Accepted()
    assert [got.id for got in webhook.receiver.received] == ["a.1", "a.1"]


async def test_a_body_that_breaks_off_behind_a_2xx_is_not_sent_again(webhook: WebhookKit) -> None:
    webhook.receiver.endless = True
    assert await webhook.channel.send(webhook.consumer(), CHANGE) == Accepted()


async def test_a_webhook_is_signed_so_that_a_receiver_can_check_it(webhook: WebhookKit) -> None:
    webhook.channel._clock = lambda: 1_700_000_000.9
    await webhook.channel.send(webhook.consumer(), CHANGE)
    headers = webhook.receiver.received[0].headers
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["content-type"] == "application/cloudevents+json"
    signed = headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]
    verify("whsec_c2VjcmV0", *signed, BODY, now=1_700_000_000)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Accepted()),
        (202, Accepted()),
        (400, TryAgain("answered 400 Said: thank you", "rejected")),
        (410, Refused("answered 410 Said: thank you", "gone", gone=True)),
        (429, TryAgain("answered 429 Said: thank you", "busy")),
        (500, TryAgain("answered 500 Said: thank you", "failing")),
        (503, TryAgain("answered 503 Said: thank you", "busy")),
    ],
)
async def test_what_a_status_means(webhook: WebhookKit, status: int, expected: object) -> None:
    webhook.receiver.answer = lambda got: status
    assert await webhook.channel.send(webhook.consumer(), CHANGE) == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_names_the_new_address(webhook: WebhookKit, status: int) -> None:
    webhook.receiver.answer = lambda got: status
    webhook.receiver.extra = "location: /2?from=hub\r\n"
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "moved"
    assert f"{status} Said: it has moved to {webhook.receiver.url('/2')};" in answer.reason
    assert webhook.texts(2) == []


@pytest.mark.parametrize(
    ("location", "told", "failure"),
    [
        ("", "names no address", "moved"),
        ("https://u:s3cret@desk.example.org/", "u:***@desk.example.org/", "moved"),
        ("https://u:s3cret@desk.example.org/\x1b", "does not speak HTTP as it should", "protocol"),
        ("https://u:s3cret/2@desk.example.org/", "cannot be read", "moved"),
    ],
)
async def test_a_redirect_tells_nothing_that_may_not_be_shown(
    webhook: WebhookKit, location: str, told: str, failure: str
) -> None:
    webhook.receiver.answer = lambda got: 308
    webhook.receiver.extra = f"location: {location}\r\n" if location else ""
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert told in answer.reason
    assert "s3cret" not in answer.reason
    assert answer.failure == failure
    assert answer.reason.isprintable()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "hold_s"),
    [
        ("retry-after: 120", 120),
        ("retry-after: Tue, 14 Nov 2023 22:15:20 GMT", 120),  # by the hub's clock
        ("date: Tue, 14 Nov 2023 10:00:00 GMT\r\nretry-after: Tue, 14 Nov 2023 10:02:00 GMT", 120),
        ("retry-after: 99999999999999999999", 3600),
        ("retry-after: Fri, 31 Dec 2100 23:59:59 GMT", 3600),
        ("retry-after: 0", 0),
        ("retry-after: -5", 0),
        ("retry-after: soon", 0),
        ("retry-after: Tue, 14 Nov 2023 10:00:00 GMT", 0),
    ],
)
async def test_retry_after_is_granted_up_to_an_hour(
    webhook: WebhookKit, status: int, headers: str, hold_s: float
) -> None:
    webhook.channel._clock = lambda: 1_700_000_000.0  # 2023-11-14 22:13:20Z
    webhook.receiver.answer = lambda got: status
    webhook.receiver.extra = f"{headers}\r\n"
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert (answer.failure, answer.hold_s) == ("busy", hold_s)
    assert (f"{hold_s} s" in answer.reason) == bool(hold_s)


async def test_retry_after_of_another_status_is_no_pause(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 500
    webhook.receiver.extra = "retry-after: 120\r\n"
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.hold_s == 0


@pytest.mark.parametrize("login", ["hub:s3cret%40%2f", None])
async def test_a_login_is_sent_and_shown_nowhere(webhook: WebhookKit, login: str | None) -> None:
    webhook.receiver.answer = lambda got: 401
    consumer = replace(webhook.consumer(), login=login)
    answer = await webhook.channel.send(consumer, CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "login"
    sent = webhook.receiver.received[0].headers.get("authorization")
    assert sent == (f"Basic {base64.b64encode(b'hub:s3cret@/').decode()}" if login else None)
    assert "s3cret" not in f"{answer}{consumer}"


async def test_a_name_that_nobody_knows_is_a_failure_of_its_own(
    webhook: WebhookKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a resolver out of reach takes longer than a delivery may
    answer = await webhook.channel.send(replace(webhook.consumer(), url="http://no-such-host.invalid/"), CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "name"


async def test_what_fails_below_http_is_sorted(webhook: WebhookKit) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2048)
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def failure(url: str) -> str:
        answer = await webhook.channel.send(replace(webhook.consumer(), url=url), CHANGE)
        assert isinstance(answer, TryAgain), answer
        return answer.failure

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await failure(f"http://127.0.0.1:{port}/") == "protocol"
        assert await failure(f"https://127.0.0.1:{port}/") == "tls"
    assert await failure(f"http://127.0.0.1:{port}/") == "connection"


async def test_an_endless_answer_is_not_read_to_its_end(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 500
    webhook.receiver.said = b"x\0" * 1_000_000
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert len(answer.reason) < 300
    assert "\0" not in answer.reason


async def test_an_answer_is_shown_without_control_characters(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 500
    webhook.receiver.said = "\x1b[31mgo\x07 \x9b31m\r\naway\u202e\u2028".encode()
    answer = await webhook.channel.send(webhook.consumer(), CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.reason.isprintable()
    assert answer.reason.endswith("[31mgo 31m away")


async def test_a_url_that_cannot_be_read_is_not_shown(webhook: WebhookKit) -> None:
    url = "http://hub:s3cret/2@desk.example.org/"
    answer = await webhook.channel.send(replace(webhook.consumer(), url=url), CHANGE)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "address"
    assert "s3cret" not in answer.reason


@pytest.mark.parametrize(
    "kept", ["http://127.0.0.1:{port}/1#desk", "http://127.1:{port}/1", "http://127.0.0.1:{port}/1# a"]
)
async def test_an_address_that_was_taken_before_is_still_delivered_to(webhook: WebhookKit, kept: str) -> None:
    url = kept.format(port=httpx.URL(webhook.receiver.url()).port)
    assert await webhook.channel.send(replace(webhook.consumer(), url=url), CHANGE) == Accepted()
    assert webhook.bodies() == [BODY]

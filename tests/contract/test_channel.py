"""What every way out of the hub must do. A further channel adds its kit below and passes the rest unchanged."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Protocol

import httpx
import pytest

from api.push.channel import Accepted, Channel, Consumer, Refused, TryAgain
from api.push.signature import verify
from api.push.webhook import Webhook, open_webhook
from tests.support.process import eventually
from tests.support.webhooks import LOCAL, PLAIN, Receiver

BODY = '{"specversion":"1.0","data":{"title":"水位 4.31"}}'.encode()


class Kit(Protocol):
    """A channel with a peer at its other end that does as it is told."""

    @property
    def channel(self) -> Channel: ...

    def consumer(self, number: int = 1) -> Consumer:
        """A consumer that the peer serves."""

    def unusable(self) -> list[Consumer]:
        """Consumers whose address can never work."""

    def unsigned(self) -> Consumer:
        """A consumer whose secret can never work."""

    def got(self, number: int = 1) -> list[tuple[str, bytes]]:
        """(id, body) of what the peer was sent for a consumer, repeats included."""

    def refuse(self) -> None:
        """From now on the peer does not accept."""

    def be_silent(self) -> None:
        """From now on the peer takes messages and says nothing."""

    def accept(self) -> None:
        """From now on the peer accepts."""

    async def go(self) -> None:
        """The peer cannot be reached any more."""

    async def come_back(self) -> None: ...


class WebhookKit:
    def __init__(self, channel: Webhook, receiver: Receiver) -> None:
        self.channel, self.receiver = channel, receiver

    def consumer(self, number: int = 1) -> Consumer:
        return Consumer(number, f"desk-{number}", self.receiver.url(f"/{number}"), "whsec_c2VjcmV0")

    def unusable(self) -> list[Consumer]:
        urls = ["", "desk", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http://[::", "http://127.0.0.1:x/"]
        urls += ["http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:99999/", "http://0.0.0.0/"]
        return [Consumer(1, "desk", url, "whsec_c2VjcmV0") for url in urls]

    def unsigned(self) -> Consumer:
        return Consumer(1, "desk", self.receiver.url(), "whsec_?")

    def got(self, number: int = 1) -> list[tuple[str, bytes]]:
        return [(got.id, got.body) for got in self.receiver.received if got.path == f"/{number}"]

    def refuse(self) -> None:
        self.receiver.answer = lambda got: 503

    def be_silent(self) -> None:
        self.receiver.answer = lambda got: None

    def accept(self) -> None:
        self.receiver.answer = lambda got: 204

    async def go(self) -> None:
        await self.receiver.stop()

    async def come_back(self) -> None:
        await self.receiver.start()


@asynccontextmanager
async def webhook_kit() -> AsyncIterator[WebhookKit]:
    async with Receiver() as receiver, open_webhook(LOCAL, PLAIN, timeout_s=0.5) as channel:
        yield WebhookKit(channel, receiver)


KITS: dict[str, Callable[[], AbstractAsyncContextManager[Kit]]] = {"webhook": webhook_kit}


@pytest.fixture(params=sorted(KITS))
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    async with KITS[request.param]() as made:
        yield made


async def test_what_is_accepted_arrived_byte_for_byte(kit: Kit) -> None:
    assert await kit.channel.send(kit.consumer(), "a.1", BODY) == Accepted()
    assert kit.got() == [("a.1", BODY)]


async def test_a_repetition_has_the_same_id(kit: Kit) -> None:
    kit.refuse()
    assert isinstance(await kit.channel.send(kit.consumer(), "a.1", BODY), TryAgain)
    kit.accept()
    assert await kit.channel.send(kit.consumer(), "a.1", BODY) == Accepted()
    assert {id_ for id_, _ in kit.got()} == {"a.1"}


async def test_a_peer_that_does_not_accept_is_tried_again_with_a_reason(kit: Kit) -> None:
    kit.refuse()
    answer = await kit.channel.send(kit.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.reason


async def test_a_silent_peer_is_tried_again(kit: Kit) -> None:
    kit.be_silent()
    async with asyncio.timeout(10):
        answer = await kit.channel.send(kit.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.reason


async def test_a_peer_that_is_gone_is_tried_again_and_found_when_it_is_back(kit: Kit) -> None:
    assert await kit.channel.send(kit.consumer(), "a.1", BODY) == Accepted()
    await kit.go()
    async with asyncio.timeout(10):
        answer = await kit.channel.send(kit.consumer(), "a.2", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.reason
    await kit.come_back()
    assert await kit.channel.send(kit.consumer(), "a.2", BODY) == Accepted()


async def test_an_address_that_cannot_work_is_tried_until_it_is_put_right(kit: Kit) -> None:
    for consumer in kit.unusable():
        answer = await kit.channel.send(consumer, "a.1", BODY)
        assert isinstance(answer, TryAgain), consumer
        assert answer.reason


async def test_a_secret_that_can_never_work_is_refused_with_a_reason(kit: Kit) -> None:
    answer = await kit.channel.send(kit.unsigned(), "a.1", BODY)
    assert isinstance(answer, Refused)
    assert answer.reason
    assert not answer.gone


async def test_many_at_once_and_none_mixed_up(kit: Kit) -> None:
    sent = [(number, f"{number}.{seq}", f"{number} {seq}".encode()) for number in range(1, 6) for seq in range(10)]
    answers = await asyncio.gather(*[kit.channel.send(kit.consumer(n), id_, body) for n, id_, body in sent])
    assert set(answers) == {Accepted()}
    for number in range(1, 6):
        assert sorted(kit.got(number)) == sorted((id_, body) for n, id_, body in sent if n == number)


async def test_it_goes_on_after_being_cancelled_under_way(kit: Kit) -> None:
    kit.be_silent()
    task = asyncio.create_task(kit.channel.send(kit.consumer(), "a.1", BODY), name="send")

    async def arrived() -> bool:
        return bool(kit.got())

    await eventually(arrived, "the message at the peer")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    kit.accept()
    assert await kit.channel.send(kit.consumer(), "a.1", BODY) == Accepted()


# What only a webhook does ------------------------------------------------------------------------------------------


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookKit]:
    async with webhook_kit() as made:
        yield made


async def test_a_webhook_is_signed_so_that_a_receiver_can_check_it(webhook: WebhookKit) -> None:
    webhook.channel._clock = lambda: 1_700_000_000.9
    await webhook.channel.send(webhook.consumer(), "a.1", BODY)
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
    assert await webhook.channel.send(webhook.consumer(), "a.1", BODY) == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_names_the_new_address(webhook: WebhookKit, status: int) -> None:
    webhook.receiver.answer = lambda got: status
    webhook.receiver.extra = "location: /2?from=hub\r\n"
    answer = await webhook.channel.send(webhook.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "moved"
    assert f"{status} Said: it has moved to {webhook.receiver.url('/2')};" in answer.reason
    assert webhook.got(2) == []


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("", "names no address"),
        ("https://u:s3cret@desk.example.org/", "u:***@desk.example.org/"),
        ("https://u:s3cret@desk.example.org/\x1b", "cannot be read"),
        ("https://u:s3cret/2@desk.example.org/", "cannot be read"),
    ],
)
async def test_a_redirect_tells_nothing_that_may_not_be_shown(webhook: WebhookKit, location: str, told: str) -> None:
    webhook.receiver.answer = lambda got: 308
    webhook.receiver.extra = f"location: {location}\r\n" if location else ""
    answer = await webhook.channel.send(webhook.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert told in answer.reason
    assert "s3cret" not in answer.reason
    assert answer.failure == "moved"
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
    answer = await webhook.channel.send(webhook.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert (answer.failure, answer.hold_s) == ("busy", hold_s)
    assert (f"{hold_s} s" in answer.reason) == bool(hold_s)


async def test_retry_after_of_another_status_is_no_pause(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 500
    webhook.receiver.extra = "retry-after: 120\r\n"
    answer = await webhook.channel.send(webhook.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.hold_s == 0


@pytest.mark.parametrize("login", ["hub:s3cret%40%2f", None])
async def test_a_login_is_sent_and_shown_nowhere(webhook: WebhookKit, login: str | None) -> None:
    webhook.receiver.answer = lambda got: 401
    consumer = replace(webhook.consumer(), login=login)
    answer = await webhook.channel.send(consumer, "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "login"
    sent = webhook.receiver.received[0].headers.get("authorization")
    assert sent == (f"Basic {base64.b64encode(b'hub:s3cret@/').decode()}" if login else None)
    assert "s3cret" not in f"{answer}{consumer}"


async def test_what_fails_below_http_is_sorted(webhook: WebhookKit) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2048)
        writer.write(b"220 mail.example.org ESMTP\r\n")
        await writer.drain()
        writer.close()

    async def failure(url: str) -> str:
        answer = await webhook.channel.send(replace(webhook.consumer(), url=url), "a.1", BODY)
        assert isinstance(answer, TryAgain), answer
        return answer.failure

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await failure(f"http://127.0.0.1:{port}/") == "protocol"
        assert await failure(f"https://127.0.0.1:{port}/") == "tls"
    assert await failure(f"http://127.0.0.1:{port}/") == "connection"
    assert await failure("http://no-such-host.invalid/") == "name"


async def test_an_endless_answer_is_not_read_to_its_end(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 500
    webhook.receiver.said = b"x\0" * 1_000_000
    answer = await webhook.channel.send(webhook.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert len(answer.reason) < 300
    assert "\0" not in answer.reason


async def test_an_answer_is_shown_without_control_characters(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 500
    webhook.receiver.said = "\x1b[31mgo\x07 \x9b31m\r\naway\u202e\u2028".encode()
    answer = await webhook.channel.send(webhook.consumer(), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.reason.isprintable()
    assert answer.reason.endswith("[31mgo 31m away")


async def test_a_url_that_cannot_be_read_is_not_shown(webhook: WebhookKit) -> None:
    url = "http://hub:s3cret/2@desk.example.org/"
    answer = await webhook.channel.send(replace(webhook.consumer(), url=url), "a.1", BODY)
    assert isinstance(answer, TryAgain)
    assert answer.failure == "address"
    assert "s3cret" not in answer.reason


@pytest.mark.parametrize(
    "kept", ["http://127.0.0.1:{port}/1#desk", "http://127.1:{port}/1", "http://127.0.0.1:{port}/1# a"]
)
async def test_an_address_that_was_taken_before_is_still_delivered_to(webhook: WebhookKit, kept: str) -> None:
    url = kept.format(port=httpx.URL(webhook.receiver.url()).port)
    assert await webhook.channel.send(replace(webhook.consumer(), url=url), "a.1", BODY) == Accepted()
    assert webhook.got() == [("a.1", BODY)]

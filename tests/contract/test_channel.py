"""What every way out of the hub must do. A further channel adds its kit below and passes the rest unchanged."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Protocol

import pytest

from api.push.channel import Accepted, Channel, Consumer, Refused, TryAgain
from api.push.signature import verify
from api.push.webhook import Webhook, open_webhook
from tests.support.process import eventually
from tests.support.webhooks import Receiver

BODY = '{"specversion":"1.0","data":{"title":"水位 4.31"}}'.encode()


class Kit(Protocol):
    """A channel with a peer at its other end that does as it is told."""

    @property
    def channel(self) -> Channel: ...

    def consumer(self, number: int = 1) -> Consumer:
        """A consumer that the peer serves."""

    def unusable(self) -> list[Consumer]:
        """Consumers whose address or secret can never work."""

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
        bad_secret = Consumer(1, "desk", self.receiver.url(), "whsec_?")
        return [*(Consumer(1, "desk", url, "whsec_c2VjcmV0") for url in urls), bad_secret]

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
    async with Receiver() as receiver, open_webhook(timeout_s=0.5) as channel:
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


async def test_what_can_never_work_is_refused_with_a_reason(kit: Kit) -> None:
    for consumer in kit.unusable():
        answer = await kit.channel.send(consumer, "a.1", BODY)
        assert isinstance(answer, Refused), consumer
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
        (302, TryAgain("answered 302 Said: thank you")),
        (400, TryAgain("answered 400 Said: thank you")),
        (410, Refused("answered 410 Said: thank you", gone=True)),
        (500, TryAgain("answered 500 Said: thank you")),
    ],
)
async def test_what_a_status_means(webhook: WebhookKit, status: int, expected: object) -> None:
    webhook.receiver.answer = lambda got: status
    assert await webhook.channel.send(webhook.consumer(), "a.1", BODY) == expected


async def test_redirects_are_not_followed(webhook: WebhookKit) -> None:
    webhook.receiver.answer = lambda got: 307
    webhook.receiver.extra = f"location: {webhook.receiver.url('/2')}\r\n"
    assert isinstance(await webhook.channel.send(webhook.consumer(), "a.1", BODY), TryAgain)
    assert webhook.got(2) == []


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
    assert isinstance(answer, Refused)
    assert "s3cret" not in answer.reason

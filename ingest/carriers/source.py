"""Pushes of platforms: submitted, held until they are committed, and only then answered.

A body that is trusted and cannot be read becomes a dead letter and is answered as taken: its sender would push it again
as it is, or count it against the hub.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from math import ceil

from devices.codecs.carriers.envelope import PUSH, Sent
from hub.errors import DecodeError
from hub.models import Delivery, Micros, Origin, Outcome, Raw
from hub.pipeline import Sink
from hub.words.sentence import Sentence
from ingest.carriers.meter import Meter
from ingest.carriers.platforms import Platform, Request
from ingest.carriers.subscription import Subscription

HELD = 1_000
"""Pushes held at one time; they protect nobody if they fill the memory."""
HELD_BYTES = 64 << 20
OriginOf = Callable[[str, str, str, str], Origin]
"""Of a subscription, a platform, a form and a device's address."""


class NotTakenError(Exception):
    """A push was not committed in time"""

    def __init__(self, sentence: Sentence, retry_after_s: int) -> None:
        super().__init__(sentence)
        self.sentence, self.retry_after_s = sentence, retry_after_s


class PushSource:
    """Submits the messages of pushes."""

    def __init__(self, sink: Sink, origin: OriginOf, trouble: Callable[[], list[str]], meter: Meter) -> None:
        """`trouble` tells why nothing can be committed now, if so."""
        self._sink, self._origin, self._trouble, self._meter = sink, origin, trouble, meter
        self._numbers = count()
        self._held: dict[int, int] = {}
        """Bytes of each push that is held."""
        self._bytes = 0
        self._last: Micros = 0
        self._closing = False

    def stop(self) -> None:
        """Stop taking pushes; those that are held are still answered."""
        self._closing = True

    async def take(self, platform: Platform, subscription: Subscription, request: Request) -> int:
        """Take a push; how many messages it was. NotTrustedError; NotTakenError when it is not committed in time."""
        try:
            content = platform.opened(subscription, request)
            sent = platform.messages(content)
        except DecodeError as error:
            return await self._submitted(platform, [self._unread(platform, subscription, request.body, error)])
        raws = [self._raw(platform, subscription, each) for each in sent]
        taken = await self._submitted(platform, raws) if raws else 0
        self._meter.heard(subscription.code, taken)
        return taken

    async def _submitted(self, platform: Platform, raws: Sequence[Raw]) -> int:
        if self._closing:
            raise NotTakenError(Sentence("refusal.push.stopping"), 2)
        if platform.repeats and (trouble := self._trouble()):
            raise NotTakenError(Sentence("refusal.push.trouble", why="; ".join(trouble)), 2)
        number, size = next(self._numbers), sum([len(raw.payload) for raw in raws])
        if len(self._held) >= HELD or self._bytes + size > HELD_BYTES:
            raise NotTakenError(Sentence("refusal.push.full"), 1)
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        async def settle(outcome: Outcome) -> None:
            self._release(number)
            if not result.done():
                result.set_result(outcome)

        self._held[number] = size
        self._bytes += size
        deadline = time.monotonic() + platform.hold_s
        try:
            async with asyncio.timeout(platform.hold_s):
                await self._sink.submit(Delivery(raws, settle))
        except TimeoutError:
            self._release(number)
            raise NotTakenError(Sentence("refusal.push.full"), 1) from None
        await asyncio.wait({result}, timeout=max(0.0, deadline - time.monotonic()))
        if not result.done():  # it stays submitted: what was received is committed as soon as that is possible
            raise NotTakenError(Sentence("refusal.push.late", seconds=f"{platform.hold_s:g}"), 5)
        if result.result().superseded:
            raise NotTakenError(Sentence("refusal.push.moved"), 1)
        return len(raws)

    def _release(self, number: int) -> None:
        self._bytes -= self._held.pop(number, 0)

    def _raw(self, platform: Platform, subscription: Subscription, sent: Sent) -> Raw:
        origin = self._origin(subscription.code, platform.name, sent.form, sent.address)
        return Raw(origin, sent.payload, self._now())

    def _unread(self, platform: Platform, subscription: Subscription, body: bytes, error: DecodeError) -> Raw:
        nobody = self._origin(subscription.code, platform.name, PUSH, "")
        return Raw(replace(nobody, fault=(error.reason, error.detail)), body, self._now())

    def _now(self) -> Micros:
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return self._last


def retry_after(error: NotTakenError) -> dict[str, str]:
    """The header of an answer 503."""
    return {"Retry-After": str(ceil(error.retry_after_s))}

"""Delivery worker: sends alert changes from the outbox to consumers, at least once, in order per alert."""

import asyncio
import logging
import math
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import uniform
from typing import Any

from api.push.channel import Accepted, Answer, Channel, Consumer, Delivery, Failure, Refused, Summary, TryAgain
from api.push.deliveries import Claimed, ClaimedDelivery, Deliveries
from api.push.http_call import HTTP_CALLS
from api.push.pace import Pace, PacedChannel, Plan, planned
from api.push.summaries import ClaimedSummary, Summaries
from api.push.windows import Room, Windows
from hub.backoff import Backoff
from hub.errors import HubError, TransientError
from hub.store.pool import Pool
from hub.words.sentence import Sentence

log = logging.getLogger(__name__)


GATHER_S = 0.01
"""After a delivery others end, too: one claim for all. 1,000 alerts at once took 6 s without, 2.4 s with it."""


SUMMARIES_AT_ONCE = 4
"""That are claimed together: what they name is read into memory, 2,000 changes took 60 ms."""
NOT_TAKEN: frozenset[Failure] = frozenset({"rejected", "defect"})
"""Failures of a summary as such: what it names is sent singly then, as a consumer knows it."""

NOT_THERE: frozenset[Failure] = frozenset({"connection", "timeout", "failing"})
"""Failures of the consumer as a whole, not of one alert: nothing is sent to it for a while."""


@dataclass(slots=True, frozen=True)
class Limits:
    """Concurrency and retry limits of a delivery worker."""

    at_once: int = HTTP_CALLS
    """Of all consumers; as many calls over HTTP (HTTP_CALLS) have room."""
    at_once_per_consumer: int = 16
    """Of one that answers (api/push/windows.py); one that fails is tried with a single delivery at a time."""
    lease_s: float = 30.0
    """Must be longer than a channel may take (10 s); after a kill -9 what was under way goes out again after it."""
    poll_s: float = 1.0
    waits_s: tuple[float, ...] = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
    """Before the second attempt, the third, ...; the last before each further one. A tenth more or less, at random."""
    holds_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0)
    """Of a consumer that is not there nothing at all is sent, after the first failure, the second, ...; then one
    delivery tries it. What is accepted ends it."""
    give_up_s: float = 86_400.0
    expire_every_s: float = 60.0


class DeliveryWorker:
    """Several may run on one database, in any number of processes; each claim belongs to one."""

    def __init__(
        self,
        pool: Pool,
        channels: Mapping[str, Channel],
        limits: Limits | None = None,
        page: str | None = None,
    ) -> None:
        """`channels` maps consumer kinds to channels; `page` is the address of the hub's page, for links."""
        self._deliveries, self._summaries = Deliveries(pool, page), Summaries(pool, page)
        self.channels = channels
        self._paced = {kind: each for kind, each in channels.items() if isinstance(each, PacedChannel)}
        self._limits = limits or Limits()
        self._windows = Windows(self._limits.at_once_per_consumer)
        self._failing: dict[int, set[Failure]] = {}
        """Consumers that do not accept, with the ways in which they failed since they last did."""
        self._holds: dict[int, tuple[int, float]] = {}
        """Consumers that are not there: how many holds they have had, and until when the last one is, monotonic."""
        self._defects: set[type[Exception]] = set()
        self._woken = asyncio.Event()
        self._more = True
        """Whether there may be more than further deliveries of consumers that take each by itself."""
        self._gathering: asyncio.TimerHandle | None = None
        self._stopping = False
        self._store = Backoff(log, "reading the outbox again")
        self._expired_at = 0.0

    def wake(self) -> None:
        """Poll now rather than within a second."""
        self._more = True
        self._woken.set()

    def _gathered(self) -> None:
        self._gathering = None
        self._woken.set()

    def stop(self) -> None:
        """Stop claiming; `run` returns once in-flight deliveries are settled, within about 10 s."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Deliver until `stop`."""
        looked = -math.inf
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._woken.clear()
                for delivery in await self._claim():
                    self._begin(group, delivery.consumer, self._deliver([delivery]), False)
                # What was put off becomes due while others go out, and nothing wakes for it.
                if self._more or time.monotonic() - looked >= self._limits.poll_s:
                    looked, self._more = time.monotonic(), False
                    await self._begin_others(group)
                # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the wake.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.poll_s):
                        await self._woken.wait()
                self._more |= not self._woken.is_set()

    async def _begin_others(self, group: asyncio.TaskGroup) -> None:
        """What is due for consumers that count messages, and summaries.

        Looked for once it may be there: in a storm of other deliveries each claim took as long as theirs.
        """
        for deliveries in await self._claim_paced():
            self._begin(group, deliveries[0].consumer, self._deliver_paced(deliveries), True)
        for summary in await self._claim_summaries():
            self._begin(group, summary.consumer, self._deliver_summary(summary), True)

    def _begin(self, group: asyncio.TaskGroup, consumer: Consumer, work: Coroutine[Any, Any, None], more: bool) -> None:
        """`more`: after it there may be another that is no single delivery."""
        self._windows.sent(consumer.id, time.monotonic())
        task = group.create_task(work, name=f"delivery.{consumer.code}")
        task.add_done_callback(lambda _: self._ended(consumer, more))

    def _ended(self, consumer: Consumer, more: bool) -> None:
        self._more |= more
        self._windows.ended(consumer.id)
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_S, self._gathered)

    async def _claim(self) -> list[ClaimedDelivery]:
        limits, windows = self._limits, self._windows
        free = limits.at_once - windows.total
        if free <= 0:
            return []
        more = windows.rooms(time.monotonic())
        more |= {consumer: max(0, 1 - windows.under_way(consumer)) for consumer in self._failing}
        rooms = {consumer: Room(room, windows.under_way(consumer)) for consumer, room in more.items()}
        deliveries: list[ClaimedDelivery] = []
        with self._reading():
            if time.monotonic() - self._expired_at >= limits.expire_every_s:
                await self._deliveries.expire(limits.give_up_s)
                self._expired_at = time.monotonic()
            deliveries = await self._deliveries.claim(free, windows.first, rooms, limits.lease_s, self._paced)
            self._store.succeeded()
        return deliveries

    async def _claim_paced(self) -> list[list[ClaimedDelivery]]:
        """What is due for consumers that count messages, by consumer; one claim of each at a time."""
        by_consumer: dict[int, list[ClaimedDelivery]] = {}
        if self._paced:
            with self._reading():
                room = max(channel.pace.group + channel.pace.burst for channel in self._paced.values())
                for each in await self._deliveries.claim_paced(
                    list(self._paced), room, self._windows.busy, self._limits.lease_s
                ):
                    by_consumer.setdefault(each.consumer.id, []).append(each)
        return list(by_consumer.values())

    async def _claim_summaries(self) -> list[ClaimedSummary]:
        """Summaries that are due; of a consumer one at a time."""
        if self._windows.total >= self._limits.at_once:
            return []
        with self._reading():
            return await self._summaries.claim(SUMMARIES_AT_ONCE, self._limits.lease_s, list(self._summarised()))
        return []

    def _summarised(self) -> set[int]:
        full = self._limits.at_once_per_consumer
        return {
            id_ for id_ in self._windows.busy if self._windows.under_way(id_) >= (1 if id_ in self._failing else full)
        }

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except TransientError as error:
            self._store.failed("cannot read the outbox: %s", error)

    async def _deliver_summary(self, claimed: ClaimedSummary) -> None:
        """Send a summary and note what became of it; one that is not taken as such is dissolved."""
        try:
            paced = self._paced.get(claimed.channel)
            if paced is not None and not await self._deliveries.take(claimed.consumer, 1, paced.pace):
                await self._deliveries.not_now([claimed], paced.pace.every_s)
                return
            started = time.monotonic()
            answer = await self._send(claimed, claimed.summary)
            took_ms = round((time.monotonic() - started) * 1000)
            self._observe(claimed.consumer, answer)
            if isinstance(answer, TryAgain | Refused) and answer.failure in NOT_TAKEN:
                await self._summaries.dissolve(claimed, Sentence("delivery.dissolved", reason=answer.reason))
            else:
                await self._settle(claimed, answer, took_ms)
        except TransientError as error:
            self._store.failed("deliveries cannot be noted and go out again: %s", error)
        except HubError as error:
            log.warning("summary %s is not settled and goes out again: %s", claimed.summary.id, error)

    async def _deliver(self, message: Sequence[ClaimedDelivery]) -> None:
        """Send a change, or a summary of several for one consumer, and note what became of each."""
        try:
            started = time.monotonic()
            answer = await self._send(message[0], _content(message))
            took_ms = round((time.monotonic() - started) * 1000)
            self._observe(message[0].consumer, answer)
            for delivery in message:
                await self._settle(delivery, answer, took_ms)
        except TransientError as error:
            self._store.failed("deliveries cannot be noted and go out again: %s", error)
        except HubError as error:
            log.warning("delivery %s is not settled and goes out again: %s", message[0].delivery.id, error)

    async def _deliver_paced(self, deliveries: list[ClaimedDelivery]) -> None:
        """First reds singly, then the others, singly or in a summary; what the receiver does not take now waits."""
        consumer, pace = deliveries[0].consumer, self._paced[deliveries[0].channel].pace
        first, then = await self._planned(deliveries, pace)
        await asyncio.gather(*[self._deliver(message) for message in first])
        if first and consumer.id in self._failing:
            await self._not_now([each for message in then for each in message], pace)
        else:
            await asyncio.gather(*[self._deliver(message) for message in then])

    async def _planned(
        self, deliveries: list[ClaimedDelivery], pace: Pace
    ) -> tuple[list[list[ClaimedDelivery]], list[list[ClaimedDelivery]]]:
        """Messages to send first, and those to send then; none while the store is away."""
        consumer = deliveries[0].consumer
        try:
            messages = await self._deliveries.take(consumer, pace.burst, pace)
            if consumer.id in self._failing:
                plan = Plan([0][:messages], [], [], [*range(min(1, messages), len(deliveries))])
            else:
                plan = planned([each.delivery for each in deliveries], messages, pace)
            await self._deliveries.take(consumer, plan.messages - messages, pace)
        except HubError as error:
            self._store.failed("deliveries go out later: %s", error)
            return [], []
        await self._not_now([deliveries[each] for each in plan.later], pace)
        first = [[deliveries[each]] for each in plan.reds]
        then = [[deliveries[each]] for each in plan.singles]
        return first, then + ([[deliveries[each] for each in plan.summary]] if plan.summary else [])

    async def _not_now(self, deliveries: list[ClaimedDelivery], pace: Pace) -> None:
        try:
            await self._deliveries.not_now(deliveries, pace.every_s)
        except HubError as error:
            self._store.failed("deliveries are given back by the end of their lease: %s", error)

    async def _send(self, claimed: Claimed, content: Delivery | Summary) -> Answer:
        channel = self.channels.get(claimed.channel)
        if channel is None:
            return TryAgain(Sentence("delivery.no_channel", channel=claimed.channel), "channel")
        try:
            if isinstance(content, Summary):
                return await channel.send_summary(claimed.consumer, content)
            return await channel.send(claimed.consumer, content)
        except Exception as error:
            if type(error) not in self._defects:  # its traceback tells as much the second time
                self._defects.add(type(error))
                log.exception("the channel %s failed on %s", claimed.channel, content.id)
            return TryAgain(Sentence("delivery.defect", error=type(error).__name__), "defect")

    def _observe(self, consumer: Consumer, answer: Answer) -> None:
        """Log once for each way in which a consumer fails, and once when it accepts again."""
        if isinstance(answer, Accepted):
            self._windows.accepted(consumer.id, time.monotonic())
            self._holds.pop(consumer.id, None)
            if self._failing.pop(consumer.id, None) is not None:
                log.warning("consumer %s accepts again", consumer.code)
            return
        self._windows.failed(consumer.id)
        failures = self._failing.setdefault(consumer.id, set())
        if answer.failure in failures:
            return
        failures.add(answer.failure)
        match answer:
            case Refused(gone=True):
                what = "is gone and is switched off"
            case Refused():
                what = "cannot be delivered to; what is for it is given up"
            case _:
                what = "does not accept"
        log.warning("consumer %s %s (%s): %s", consumer.code, what, answer.failure, answer.reason)

    async def _settle(self, delivery: Claimed, answer: Answer, took_ms: int) -> None:
        match answer:
            case Accepted(said, expected):
                await self._deliveries.delivered(delivery, said, took_ms, expected)
            case Refused(reason, gone=True):
                await self._deliveries.gone(delivery.consumer, reason)
            case Refused(reason, failure):
                await self._deliveries.give_up(delivery, reason, failure, took_ms)
            case TryAgain(reason, failure) if delivery.age_s >= self._limits.give_up_s:
                hours = f"{self._limits.give_up_s / 3600:g}"
                too_long = Sentence("delivery.too_long", hours=hours, reason=reason)
                await self._deliveries.give_up(delivery, too_long, failure, took_ms)
            case TryAgain(reason, failure, hold_s):
                wait_s = self._wait_s(delivery.attempts)
                hold_s = max(hold_s, self._hold_s(delivery.consumer, failure))
                await self._deliveries.later(delivery, wait_s, reason, failure, took_ms, hold_s)

    def _hold_s(self, consumer: Consumer, failure: Failure) -> float:
        """For how long a failed attempt holds its consumer; of those that were under way together one counts."""
        count, until = self._holds.get(consumer.id, (0, 0.0))
        if failure not in NOT_THERE or (now := time.monotonic()) < until:
            return 0.0
        hold_s = self._limits.holds_s[min(count, len(self._limits.holds_s) - 1)]
        self._holds[consumer.id] = count + 1, now + hold_s
        return hold_s

    def _wait_s(self, attempts: int) -> float:
        """Seconds until the next attempt; attempts are counted in the store across processes."""
        waits_s = self._limits.waits_s
        return waits_s[min(attempts, len(waits_s)) - 1] * uniform(0.9, 1.1)  # noqa: S311 not a secret


def _content(message: Sequence[ClaimedDelivery]) -> Delivery | Summary:
    """What is sent for these: one singly, several as a summary."""
    first = message[0].delivery
    return first if len(message) == 1 else Summary(first.id, first.at, [each.delivery for each in message])

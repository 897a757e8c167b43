"""The pipeline: bounded and ordered; each delivery is settled exactly once, after its commit."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import uuid4

from hub.backoff import Backoff
from hub.errors import PermanentError, Superseded, TransientError
from hub.models import Batch, DeadLetter, Delivery, Outcome, Raw, bytes_of, now_micros
from hub.repeats import outcome_of
from hub.stage import Stage, StaleDecision, run_steps
from hub.words.sentence import Sentence

log = logging.getLogger(__name__)

SLOW_COMMIT_S = 10.0
"""A commit that takes longer is told: the store may be locked."""

SUPPLIES = 3
"""How often what a batch needs is made before it is read for good: others may change what is allowed meanwhile."""


class Sink(Protocol):
    """Receives deliveries from sources."""

    @property
    def full(self) -> bool:
        """Whether a further delivery would have to wait."""

    async def submit(self, delivery: Delivery) -> None:
        """Submit a delivery; waits while the sink is full."""


@dataclass(slots=True, frozen=True)
class Limits:
    """Pipeline limits; they bound memory when the store is slower than the devices."""

    batch_messages: int = 20_000
    waiting_messages: int = 40_000
    waiting_bytes: int = 64 << 20
    linger_s: float = 0.02
    """How long the first message of a batch may wait for company."""
    retry_max_s: float = 5.0


Commit = Callable[[Batch], Awaitable[None]]
Restore = Callable[[Stage], Awaitable[None]]


class Pipeline:
    """Batches deliveries, runs the stages, commits, then settles.

    Stages that look `ahead` read a batch while the one before it is being committed; the others decide right before
    their own commit. After it each stage adopts the batch; one that fails to is restored before the next decision.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        commit: Commit,
        limits: Limits | None = None,
        store: str = "the store",
        supply: Callable[[Sequence[Batch]], Awaitable[bool]] | None = None,
        restore: Restore | None = None,
        letter: Callable[[Raw, str, str], DeadLetter] | None = None,
    ) -> None:
        """`store` names the committer in logs. `supply` creates what reading found missing; True: read again.

        `letter` makes the dead letter of a message, of what may be kept of it; left out, all of it is kept.
        """
        self._letter = letter or _whole_letter
        self._ahead = [stage for stage in stages if stage.ahead]
        self._deciding = [stage for stage in stages if not stage.ahead]
        self._stages, self._commit = stages, commit
        self._limits = limits or Limits()
        self._store_name, self._supply, self._restore = store, supply, restore
        self._broken: list[Stage] = []
        """Stages that failed to adopt a batch."""
        self._waiting: deque[Delivery] = deque()
        self._messages = 0
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._prepared: asyncio.Queue[tuple[list[Delivery], list[Batch]]] = asyncio.Queue(maxsize=1)
        self._under_way = 0
        """Batches that are prepared and not settled yet."""
        self._closing = False
        self.timer: Callable[[], Delivery] = _no_messages
        """Makes the delivery without messages that a due stage asks for; a source may settle it like its own."""
        self.turn = asyncio.Lock()
        """Held from a batch's decision to its settlement: who holds it may change what stages decide by."""
        longest_s = self._limits.retry_max_s
        self._backoff = Backoff(log, "%s is back", store, first_s=0.1, longest_s=longest_s)
        self._supplying = Backoff(log, "%s makes what messages need again", store, first_s=0.1, longest_s=longest_s)
        """Apart from that of commits: one may succeed while the other fails."""

    @property
    def down(self) -> bool:
        """Whether the store refuses to commit at the moment."""
        return self._backoff.down or self._supplying.down

    @property
    def full(self) -> bool:
        """Whether a further delivery would have to wait."""
        return not self._room.is_set()

    @property
    def idle(self) -> bool:
        """Whether everything submitted is settled."""
        return not self._messages

    async def submit(self, delivery: Delivery) -> None:
        """Submit a delivery; waits while the pipeline is full."""
        while not self._room.is_set():
            await self._room.wait()
        self._waiting.append(delivery)
        self._account(delivery, 1)
        self._arrived.set()

    def _account(self, delivery: Delivery, sign: int) -> None:
        self._messages += sign * len(delivery.raws)
        self._bytes += sign * bytes_of(delivery.raws)
        limits = self._limits
        if self._messages < limits.waiting_messages and self._bytes < limits.waiting_bytes:
            self._room.set()
        else:
            self._room.clear()

    async def run(self) -> None:
        """Run until `drain` was called and everything submitted is settled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._prepare(), name="pipeline.prepare")
            group.create_task(self._finish(), name="pipeline.finish")

    def drain(self) -> None:
        """Accept nothing more; `run` returns once everything waiting is settled."""
        self._closing = True
        self._arrived.set()

    async def _prepare(self) -> None:
        while (deliveries := await self._take()) is not None:
            now = now_micros()
            raws = [raw for delivery in deliveries for raw in delivery.raws]
            batches = await self._read_supplied(raws) or [Batch([])]
            # With the last part, so that a commit that is cut short is read again, not skipped.
            batches[-1].positions = [position for delivery in deliveries for position in delivery.positions]
            for batch in batches:
                batch.now = max([raw.carried or raw.received for raw in batch.raws], default=0)
            if not raws or (not self._waiting and not batches[-1].positions):
                batches[-1].now = max(batches[-1].now, now)
            self._under_way += 1
            await self._prepared.put((deliveries, batches))
        await self._prepared.put(([], []))

    async def _read_supplied(self, raws: list[Raw]) -> list[Batch]:
        """Like `_understand`, but creates what the stages found missing and reads again."""
        batches = await self._read_all(raws)
        for _ in range(SUPPLIES):
            again = asyncio.Event()
            if self._supply is None:
                break
            try:
                await self._until_done(partial(self._supplied, batches, again), self._supplying)
            except PermanentError as error:
                log.error("new series cannot be created, the messages are refused: %s", error)
                break
            if not again.is_set():
                break
            batches = await self._read_all(raws)
        return batches

    async def _supplied(self, batches: Sequence[Batch], again: asyncio.Event) -> None:
        if self._supply is not None and await self._supply(batches):
            again.set()

    def wake(self) -> None:
        """Ask the stages again when they are due: their state has changed without a batch."""
        self._arrived.set()

    async def _read_all(self, raws: list[Raw]) -> list[Batch]:
        """Like `_understand`, yielding between steps so that a running commit proceeds."""
        batch = Batch(raws)
        try:
            for stage in self._ahead:
                for _ in stage.steps(batch):
                    await asyncio.sleep(0)
        except Exception:  # noqa: BLE001 poison is whatever fails; reading it again singles it out
            return self._understand(raws)
        return [batch] if raws else []

    def _understand(self, raws: list[Raw]) -> list[Batch]:
        """Run the reading stages; a message that makes a stage fail is isolated and refused."""
        if not raws:
            return []
        batch = Batch(raws, now=max([raw.carried or raw.received for raw in raws]))
        try:
            for stage in self._ahead:
                run_steps(stage, batch)
        except Exception as error:  # noqa: BLE001 poison is whatever fails; it is logged once singled out
            if len(raws) == 1:
                return [self._poisonous(raws[0], error)]
            middle = len(raws) // 2
            return self._understand(raws[:middle]) + self._understand(raws[middle:])
        return [batch]

    async def _take(self) -> list[Delivery] | None:
        """Deliveries of the next batch; one without messages when a timer is due, None when drained."""
        while not self._waiting and not self._closing:
            self._arrived.clear()
            due = self._due_in()
            if due is not None and due <= 0:
                return [self.timer()]
            try:
                async with asyncio.timeout(due):
                    await self._arrived.wait()
            except TimeoutError:
                continue
        if self._waiting and not self._closing and self._messages < self._limits.batch_messages:
            await asyncio.sleep(self._limits.linger_s)
        taken: list[Delivery] = []
        messages = 0
        while self._waiting:
            messages += len(self._waiting[0].raws)
            if taken and messages > self._limits.batch_messages:  # one delivery is never parted
                break
            taken.append(self._waiting.popleft())
        return taken or None

    def _due_in(self) -> float | None:
        """Seconds until a stage's timer is due; None when none is, or while a batch is in flight."""
        if self._under_way:
            return None
        now = now_micros()
        wanted = [due for stage in self._deciding if (due := stage.due(now)) is not None]
        return (min(wanted) - now) / 1e6 if wanted else None

    async def _finish(self) -> None:
        while True:
            deliveries, batches = await self._prepared.get()
            if not batches:
                return
            async with self.turn:
                await self._finish_one(deliveries, batches)
            self._under_way -= 1
            self._arrived.set()  # it may have made a stage due

    async def _finish_one(self, deliveries: Sequence[Delivery], batches: Sequence[Batch]) -> None:
        """Commit and settle; nothing is committed for partitions taken over by another worker."""
        try:
            outcome = await self._store_all(batches)
        except Superseded as error:
            log.warning("%s; what was read from the log is dropped", error)
            for delivery in deliveries:
                if delivery.positions:
                    await self._settle(delivery, Outcome(superseded=True))
            rest = [delivery for delivery in deliveries if not delivery.positions]
            if rest:
                await self._finish_one(rest, self._understand([raw for delivery in rest for raw in delivery.raws]))
            return
        start = 0
        for delivery in deliveries:
            end = start + len(delivery.raws)
            await self._settle(delivery, outcome.part(start, end))
            start = end

    async def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Settle a delivery; a source that fails to is on its own: its sender delivers again, others go on."""
        try:
            await delivery.settle(outcome)
        except Exception:
            log.exception("a source failed to settle a committed delivery")
        finally:
            self._account(delivery, -1)

    async def _store_all(self, batches: Sequence[Batch]) -> Outcome:
        """Commit batches one after the other; the outcome is by index into all their raws."""
        outcome, start = Outcome(), 0
        for batch in batches:
            outcome = outcome.followed_by(await self._store(batch), start)
            start += len(batch.raws)
        return outcome

    async def _store(self, batch: Batch) -> Outcome:
        """Commit a batch, bisecting it on failure; returns the outcome of its messages."""
        await self._mend()
        try:
            await self._decide_and_commit(batch)
        except Superseded:
            raise
        except Exception as error:  # noqa: BLE001 as above
            if len(batch.raws) > 1:
                middle = len(batch.raws) // 2
                parts = self._understand(batch.raws[:middle]) + self._understand(batch.raws[middle:])
                parts[-1].positions = batch.positions
                return await self._store_all(parts)
            poisonous = self._poisonous(batch.raws[0], error) if batch.raws else self._nothing(error)
            poisonous.positions = batch.positions
            batch = poisonous
            await self._until_done(partial(self._commit, batch))
        for stage in self._stages:
            try:
                stage.adopt(batch)
            except Exception:
                log.exception("a committed batch could not be adopted: this state is read from the store again")
                self._broken.append(stage)
        return outcome_of(batch)

    async def _decide_and_commit(self, batch: Batch) -> None:
        """Commit what the stages decide; what one decided from an old state it decides again."""
        while True:
            for stage in self._deciding:
                run_steps(stage, batch)
            try:
                return await self._until_done(partial(self._commit, batch))
            except StaleDecision as error:
                log.info("%s: its stage is read from the store, and decides again", error)
                self._broken.append(error.stage)
                await self._mend()

    async def _mend(self) -> None:
        """Restore the stages that failed to adopt a batch; until it succeeds, for no message is to blame."""
        while self._broken:
            if self._restore is not None:
                await self._until_done(partial(self._restored, self._restore, self._broken[-1]))
            self._broken.pop()

    async def _restored(self, restore: Restore, stage: Stage) -> None:
        try:
            await restore(stage)
        except TransientError:
            raise
        except Exception as error:
            raise TransientError(f"the state of {type(stage).__name__} cannot be read: {error!r}") from error

    def _nothing(self, error: Exception) -> Batch:
        """An empty batch in place of one without messages that failed; what it decided is decided again."""
        log.error("a batch without messages failed, its stages are read from the store again: %r", error)
        self._broken += self._deciding
        return Batch([])

    def _poisonous(self, raw: Raw, error: Exception) -> Batch:
        """A batch containing one message as a dead letter; call it while handling the exception."""
        if isinstance(error, PermanentError):
            reason, detail = "store_refused", Sentence("refusal.store", error=error.detail)
        else:
            log.exception("the hub failed on a message from %s", raw.origin.address)
            reason, detail = "internal_error", Sentence("refusal.internal", error=repr(error))
        return Batch([raw], refused={0: self._letter(raw, reason, detail)})

    async def _until_done(self, work: Callable[[], Awaitable[None]], backoff: Backoff | None = None) -> None:
        """Do it, trying again while the store is away; nothing is settled meanwhile, so senders hold back."""
        backoff = backoff or self._backoff
        while True:
            slow = asyncio.get_running_loop().call_later(
                SLOW_COMMIT_S, self._hold_back, backoff, f"a commit has not ended for {SLOW_COMMIT_S:.0f} s"
            )
            try:
                await work()
            except TransientError as error:
                self._hold_back(backoff, str(error))
                await backoff.wait()
            else:
                backoff.succeeded()
                return
            finally:
                slow.cancel()

    def _hold_back(self, backoff: Backoff, why: str) -> None:
        backoff.failed("%s is down, holding back: %s", self._store_name, why)


def _no_messages() -> Delivery:
    async def settle(_: Outcome) -> None:
        """Nobody waits for it."""

    return Delivery([], settle)


def _whole_letter(raw: Raw, reason: str, detail: str) -> DeadLetter:
    return DeadLetter(uuid4(), raw, reason, detail)

"""The pipeline with a source and a store that fail as the test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from hub.errors import StoreRefused, StoreUnavailable, Superseded
from hub.models import Batch, DeadLetter, Delivery, Outcome, Position, Raw, now_micros
from hub.pipeline import Limits, Pipeline
from hub.stage import Stage
from tests.support.origins import raw_of
from tests.support.process import eventually

LIMITS = Limits(batch_messages=8, waiting_messages=16, waiting_bytes=1 << 20, linger_s=0, retry_max_s=0.01)


Step = Callable[[Batch], None]


class Reading(Stage):
    """Looks ahead: does what the test says, all of it in one step."""

    ahead = True

    def __init__(self, step: Step) -> None:
        self._step = step

    def steps(self, batch: Batch) -> Iterator[None]:
        self._step(batch)
        yield


class Deciding(Reading):
    """Decides right before the commit."""

    ahead = False


class Adopting(Stage):
    """Is told of commits."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def adopt(self, batch: Batch) -> None:
        self._step(batch)


class Bitwise(Stage):
    """Reads bit by bit."""

    ahead = True

    def __init__(self, steps: Callable[[Batch], Iterator[None]]) -> None:
        self._steps = steps

    def steps(self, batch: Batch) -> Iterator[None]:
        return self._steps(batch)


class Handled(int):
    """How many messages a stage has read."""


class World:
    """A store that commits, or does not, and sources that remember how they were settled."""

    def __init__(self, limits: Limits = LIMITS, read: Step | None = None, decide: Step | None = None) -> None:
        self.committed: list[Batch] = []
        self.settled: dict[str, list[Outcome]] = {}
        self.told: list[str] = []
        """What happened in which order: commit, adopt, settle."""
        self.away = asyncio.Event()
        self.back = asyncio.Event()
        self.back.set()
        self.attempts = 0
        self.refuses: Callable[[bytes], bool] = lambda payload: False
        nothing: Step = lambda batch: None  # noqa: E731 two words
        stages = [Reading(read or nothing), Deciding(decide or nothing), Adopting(self.adopt)]
        self.pipeline = Pipeline(stages, self.commit, limits)

    async def commit(self, batch: Batch) -> None:
        self.attempts += 1
        if not self.back.is_set():
            self.away.set()
            raise StoreUnavailable("away")
        await asyncio.sleep(0)
        if not batch.refused and any(self.refuses(raw.payload) for raw in batch.raws):
            raise StoreRefused("no such thing")
        self.committed.append(batch)
        self.told.append("commit")

    def adopt(self, batch: Batch) -> None:
        assert batch is self.committed[-1]
        self.told.append("adopt")

    def delivery(self, name: str, *payloads: bytes) -> Delivery:
        async def settle(outcome: Outcome) -> None:
            stored = {raw.payload for batch in self.committed for raw in batch.raws}
            assert set(payloads) <= stored, "settled before it was committed"
            self.settled.setdefault(name, []).append(outcome)
            self.told.append("settle")

        return Delivery([raw_of("test", name, payload, at) for at, payload in enumerate(payloads)], settle)

    async def submit(self, *payloads: bytes) -> None:
        """Each a delivery of its own."""
        for payload in payloads:
            await self.pipeline.submit(self.delivery(payload.decode(), payload))

    async def tried(self, times: int) -> None:
        """Wait until a commit was attempted that often."""

        async def enough() -> bool:
            return self.attempts >= times

        await eventually(enough, f"{times} attempts to commit")

    def refused(self) -> dict[str, str]:
        """Reason by name of delivery, of deliveries of one message."""
        return {name: one.refused[0].reason for name, [one] in self.settled.items() if one.refused}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At the end it drains."""
        task = asyncio.create_task(self.pipeline.run(), name="pipeline")
        async with asyncio.timeout(20):
            yield
            self.pipeline.drain()
            await task


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


async def test_each_delivery_is_settled_once_after_its_commit() -> None:
    world = World()
    async with world.running():
        await world.submit(*numbers(50))
    assert world.settled == {str(number): [Outcome()] for number in range(50)}
    assert [raw.payload for batch in world.committed for raw in batch.raws] == numbers(50)
    assert max(len(batch.raws) for batch in world.committed) <= 8


async def test_stages_are_told_of_the_commit_before_the_sender() -> None:
    world = World()
    async with world.running():
        await world.submit(b"1")
    assert world.told == ["commit", "adopt", "settle"]


async def test_while_the_store_is_away_nothing_is_settled_and_it_tries_on() -> None:
    world = World()
    world.back.clear()
    async with world.running():
        await world.submit(b"1", b"2")
        await world.tried(3)
        assert world.pipeline.down
        assert world.settled == {}
        world.back.set()
    assert not world.pipeline.down
    assert world.settled == {"1": [Outcome()], "2": [Outcome()]}


@pytest.mark.parametrize("poison", [[0], [3], [7], [2, 5], list(range(8))])
async def test_what_the_store_refuses_is_singled_out_and_the_rest_is_stored(poison: list[int]) -> None:
    world = World()
    bad = {b"%d" % number for number in poison}
    world.refuses = lambda payload: payload in bad
    await world.submit(*numbers(8))
    async with world.running():
        pass
    assert world.refused() == {str(number): "store_refused" for number in poison}
    stored = [raw.payload for batch in world.committed if not batch.refused for raw in batch.raws]
    assert stored == [payload for payload in numbers(8) if payload not in bad]
    letters = [batch.refused[0] for batch in world.committed if batch.refused]
    assert [(letter.raw.payload, letter.detail) for letter in letters] == [
        (b"%d" % number, "The database refuses this content: no such thing") for number in poison
    ]


async def test_in_a_delivery_of_several_messages_the_outcome_names_the_refused_by_index() -> None:
    world = World()
    world.refuses = lambda payload: payload == b"bad"
    await world.pipeline.submit(world.delivery("first", b"a", b"b"))
    await world.pipeline.submit(world.delivery("second", b"c", b"bad", b"d"))
    async with world.running():
        pass
    assert world.settled["first"] == [Outcome()]
    assert list(world.settled["second"][0].refused) == [1]


def failing_on(poison: bytes) -> Step:
    def stage(batch: Batch) -> None:
        if any(raw.payload == poison for raw in batch.raws):
            raise ValueError("a mistake of the hub")

    return stage


@pytest.mark.parametrize("place", ["read", "decide"])
async def test_a_message_on_which_a_stage_fails_is_refused_and_the_rest_is_stored(place: str) -> None:
    stage = failing_on(b"5")
    world = World(read=stage) if place == "read" else World(decide=stage)
    await world.submit(*numbers(8))
    async with world.running():
        await world.submit(b"later")
    assert world.refused() == {"5": "internal_error"}
    assert set(world.settled) == {*(str(number) for number in range(8)), "later"}


async def test_a_commit_that_fails_in_an_unforeseen_way_is_poison_too() -> None:
    world = World()

    def overflow(payload: bytes) -> bool:
        if payload == b"2":
            raise OverflowError("year 300000")
        return False

    world.refuses = overflow
    await world.submit(*numbers(4))
    async with world.running():
        pass
    assert world.refused() == {"2": "internal_error"}


async def test_reading_stages_run_again_on_the_parts_of_a_refused_batch() -> None:
    def understand(batch: Batch) -> None:
        batch.put(Handled(len(batch.raws)))

    world = World(read=understand)
    world.refuses = lambda payload: payload == b"1"
    await world.submit(*numbers(3))
    async with world.running():
        pass
    assert [(len(batch.raws), batch.of(Handled), len(batch.refused)) for batch in world.committed] == [
        (1, 1, 0), (1, 0, 1), (1, 1, 0)
    ]  # fmt: skip


async def test_a_source_that_cannot_settle_does_not_stop_the_others() -> None:
    async def gone(outcome: Outcome) -> None:
        raise ConnectionError("the device hung up")

    world = World()
    async with world.running():
        for _ in range(20):
            await world.pipeline.submit(Delivery([raw_of("test", "a", b"x", 0)], gone))
        await world.submit(b"1")
    assert world.settled == {"1": [Outcome()]}


async def test_an_empty_delivery_is_settled() -> None:
    def always(batch: Batch) -> None:
        raise ValueError

    world = World(read=always)
    async with world.running():
        await world.pipeline.submit(world.delivery("empty"))
    assert world.settled == {"empty": [Outcome()]}


async def test_a_batch_is_no_larger_than_its_limit_but_for_a_delivery_that_is() -> None:
    world = World(replace(LIMITS, waiting_messages=100))
    for name, size in (("a", 3), ("b", 3), ("c", 3), ("d", 9), ("e", 8)):
        await world.pipeline.submit(world.delivery(name, *[b"x"] * size))
    async with world.running():
        pass
    assert [len(batch.raws) for batch in world.committed] == [6, 3, 9, 8]


@pytest.mark.parametrize(
    ("limits", "payload", "fit"),
    [
        (Limits(batch_messages=8, waiting_messages=16, linger_s=0, retry_max_s=0.01), b"x", 16),
        (Limits(batch_messages=8, waiting_bytes=1000, linger_s=0, retry_max_s=0.01), b"x" * 100, 10),
    ],
    ids=["messages", "bytes"],
)
async def test_a_full_pipeline_makes_sources_wait(limits: Limits, payload: bytes, fit: int) -> None:
    world = World(limits)
    world.back.clear()
    taken = 0

    async def source() -> None:
        nonlocal taken
        for number in range(fit + 5):
            await world.pipeline.submit(world.delivery(str(number), payload))
            taken += 1

    async with world.running():
        feeding = asyncio.create_task(source(), name="source")
        await world.tried(5)
        assert taken == fit
        assert world.pipeline.full
        world.back.set()
        await feeding
    assert len(world.settled) == fit + 5
    assert not world.pipeline.full


async def test_many_sources_that_wait_do_not_all_rush_in_at_once() -> None:
    world = World()
    world.back.clear()
    most = 0

    async def source(number: int) -> None:
        nonlocal most
        await world.pipeline.submit(world.delivery(str(number), b"%d" % number))
        most = max(most, world.pipeline._messages)

    async with world.running():
        feeding = [asyncio.create_task(source(number), name=f"source {number}") for number in range(100)]
        await world.away.wait()
        world.back.set()
        await asyncio.gather(*feeding)
    assert most <= 16
    assert len(world.settled) == 100


async def test_draining_finishes_what_was_taken_and_waits_for_the_store() -> None:
    world = World()
    world.back.clear()
    await world.submit(*numbers(16))
    task = asyncio.create_task(world.pipeline.run(), name="pipeline")
    await world.away.wait()
    world.pipeline.drain()
    await world.tried(world.attempts + 3)
    assert not task.done()
    world.back.set()
    async with asyncio.timeout(20):
        await task
    assert len(world.settled) == 16


async def test_an_idle_pipeline_drains_at_once() -> None:
    world = World()
    async with world.running():
        pass
    assert world.attempts == 0


async def test_a_hard_stop_settles_nothing_that_is_not_committed() -> None:
    world = World()
    world.back.clear()
    await world.submit(*numbers(3))
    task = asyncio.create_task(world.pipeline.run(), name="pipeline")
    await world.away.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.settled == {}


async def test_what_another_worker_took_over_is_dropped_and_the_rest_is_stored() -> None:
    """A batch holds what two sources handed over; only one of them reads from a log."""
    world = World()
    commit = world.commit

    async def fenced(batch: Batch) -> None:
        if batch.positions:
            raise Superseded("t 0 is not at 5 any more")
        await commit(batch)

    world.pipeline._commit = fenced
    outcomes: list[Outcome] = []

    async def settle(outcome: Outcome) -> None:
        outcomes.append(outcome)

    log = Delivery([raw_of("kafka", "t/a", b"log", 1)], settle, (Position("t", 0, 5, 6),))
    await world.pipeline.submit(log)
    await world.submit(b"1", b"2")
    async with world.running():
        pass
    assert outcomes == [Outcome(superseded=True)]
    assert world.settled == {"1": [Outcome()], "2": [Outcome()]}
    assert [raw.payload for batch in world.committed for raw in batch.raws] == [b"1", b"2"]


async def test_nothing_is_decided_while_somebody_else_has_the_turn() -> None:
    decided: list[Batch] = []
    world = World(decide=decided.append)
    async with world.running():
        await world.pipeline.turn.acquire()
        await world.submit(b"1")
        await eventually(_prepared(world), "the batch is prepared")
        assert decided == []
        world.pipeline.turn.release()
    assert len(decided) == 1


def _prepared(world: World) -> Callable[[], Awaitable[bool]]:
    async def taken() -> bool:
        return not world.pipeline._waiting

    return taken


async def test_a_commit_that_does_not_end_is_told_and_one_that_ends_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hub.pipeline.SLOW_COMMIT_S", 0.01)
    locked = asyncio.Event()

    async def commit(_batch: Batch) -> None:
        await locked.wait()

    async def settle(_outcome: Outcome) -> None:
        pipeline.drain()

    pipeline = Pipeline([], commit)
    running = asyncio.create_task(pipeline.run())
    await pipeline.submit(Delivery([raw_of("t", "a", b"", 1)], settle))

    async def told() -> bool:
        return pipeline.down

    await eventually(told, "the slow commit is told")
    locked.set()
    await running
    assert not pipeline.down
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_what_cannot_be_noted_is_settled(caplog: pytest.LogCaptureFixture) -> None:
    settled = []

    async def commit(_batch: Batch) -> None:
        await asyncio.sleep(0)

    async def settle(outcome: Outcome) -> None:
        settled.append(outcome)
        pipeline.drain()

    def broken(_batch: Batch) -> None:
        raise KeyError("bug")

    pipeline = Pipeline([Adopting(broken)], commit)
    await pipeline.submit(Delivery([raw_of("t", "a", b"", 1)], settle))
    await pipeline.run()
    assert len(settled) == 1
    assert "could not be adopted" in caplog.text


async def test_a_commit_goes_on_between_the_steps_of_the_next_batch() -> None:
    parts_sent, seen = 0, list[int]()

    def read(batch: Batch) -> Iterator[None]:
        for _ in range(50):
            if batch.raws[0].payload == b"second":
                seen.append(parts_sent)
            yield

    async def commit(_batch: Batch) -> None:
        nonlocal parts_sent
        for _ in range(50):
            await asyncio.sleep(0)
            parts_sent += 1

    async def settle(_outcome: Outcome) -> None:
        """Nobody waits."""

    pipeline = Pipeline([Bitwise(read)], commit, limits=Limits(batch_messages=1, linger_s=0))
    for payload in (b"first", b"second"):
        await pipeline.submit(Delivery([raw_of("t", "a", payload, 1)], settle))
    pipeline.drain()
    await pipeline.run()
    assert seen[0] < 10, "the second batch is read while the first is being committed"
    assert seen[-1] > 40, "and the first one's commit does not stand still meanwhile"


async def test_a_step_that_fails_has_its_message_singled_out() -> None:
    settled: list[Outcome] = []

    def read(batch: Batch) -> Iterator[None]:
        for raw in batch.raws:
            yield
            if raw.payload == b"bad":
                raise KeyError("bug")

    async def commit(_batch: Batch) -> None:
        await asyncio.sleep(0)

    async def settle(outcome: Outcome) -> None:
        settled.append(outcome)

    pipeline = Pipeline([Bitwise(read)], commit)
    raws = [raw_of("t", "a", payload, at) for at, payload in enumerate((b"1", b"2", b"bad", b"4"))]
    await pipeline.submit(Delivery(raws, settle))
    pipeline.drain()
    await pipeline.run()
    assert [sorted(outcome.refused) for outcome in settled] == [[2]]


class Alarm(Stage):
    """Wants a batch without messages at a time."""

    def __init__(self, at: int | None) -> None:
        self.at = at
        self.decided: list[tuple[int, int]] = []

    def steps(self, batch: Batch) -> Iterator[None]:
        self.decided.append((len(batch.raws), batch.now))
        yield

    def adopt(self, batch: Batch) -> None:
        if self.at is not None and batch.now >= self.at:
            self.at = None

    def due(self, now: int) -> int | None:
        return self.at

    async def over(self) -> bool:
        return self.at is None


async def test_a_stage_that_is_due_gets_a_batch_without_messages_once() -> None:
    alarm, committed = Alarm(now_micros() + 30_000), asyncio.Event()

    async def commit(batch: Batch) -> None:
        assert not batch.raws
        committed.set()

    pipeline = Pipeline([alarm], commit, LIMITS)
    running = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(20):
        await committed.wait()
        pipeline.drain()
        await running
    assert [messages for messages, _ in alarm.decided] == [0]


async def test_a_source_whose_partition_has_gone_hears_that_a_batch_without_messages_was_not_committed() -> None:
    alarm, outcomes, heard = Alarm(now_micros()), list[Outcome](), asyncio.Event()

    async def settle(outcome: Outcome) -> None:
        outcomes.append(outcome)
        alarm.at = None
        heard.set()

    async def fenced(batch: Batch) -> None:
        assert batch.positions == [Position("t", 0, 5, 5, 3)]
        raise Superseded("t 0 has a newer claim")

    pipeline = Pipeline([alarm], fenced, LIMITS)
    pipeline.timer = lambda: Delivery([], settle, (Position("t", 0, 5, 5, 3),))
    running = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(20):
        await heard.wait()
        pipeline.drain()
        await running
    assert outcomes == [Outcome(superseded=True)]
    [(messages, now)] = alarm.decided
    assert not messages
    assert now, "so late it is, though a log has positions"


async def test_a_stage_that_becomes_due_without_a_batch_is_asked_again_when_woken() -> None:
    alarm, asked = Alarm(None), asyncio.Event()

    class Asked(Stage):
        def due(self, now: int) -> int | None:
            asked.set()
            return None

    async def commit(batch: Batch) -> None:
        assert not batch.raws

    pipeline = Pipeline([Asked(), alarm], commit, LIMITS)
    running = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(20):
        await asked.wait()  # it waits for a message now, without an end
        await asyncio.sleep(0)
        alarm.at = now_micros()
        pipeline.wake()
        await eventually(alarm.over, "the stage has had its batch")
        pipeline.drain()
        await running
    assert [messages for messages, _ in alarm.decided] == [0]


async def test_what_waits_is_decided_before_a_stage_that_is_due() -> None:
    alarm, settled = Alarm(now_micros() - 1), asyncio.Event()

    async def commit(batch: Batch) -> None:
        await asyncio.sleep(0)

    async def settle(_outcome: Outcome) -> None:
        settled.set()

    pipeline = Pipeline([alarm], commit, LIMITS)
    for at in (1, 2):
        await pipeline.submit(Delivery([raw_of("t", "a", b"", at)] * 8, settle))
    running = asyncio.create_task(pipeline.run())
    async with asyncio.timeout(20):
        await settled.wait()
        await eventually(alarm.over, "the stage has had its batch")
        pipeline.drain()
        await running
    assert [messages for messages, _ in alarm.decided][:2] == [8, 8]
    assert alarm.decided[0][1] == 1, "more waits: only what was received until then is known"


async def test_a_stage_that_fails_to_adopt_is_restored_before_the_next_decision() -> None:
    told: list[str] = []

    class Fragile(Stage):
        def steps(self, batch: Batch) -> Iterator[None]:
            told.append("decide")
            yield

        def adopt(self, batch: Batch) -> None:
            told.append("adopt")
            if told.count("adopt") == 1:
                raise KeyError("the store holds something else")

    away = [StoreUnavailable("away"), None]

    async def restore(stage: Stage) -> None:
        assert isinstance(stage, Fragile)
        if (error := away.pop(0)) is not None:
            raise error
        told.append("restore")

    async def commit(batch: Batch) -> None:
        await asyncio.sleep(0)

    async def settle(_outcome: Outcome) -> None:
        told.append("settle")

    limits = Limits(batch_messages=1, linger_s=0, retry_max_s=0.01)
    pipeline = Pipeline([Fragile()], commit, limits, restore=restore)
    for at in (1, 2):
        await pipeline.submit(Delivery([raw_of("t", "a", b"", at)], settle))
    pipeline.drain()
    async with asyncio.timeout(20):
        await pipeline.run()
    assert told == ["decide", "adopt", "settle", "restore", "decide", "adopt", "settle"]


async def test_a_stage_that_cannot_be_restored_costs_no_message() -> None:
    """Whatever its restore raises: the messages wait."""
    told: list[str] = []

    class Fragile(Stage):
        def adopt(self, batch: Batch) -> None:
            told.append("adopt")
            if len(told) == 1:
                raise KeyError("bug")

    errors: list[Exception] = [KeyError("a zone that is none"), StoreRefused("no such column")]

    async def restore(stage: Stage) -> None:
        if errors:
            raise errors.pop()
        told.append("restore")

    async def commit(batch: Batch) -> None:
        assert not batch.refused

    async def settle(outcome: Outcome) -> None:
        assert not outcome.refused
        told.append("settle")

    limits = Limits(batch_messages=1, linger_s=0, retry_max_s=0.01)
    pipeline = Pipeline([Fragile()], commit, limits, restore=restore)
    for at in (1, 2):
        await pipeline.submit(Delivery([raw_of("t", "a", b"", at)], settle))
    pipeline.drain()
    async with asyncio.timeout(20):
        await pipeline.run()
    assert told == ["adopt", "settle", "restore", "adopt", "settle"]


async def test_a_batch_without_messages_that_fails_stops_nothing() -> None:
    restored, refusals = list[Stage](), [StoreRefused("what the timer has decided")]

    async def restore(stage: Stage) -> None:
        restored.append(stage)
        alarm.at = None

    async def commit(batch: Batch) -> None:
        if refusals:
            raise refusals.pop()

    class Adopts(Alarm):
        def adopt(self, batch: Batch) -> None:
            """It is due until it is restored."""

    alarm = Adopts(now_micros() - 1)
    pipeline = Pipeline([alarm], commit, LIMITS, restore=restore)
    running = asyncio.create_task(pipeline.run())

    async def mended() -> bool:
        return bool(restored)

    async with asyncio.timeout(20):
        await eventually(mended, "it is restored")
        pipeline.drain()
        await running
    assert restored == [alarm]


async def test_of_a_poisonous_message_only_what_may_be_kept_is_kept() -> None:
    kept: list[bytes] = []

    def letter(raw: Raw, reason: str, detail: str) -> DeadLetter:
        return DeadLetter(uuid4(), raw._replace(payload=b""), reason, detail)

    async def commit(batch: Batch) -> None:
        if not batch.refused:
            raise StoreRefused("no")
        kept.extend(one.raw.payload for one in batch.refused.values())

    async def settle(outcome: Outcome) -> None:
        assert list(outcome.refused) == [0]

    pipeline = Pipeline([], commit, LIMITS, letter=letter)
    await pipeline.submit(Delivery([raw_of("t", "a", b'{"face_id": 1}', 1)], settle))
    pipeline.drain()
    async with asyncio.timeout(20):
        await pipeline.run()
    assert kept == [b""]
